// redis_connection: commands to a Redis server, and what it answers.
#pragma once

#include <host/feeds/address.hpp>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct redisContext;

namespace prorata::feeds {

/// What a server answers: nothing, a text (also of a number), or a list of answers.
struct redis_answer {
  bool is_nothing = true;
  std::string text;
  std::vector<redis_answer> list;
};

/// An entry of a stream: its id and its fields, in their order.
struct redis_entry {
  std::string id;
  std::vector<std::pair<std::string, std::string>> fields;
  /// The value of a field; null where there is none.
  std::string const* field(std::string_view name) const;
};

///   throws  communication_error: no server, an answer that is an error, one that does not come within 30 s
class redis_connection {
 public:
  explicit redis_connection(address const& where);
  ~redis_connection();

  redis_answer command(std::initializer_list<std::string_view> words);
  /// Entries of the stream: what XRANGE, XREVRANGE or the list of a stream in XREAD answered.
  std::vector<redis_entry> entries(redis_answer answer) const;

  std::string const& name() const { return name_; }
  /// Where something is not as it should be.
  [[noreturn]] void fail(std::string const& what) const;

 private:
  struct closer {
    void operator()(redisContext* context) const;
  };
  std::string name_;
  std::unique_ptr<redisContext, closer> context_;
};

}  // namespace prorata::feeds
