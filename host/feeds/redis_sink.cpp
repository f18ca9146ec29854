// Entries that are numbered by the results before them.
#include <charconv>
#include <host/feeds/redis_sink.hpp>
#include <prorata/error.hpp>

namespace prorata::feeds {

redis_sink::redis_sink(address const& where, std::string header, std::string job, bool goes_on)
    : server_(where), stream_(where.name), header_(std::move(header)), job_(std::move(job)) {
  auto const last = server_.entries(server_.command({"XREVRANGE", stream_, "+", "-", "COUNT", "1"}));
  if (last.empty()) return;
  auto const& entry = last.front();
  auto const* of = entry.field("job");
  if (of == nullptr || *of != job_ || !entry.id.starts_with("0-"))
    throw input_error(name() + ": the stream has entries of somebody else; name another");
  if (!goes_on)
    throw input_error(name() +
                      ": the stream has results already; name another, or go on with them: --checkpoint");
  std::from_chars(entry.id.data() + 2, entry.id.data() + entry.id.size(), there_);
  ended_ = entry.field("end") != nullptr;
  if (ended_) --there_;
}

void redis_sink::go_to(index_t results) {
  if (results > there_)
    throw input_error(name() + ": the stream has " + std::to_string(there_) +
                      " results, and the checkpoint knows of " + std::to_string(results) +
                      "; remove both to begin anew");
  given_ = results;
}

void redis_sink::add(std::string_view line) {
  if (++given_ <= there_) return;
  if (ended_)
    throw input_error(name() +
                      ": the results had ended there, and the input has more now; name another stream");
  text_ += line;
  if (text_.size() >= 1 << 16) flush();
}

void redis_sink::flush() {
  if (text_.empty()) return;
  append(given_, "lines", text_);
  there_ = given_;
  text_.clear();
}

void redis_sink::end() {
  flush();
  if (given_ < there_)
    throw input_error(name() + ": the stream has " + std::to_string(there_) +
                      " results, and there are only " + std::to_string(given_) +
                      "; the input is another now");
  if (!ended_) append(there_ + 1, "end", "1");
  ended_ = true;
}

void redis_sink::append(index_t number, std::string_view field, std::string_view value) {
  server_.command(
      {"XADD", stream_, "0-" + std::to_string(number), "header", header_, field, value, "job", job_});
}

}  // namespace prorata::feeds
