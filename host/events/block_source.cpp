// Where blocks end.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <host/events/block_source.hpp>
#include <host/events/csv.hpp>
#include <host/events/saved_bytes.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <prorata/error.hpp>

namespace prorata::events {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

[[noreturn]] void too_long(std::string const& name, index_t offset) {
  throw input_error(io::printable(name) + ": the record that begins at byte " + std::to_string(offset) +
                    " is longer than 1 MiB; is a quote not closed?");
}
[[noreturn]] void no_header(std::string const& name) {
  throw input_error(io::printable(name) + ": there is no header line");
}

/// Where the first record of a text ends, its line's end included; npos where it does not.
std::size_t first_record(std::string_view text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; ++at)
    if (whole_records(text.substr(0, at + 1)) != 0) return at + 1;
  return text.npos;
}

std::string without_end(std::string_view line) {
  if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

/// How many bytes of the text are whole records.
std::size_t whole(std::string_view text, text_form form) {
  if (form == text_form::csv) return whole_records(text);
  std::size_t const feed = text.rfind('\n');
  return feed == text.npos ? 0 : feed + 1;
}

void put(text_block& block, std::string_view text, bool complete) {
  block.room.resize(text.size() + !complete + 2 * text_margin);
  std::copy(text.begin(), text.end(), block.room.begin() + text_margin);
  if (!complete) block.room[text_margin + text.size()] = '\n';
}

}  // namespace

std::string file_source::header() {
  std::string text(static_cast<std::size_t>(std::min(file_.size(), longest_record)), '\0');
  file_.read(0, std::as_writable_bytes(std::span(text)));
  if (text.empty()) no_header(name());
  std::size_t end = first_record(text);
  if (end == text.npos) {
    if (file_.size() > longest_record) too_long(name(), 0);
    end = text.size();
  }
  at_ = static_cast<index_t>(end);
  return without_end(std::string_view(text).substr(0, end));
}

index_t file_source::end_of_block(index_t begin) const {
  index_t const size = file_.size();
  if (size - begin <= block_bytes_) return size;
  std::string probe;
  for (index_t from = begin + block_bytes_; from < size; from += std::ssize(probe)) {
    if (from - begin > block_bytes_ + longest_record) too_long(name(), begin + block_bytes_);
    probe.resize(static_cast<std::size_t>(std::min<index_t>(size - from, 512)));
    file_.read(from, std::as_writable_bytes(std::span(probe)));
    if (std::size_t const feed = probe.find('\n'); feed != probe.npos)
      return from + static_cast<index_t>(feed) + 1;
  }
  return size;
}

bool file_source::next(text_block& block) {
  if (at_ >= file_.size()) return false;
  block.offset = at_;
  if (careful_) {
    for (index_t bytes = block_bytes_;; bytes *= 2) {
      bytes = std::min(bytes, file_.size() - at_);
      std::string text(static_cast<std::size_t>(bytes), '\0');
      file_.read(at_, std::as_writable_bytes(std::span(text)));
      block.bytes = static_cast<index_t>(whole_records(text));
      index_t const rest = bytes - block.bytes;
      if (at_ + bytes == file_.size() && rest <= longest_record) block.bytes = bytes;
      if (block.bytes > 0) break;
      if (rest > longest_record) too_long(name(), at_);
    }
  } else {
    block.bytes = end_of_block(at_) - at_;
  }
  at_ += block.bytes;
  block.last = at_ == file_.size();
  return true;
}

void file_source::fill(text_block& block) {
  auto const bytes = static_cast<std::size_t>(block.bytes);
  block.room.resize(bytes + 2 * text_margin);
  file_.read(block.offset, std::as_writable_bytes(std::span(block.room).subspan(text_margin, bytes)));
  if (!block.last || block.text().ends_with('\n')) return;
  block.room.push_back('\0');
  block.room[text_margin + bytes] = '\n';
}

void file_source::cut_again(text_block const& block) {
  at_ = block.offset;
  careful_ = true;
}

void block_source::go_to(std::string_view) { throw input_error(io::printable(name()) + " can be read once"); }

std::string file_source::place() const {
  if (at_ >= file_.size()) return {};
  return std::to_string(at_) + ' ' + std::to_string(checksum_up_to(at_));
}

void file_source::go_to(std::string_view place) {
  index_t offset = -1;
  std::from_chars(place.data(), place.data() + place.size(), offset);
  if (offset < 0 || offset > file_.size() ||
      place != std::to_string(offset) + ' ' + std::to_string(checksum_up_to(offset)))
    throw input_error("the checkpoint is of another input than " + io::printable(name()) +
                      " is now; remove its folder to begin anew, or name another");
  at_ = offset;
}

/// Of its first and last 64 KiB.
std::uint64_t file_source::checksum_up_to(index_t offset) const {
  std::string ends(static_cast<std::size_t>(std::min<index_t>(offset, 1 << 16)), '\0');
  file_.read(0, std::as_writable_bytes(std::span(ends)));
  std::uint64_t const first = checksum_of(ends);
  file_.read(offset - std::ssize(ends), std::as_writable_bytes(std::span(ends)));
  return first ^ checksum_of(ends) * 3;
}

void pipe_source::fail(int error_number) const {
  throw input_error(io::system_message(name_, "read", error_number));
}

/// Says whether something can be read, the input's end included.
bool pipe_source::wait_for_more() const {
  pollfd about[2] = {{descriptor_, POLLIN, 0}, {until_.descriptor, POLLIN, 0}};
  int const milliseconds =
      until_.idle_seconds > 0 ? static_cast<int>(std::min(std::ceil(until_.idle_seconds * 1e3), 2e9)) : -1;
  int found;
  do { found = ::poll(about, 2, milliseconds); } while (found < 0 && errno == EINTR);
  return found != 0 && about[1].revents == 0;
}

void pipe_source::read_more() {
  if (!wait_for_more()) {
    ended_ = stopped_ = true;
    return;
  }
  std::size_t const before = carried_.size();
  carried_.resize(before + block_bytes_);
  ssize_t got;
  do { got = ::read(descriptor_, carried_.data() + before, block_bytes_); } while (got < 0 && errno == EINTR);
  int const reason = errno;
  carried_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) fail(reason);
  ended_ = got == 0;
}

std::string pipe_source::header() {
  for (;;) {
    std::size_t end = first_record(carried_);
    if (end == carried_.npos && ended_) {
      if (carried_.empty()) no_header(name_);
      end = carried_.size();
    }
    if (end != carried_.npos) {
      std::string const line = without_end(std::string_view(carried_).substr(0, end));
      carried_.erase(0, end);
      at_ = static_cast<index_t>(end);
      return line;
    }
    if (std::ssize(carried_) > longest_record) too_long(name_, 0);
    read_more();
  }
}

bool pipe_source::next(text_block& block) {
  for (;;) {
    if (stopped_) return false;
    std::size_t const bytes = ended_                     ? carried_.size()
                              : carried_.size() > known_ ? whole(carried_, form_)
                                                         : 0;
    if (bytes == 0 && ended_) return false;
    if (bytes > 0) {
      block.offset = at_, block.bytes = static_cast<index_t>(bytes);
      block.last = ended_;
      put(block, std::string_view(carried_).substr(0, bytes), carried_[bytes - 1] == '\n');
      carried_.erase(0, bytes);
      known_ = carried_.size();
      at_ += static_cast<index_t>(bytes);
      return true;
    }
    known_ = carried_.size();
    if (std::ssize(carried_) > longest_record) too_long(name_, at_);
    read_more();
  }
}

bool pipe_source::ready() {
  if (ended_ || carried_.size() > known_) return true;
  pollfd about{descriptor_, POLLIN, 0};
  return ::poll(&about, 1, 0) != 0;
}

}  // namespace prorata::events
