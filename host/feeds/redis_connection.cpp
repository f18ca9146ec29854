// hiredis, wrapped.
#include <hiredis/hiredis.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <host/feeds/redis_connection.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>

namespace prorata::feeds {

namespace {

redis_answer copied(redisReply const& reply) {
  redis_answer answer{reply.type == REDIS_REPLY_NIL, {}, {}};
  if (reply.type == REDIS_REPLY_INTEGER) answer.text = std::to_string(reply.integer);
  if (reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS)
    answer.text.assign(reply.str, static_cast<std::size_t>(reply.len));
  if (reply.type == REDIS_REPLY_ARRAY)
    for (std::size_t k = 0; k < reply.elements; ++k) answer.list.push_back(copied(*reply.element[k]));
  return answer;
}

}  // namespace

std::string const* redis_entry::field(std::string_view name) const {
  auto const found =
      std::find_if(fields.begin(), fields.end(), [&](auto const& f) { return f.first == name; });
  return found == fields.end() ? nullptr : &found->second;
}

void redis_connection::closer::operator()(redisContext* context) const { redisFree(context); }

redis_connection::redis_connection(address const& where)
    : name_("redis://" + io::printable(where.host, 100) + ":" + where.port + "/" +
            io::printable(where.name, 100)) {
  context_.reset(redisConnectWithTimeout(where.host.c_str(), std::stoi(where.port), timeval{10, 0}));
  if (!context_) throw std::bad_alloc();
  if (context_->err != 0) fail(std::string("cannot connect: ") + context_->errstr);
  redisSetTimeout(context_.get(), timeval{30, 0});
  redisEnableKeepAlive(context_.get());
}
redis_connection::~redis_connection() = default;

void redis_connection::fail(std::string const& what) const { throw communication_error(name_ + ": " + what); }

redis_answer redis_connection::command(std::initializer_list<std::string_view> words) {
  std::vector<char const*> texts;
  std::vector<std::size_t> sizes;
  for (auto const word : words) texts.push_back(word.data()), sizes.push_back(word.size());
  struct freer {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  std::unique_ptr<redisReply, freer> const reply(static_cast<redisReply*>(
      redisCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(), sizes.data())));
  if (!reply) {
    bool const late = context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
    fail(late ? "the server does not answer" : std::string("the connection is lost: ") + context_->errstr);
  }
  if (reply->type == REDIS_REPLY_ERROR)
    fail("the server says: " + io::printable({reply->str, static_cast<std::size_t>(reply->len)}, 200));
  return copied(*reply);
}

std::vector<redis_entry> redis_connection::entries(redis_answer answer) const {
  std::vector<redis_entry> found;
  for (auto& of_entry : answer.list) {
    if (of_entry.list.size() != 2) fail("the answer is no list of entries");
    redis_entry entry{std::move(of_entry.list[0].text), {}};
    auto& texts = of_entry.list[1].list;
    for (std::size_t k = 0; k + 1 < texts.size(); k += 2)
      entry.fields.emplace_back(std::move(texts[k].text), std::move(texts[k + 1].text));
    found.push_back(std::move(entry));
  }
  return found;
}

}  // namespace prorata::feeds
