// The painter thread of the progress bar.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <host/io/emergency.hpp>
#include <host/pictures/progress.hpp>
#include <system_error>

namespace prorata::pictures {

namespace {

/// "0:07", "1:02:03".
std::string clock_text(double seconds) {
  auto const s = static_cast<index_t>(std::min(seconds, 1e9));
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace

std::string progress_line(std::string const& label, index_t done, index_t total, double seconds,
                          int columns) {
  double const part =
      std::min(1.0, static_cast<double>(done) / static_cast<double>(std::max<index_t>(total, 1)));
  std::string const percent = fmt::format("{:3.0f} %", part * 100);
  std::string const speed =
      fmt::format("{:.2f} GB/s", seconds > 0 ? static_cast<double>(done) / seconds / 1e9 : 0.0);
  std::string const left =
      part > 0 && part < 1 ? fmt::format(", {} left", clock_text(seconds / part * (1 - part))) : "";

  auto const room = static_cast<std::size_t>(std::max(columns - 1, 1));  // the last column would wrap
  std::string line = label.substr(0, room);
  auto const append = [&](std::string const& more) {
    if (line.size() + more.size() <= room) line += more;
  };
  std::size_t const words = label.size() + 1 + percent.size() + 2 + speed.size() + 2 + 8 + left.size();
  if (room >= words + 3 + 8) {
    std::size_t const width = std::min<std::size_t>(32, room - words - 3);
    std::string bar(static_cast<std::size_t>(part * static_cast<double>(width)), '#');
    bar.resize(width, '.');
    line += " [" + bar + "]";
  }
  append(" " + percent);
  append("  " + speed);
  append("  " + clock_text(seconds) + left);
  return line;
}

progress::progress(shown when, std::string label, index_t total_bytes, bool speaks)
    : label_(std::move(label)), total_(total_bytes), start_(std::chrono::steady_clock::now()) {
  if (!speaks) return;
  io::emergency::doing(label_);
  if (!is_shown(when)) return;
  try {
    painter_ = std::thread([this, patient = when == shown::on_a_terminal] { paint(patient); });
  } catch (std::system_error const&) {  // no thread to spare: the job matters more than its bar
  }
}

progress::~progress() {
  io::emergency::doing("");
  {
    std::lock_guard const lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (painter_.joinable()) painter_.join();
}

void progress::paint(bool patient) {
  using namespace std::chrono_literals;
  std::unique_lock lock(mutex_);
  auto const closed_within = [&](auto time) {
    return changed_.wait_for(lock, time, [&] { return closing_; });
  };
  if (patient && closed_within(300ms)) return;
  do draw();
  while (!closed_within(100ms));
  draw();
  line_.end();
}

void progress::draw() {
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  line_.draw(progress_line(label_, done_.load(), total_, seconds, columns_of(STDERR_FILENO, 1, 100)));
}

}  // namespace prorata::pictures
