// A bar on the terminal's stderr while bytes go by.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <prorata/config.hpp>
#include <string>
#include <thread>

namespace prorata::cli {

/// How far a pass is, as one line of at most `columns`: its bar, per cent, speed, the time it took so far and
/// the time it will take still. What there is no room for is left out, from the right.
std::string progress_line(std::string const& label, index_t done, index_t total, double seconds, int columns);

/// Shows how far one pass of a job is: "auto" only where stderr is a terminal and the pass takes longer than
/// 0.3 s, "always", "never". Who interrupts it is told which pass it was.
class progress {
 public:
  progress(std::string const& mode, std::string label, index_t total_bytes);
  ~progress();

  /// From any thread: so many more bytes are done.
  void add(index_t bytes) { done_.fetch_add(bytes, std::memory_order_relaxed); }

 private:
  void paint(bool patient);
  void draw(bool last);

  std::string label_;
  index_t total_;
  std::atomic<index_t> done_{0};
  std::chrono::steady_clock::time_point start_;
  std::size_t drawn_ = 0;  // bytes of the line that is on the terminal
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closing_ = false;
  std::thread painter_;
};

}  // namespace prorata::cli
