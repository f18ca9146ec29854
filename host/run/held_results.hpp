// held_results: what a process has found, on disk until it is known how many results the processes before it have.
#pragma once

#include <functional>
#include <host/io/spill.hpp>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace prorata::host {

/// Columns of results that belong from `place` on, counted from this process's first.
///   threads  hold() from many
class held_results {
 public:
  using columns = std::vector<std::span<std::byte const>>;

  /// In `folder`, for so many columns.
  held_results(std::string const& folder, int columns) : file_(folder, columns) {}

  void hold(index_t place, columns const& some);
  /// Calls take(place, columns) with all that is held, in any order, on the calling thread.
  void release(std::function<void(index_t place, columns const&)> const& take) const;

 private:
  struct entry {
    index_t place;
    std::vector<index_t> bytes;  // of each column
  };
  io::spill file_;
  std::mutex mutex_;
  std::vector<entry> entries_;
};

}  // namespace prorata::host
