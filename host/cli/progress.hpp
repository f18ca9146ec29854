// A bar on the terminal's stderr while bytes go by.
#pragma once

#include <atomic>
#include <chrono>
#include <prorata/config.hpp>
#include <string>
#include <thread>

namespace prorata::cli {

/// Shows how far a job is: "auto" only where stderr is a terminal, "always", "never".
class progress {
 public:
  progress(std::string const& mode, std::string label, index_t total_bytes);
  ~progress();

  /// From any thread: so many more bytes are done.
  void add(index_t bytes) { done_.fetch_add(bytes, std::memory_order_relaxed); }

 private:
  void draw(bool last);

  std::string label_;
  index_t total_;
  std::atomic<index_t> done_{0};
  std::atomic<bool> closing_{false};
  std::chrono::steady_clock::time_point start_;
  std::thread painter_;
};

}  // namespace prorata::cli
