// Entries as blocks of lines.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <host/events/csv.hpp>
#include <host/events/saved_bytes.hpp>
#include <host/feeds/redis_source.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>
#include <thread>

namespace prorata::feeds {

namespace {

constexpr auto moment = std::chrono::milliseconds(100);  // until a wish to stop is seen

std::string const* lines_of(redis_entry const& entry) {
  auto const* lines = entry.field("lines");
  return lines != nullptr ? lines : entry.field("records");
}

void write_json_text(std::string& to, std::string_view text) {
  to += '"';
  for (char const c : text) {
    if (c == '"' || c == '\\') to += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char digits[] = "0123456789abcdef";
      to.append("\\u00") += digits[c >> 4];
      to += digits[c & 15];
    } else {
      to += c;
    }
  }
  to += '"';
}

/// The two numbers of an id.
std::pair<std::uint64_t, std::uint64_t> numbers_of(std::string_view id) {
  std::pair<std::uint64_t, std::uint64_t> found{0, 0};
  std::size_t const dash = std::min(id.find('-'), id.size());
  std::from_chars(id.data(), id.data() + dash, found.first);
  if (dash < id.size()) std::from_chars(id.data() + dash + 1, id.data() + id.size(), found.second);
  return found;
}

}  // namespace

redis_source::redis_source(address const& where, events::text_form form, index_t block_bytes,
                           io::stop_request const* stop, double idle_seconds)
    : server_(where),
      stream_(where.name),
      form_(form),
      block_bytes_(static_cast<std::size_t>(block_bytes)),
      stop_(stop),
      idle_seconds_(idle_seconds) {}

std::string redis_source::header() {
  auto const start = std::chrono::steady_clock::now();
  for (;;) {
    auto const first = server_.entries(server_.command({"XRANGE", stream_, "-", "+", "COUNT", "1"}));
    if (!first.empty()) {
      auto const* header = first.front().field("header");
      if (header == nullptr)
        throw input_error(name() +
                          ": the first entry has no field header, which names the columns of CSV; "
                          "--format jsonl needs none");
      header_ = *header;
      while (header_.ends_with('\n') || header_.ends_with('\r')) header_.pop_back();
      columns_ = events::csv_fields(header_);
      return header_;
    }
    std::chrono::duration<double> const waited = std::chrono::steady_clock::now() - start;
    if ((stop_ != nullptr && stop_->made()) || (idle_seconds_ > 0 && waited.count() >= idle_seconds_))
      throw input_error(name() + ": there is no header line");
    std::this_thread::sleep_for(moment);
  }
}

/// Gets more entries, if there are any; says whether.
bool redis_source::read(bool wait) {
  std::string const count = std::to_string(at_once_);
  auto answer = wait ? server_.command({"XREAD", "COUNT", count, "BLOCK", std::to_string(moment.count()),
                                        "STREAMS", stream_, last_read_})
                     : server_.command({"XREAD", "COUNT", count, "STREAMS", stream_, last_read_});
  if (answer.is_nothing) return false;
  if (answer.list.size() != 1 || answer.list[0].list.size() != 2) server_.fail("the answer is no stream");
  std::size_t bytes = 0;
  for (auto& entry : server_.entries(std::move(answer.list[0].list[1]))) {
    last_read_ = entry.id;
    for (auto const& field : entry.fields) bytes += field.second.size();
    entries_.push_back(std::move(entry));
  }
  // About four blocks an answer.
  if (bytes < 2 * block_bytes_) at_once_ = std::min<index_t>(2 * at_once_, 4096);
  if (bytes > 8 * block_bytes_) at_once_ = std::max<index_t>(at_once_ / 2, 1);
  return true;
}

bool redis_source::ready() { return ended_ || stopped_ || !entries_.empty() || read(false); }

bool redis_source::next(events::text_block& block) {
  auto const start = std::chrono::steady_clock::now();
  std::string text;
  while (text.empty() && !ended_) {
    if (stop_ != nullptr && stop_->made()) stopped_ = true;
    if (stopped_) return false;
    if (entries_.empty() && !read(true)) {
      std::chrono::duration<double> const waited = std::chrono::steady_clock::now() - start;
      stopped_ = idle_seconds_ > 0 && waited.count() >= idle_seconds_;
      continue;
    }
    while (!entries_.empty() && !ended_ && text.size() < block_bytes_) {
      last_ = std::move(entries_.front());
      entries_.pop_front();
      text += text_of(last_);
      ended_ = last_.field("end") != nullptr;
    }
  }
  if (text.empty()) return false;
  block.offset = bytes_, block.bytes = std::ssize(text), block.last = ended_;
  bytes_ += block.bytes;
  block.room.assign(text.size() + 2 * events::text_margin, '\0');
  std::copy(text.begin(), text.end(), block.room.begin() + events::text_margin);
  return true;
}

/// The records of an entry, each with its line's end.
std::string redis_source::text_of(redis_entry const& entry) const {
  std::string text;
  bool const csv = form_ == events::text_form::csv;
  if (auto const* header = entry.field("header");
      csv && header != nullptr &&
      !(header->starts_with(header_) && header->find_first_not_of("\r\n", header_.size()) == header->npos))
    throw input_error(name() + ": entry " + entry.id + " has another header than the first one");
  if (auto const* lines = lines_of(entry)) {
    text = *lines;
  } else if (entry.field("end") != nullptr) {
    return text;
  } else if (csv) {
    for (auto const& column : columns_) {
      if (&column != &columns_.front()) text += ',';
      if (auto const* value = entry.field(column)) events::write_csv_field(text, *value);
    }
  } else {
    text += '{';
    for (auto const& [field, value] : entry.fields) {
      if (text.size() > 1) text += ',';
      write_json_text(text, field);
      text += ':';
      write_json_text(text, value);
    }
    text += '}';
  }
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  if (csv && events::whole_records(text) != text.size())
    throw input_error(name() + ": entry " + entry.id + ": a quoted field does not end");
  return text;
}

std::uint64_t redis_source::checksum_of(redis_entry const& entry) const {
  events::byte_writer bytes;
  for (auto const& [field, value] : entry.fields) bytes.put_text(field), bytes.put_text(value);
  return events::checksum_of(bytes.bytes);
}

std::string redis_source::place() const {
  return ended_ ? std::string() : last_.id + ' ' + std::to_string(checksum_of(last_));
}

void redis_source::go_to(std::string_view place) {
  std::string const id(place.substr(0, place.find(' ')));
  auto const is_another = [&] {
    throw input_error("the checkpoint is of another stream than " + name() +
                      " is now; remove its folder to begin anew, or name another");
  };
  auto const same = server_.entries(server_.command({"XRANGE", stream_, id, id}));
  if (!same.empty()) {
    last_ = same.front();
    if (place != this->place()) is_another();
  } else if (id != "0-0") {  // it may have been trimmed
    auto const about = server_.command({"XINFO", "STREAM", stream_}).list;
    std::string newest;
    for (std::size_t k = 0; k + 1 < about.size(); k += 2)
      if (about[k].text == "last-generated-id") newest = about[k + 1].text;
    if (numbers_of(newest) < numbers_of(id)) is_another();
    last_ = {id, {}};
  }
  last_read_ = id;
}

}  // namespace prorata::feeds
