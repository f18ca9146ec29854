// redis_sink: results as entries of a Redis stream, each of them once.
#pragma once

#include <host/feeds/redis_connection.hpp>
#include <prorata/config.hpp>

namespace prorata::feeds {

/// Appends results to a stream of its own. An entry has the fields header (the columns), lines (some results), and job;
/// the last one, when the input has ended, has end instead of lines. An entry's id is 0-N where N results stand in the
/// stream with it. So a job that was killed finds out from the last id what it had written, the results that it finds
/// again are not written again, and the server itself refuses what would be written twice.
///   throws  communication_error; input_error: the stream has entries that are not of this job
class redis_sink {
 public:
  /// header  the columns of results
  /// job     a text that results depend on, to compare
  /// goes_on whether entries may be there: of this job
  redis_sink(address const& where, std::string header, std::string job, bool goes_on);

  /// Goes on behind so many results, which must be there.
  void go_to(index_t results);
  /// One more result, with its line's end.
  void add(std::string_view line);
  /// All of them are in the stream afterwards.
  void flush();
  /// There will be no more of them.
  void end();

  std::string const& name() const { return server_.name(); }

 private:
  void append(index_t number, std::string_view field, std::string_view value);

  redis_connection server_;
  std::string stream_, header_, job_, text_;
  index_t there_ = 0;  // results in the stream
  index_t given_ = 0;  // results that were given here
  bool ended_ = false;
};

}  // namespace prorata::feeds
