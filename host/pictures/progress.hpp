// A bar on the terminal's stderr while bytes go by.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <host/pictures/terminal.hpp>
#include <mutex>
#include <prorata/config.hpp>
#include <string>
#include <thread>

namespace prorata::pictures {

/// How far a pass is, as one line of at most `columns`: its bar, per cent, speed, the time it took so far and
/// the time it will take still. What there is no room for is left out, from the right.
std::string progress_line(std::string const& label, index_t done, index_t total, double seconds, int columns);

/// Shows how far one pass of a job is; on a terminal that is merely there, where it takes longer than 0.3 s. Who
/// interrupts it is told which pass it was.
class progress {
 public:
  ///   speaks  not, in all processes of a job but the first: nothing is drawn and nobody told
  progress(shown when, std::string label, index_t total_bytes, bool speaks = true);
  ~progress();

  /// From any thread: so many more bytes are done.
  void add(index_t bytes) { done_.fetch_add(bytes, std::memory_order_relaxed); }

 private:
  void paint(bool patient);
  void draw();

  std::string label_;
  index_t total_;
  std::atomic<index_t> done_{0};
  std::chrono::steady_clock::time_point start_;
  overwritten_line line_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closing_ = false;
  std::thread painter_;
};

}  // namespace prorata::pictures
