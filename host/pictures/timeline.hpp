// What each device did when, for --trace and --report.
#pragma once

#include <chrono>
#include <host/time_spent.hpp>
#include <mutex>
#include <prorata/config.hpp>
#include <string>
#include <vector>

namespace prorata::pictures {

/// A job's events, in seconds since it was made; from any thread.
class timeline {
 public:
  using clock = std::chrono::steady_clock;

  /// A device worked on elements [begin, end).
  struct chunk {
    int rank;
    char const* what;
    index_t begin, end;
    double from, to;
    host::time_spent spent;  ///< of `to` - `from`: what its threads spent, over how many they are
  };
  /// One read of everything, or another stage of the job.
  struct stage {
    std::string name;
    double from, to;
    index_t bytes;  ///< that it is to move
  };
  /// What a device's chunks have shown so far in its stage: elements a second.
  struct speed {
    int rank;
    double at, value;
  };

  timeline() : start_(clock::now()) {}

  void begins(std::string name, index_t bytes);
  void ends();
  void add(int rank, char const* what, index_t begin, index_t end, clock::time_point from,
           host::time_spent const& spent);
  void measured(int rank, double elements_per_second);

  // When all is done.
  std::vector<chunk> const& chunks() const { return chunks_; }
  std::vector<stage> const& stages() const { return stages_; }
  std::vector<speed> const& speeds() const { return speeds_; }
  /// The end of the last event.
  double seconds() const;

 private:
  double since_start(clock::time_point t) const { return std::chrono::duration<double>(t - start_).count(); }

  clock::time_point start_;
  std::mutex mutex_;
  std::vector<chunk> chunks_;
  std::vector<stage> stages_;
  bool stage_is_open_ = false;
  std::vector<speed> speeds_;
};

/// What a device did from one moment to another of a stage.
struct device_span {
  double from, to;
  timeline::chunk const* work;  ///< null: nothing, it was idle
};

/// A row a device: its chunks, and the gaps between them while a stage lasted, in the order of time.
std::vector<std::vector<device_span>> rows_of(timeline const& events, std::size_t devices);

/// As Chrome's trace format has it, which Perfetto reads: one row a device. Within a chunk, what its threads spent on
/// waiting, reading, computing and writing is drawn one after the other.
std::string trace_text(timeline const& events, std::vector<std::string> const& devices);

}  // namespace prorata::pictures
