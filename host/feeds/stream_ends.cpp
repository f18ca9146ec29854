// Sources by their names, and lines on their way.
#include <unistd.h>

#include <host/feeds/redis_source.hpp>
#include <host/feeds/stream_ends.hpp>
#include <host/feeds/tcp.hpp>
#include <prorata/error.hpp>
#include <prorata/windows.hpp>
#include <span>

namespace prorata::feeds {

bool stream_input::is_replayable(std::string const& name) {
  return name != "-" && !name.starts_with("tcp://");
}

stream_input::stream_input(std::string const& name, events::text_form form, index_t block,
                           double idle_seconds, io::job_files& files) {
  if (name != "-" && !is_address(name)) {
    require(idle_seconds == 0, "stream: --idle is of inputs that may bring more; a file ends where it ends");
    file_.emplace(files.read(name));
    source_ = std::make_unique<events::file_source>(*file_, block);
    return;
  }
  stop_.emplace();
  events::read_until const until{stop_->descriptor(), idle_seconds};
  if (name == "-") {
    source_ = std::make_unique<events::pipe_source>(STDIN_FILENO, "standard input", form, block, until);
    return;
  }
  auto const where = parse_address(name);
  if (where.scheme == "tcp")
    source_ = tcp_source(where, form, block, until);
  else
    source_ = std::make_unique<redis_source>(where, form, block, &*stop_, idle_seconds);
}

void stream_input::check_unchanged() const {
  if (file_) file_->check_unchanged();
}

void line_output::write() {
  if (kept_ != nullptr) {
    kept_->append(text);
  } else if (file_ != nullptr) {
    file_->write(at_, std::as_bytes(std::span(text)));
    at_ += std::ssize(text);
  } else if (print_ && !text.empty()) {
    print_(text);
  }
  text.clear();
}

void rotated_output::add(std::int64_t t, std::string_view line) {
  std::int64_t const begin = floor_to(t, period_);
  if (file_ != nullptr && begin > begin_) end();
  if (file_ == nullptr) {
    std::size_t const name = path_.rfind('/') + 1, dot = path_.rfind('.');
    std::size_t const at = dot == path_.npos || dot <= name ? path_.size() : dot;
    files_ = std::make_unique<io::job_files>();
    if (input_ != nullptr) files_->note_input(*input_);
    file_ = &files_->write(path_.substr(0, at) + '.' + std::to_string(begin) + path_.substr(at));
    begin_ = begin, at_ = 0;
    text_ = header_ + '\n';
  }
  text_.append(line) += '\n';
  if (text_.size() >= 1 << 16) write();
}

void rotated_output::end() {
  if (file_ == nullptr) return;
  write();
  files_->publish();
  files_.reset();
  file_ = nullptr;
}

void rotated_output::write() {
  file_->write(at_, std::as_bytes(std::span(text_)));
  at_ += std::ssize(text_);
  text_.clear();
}

void line_output::copy_kept() {
  for (index_t at = 0; kept_ != nullptr && file_ != nullptr && at < kept_->size();) {
    std::string const bytes = kept_->read(at);
    if (bytes.empty()) throw device_error("a checkpoint's results were cut by somebody else");
    file_->write(at, std::as_bytes(std::span(bytes)));
    at += std::ssize(bytes);
  }
}

}  // namespace prorata::feeds
