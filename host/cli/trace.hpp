// A timeline of who did what when, in Chrome's trace format: one row per device.
#pragma once

#include <chrono>
#include <host/io/atomic_file.hpp>
#include <mutex>
#include <prorata/config.hpp>
#include <string>
#include <vector>

namespace prorata::cli {

class trace {
 public:
  using clock = std::chrono::steady_clock;

  trace() : start_(clock::now()) {}

  /// From any thread: rank worked on elements [begin, end) from `from` to now.
  void add(int rank, char const* what, index_t begin, index_t end, clock::time_point from);

  /// Writes the file; names are the devices', by rank.
  void write(io::atomic_file& file, std::vector<std::string> const& names) const;

 private:
  struct span {
    int rank;
    char const* what;
    index_t begin, end;
    double from_us, length_us;
  };
  clock::time_point start_;
  std::mutex mutex_;
  std::vector<span> spans_;
};

}  // namespace prorata::cli
