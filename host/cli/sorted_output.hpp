// What `sort` and `argsort` share: one array in, one file out, devices, a budget of memory.
#pragma once

#include <chrono>
#include <host/algorithms/sort_file.hpp>
#include <host/cli/command_line.hpp>
#include <host/cli/report.hpp>
#include <host/io/array_sink.hpp>
#include <host/jobs/devices.hpp>
#include <host/jobs/inputs.hpp>
#include <host/jobs/sorters.hpp>
#include <memory>
#include <optional>
#include <string>

namespace prorata::cli {

/// A command that sorts: its options, its input, its output, its devices.
class sorting_job : public host::run_observer {
 public:
  /// Reads the command line; opens the input, and the output for as many elements of `type` (the input's
  /// where none is given).
  ///   throws  usage_error, input_error, out_of_memory (the disk has no room)
  sorting_job(command_line& command, std::optional<io::dtype> type, io::job_files& files);

  input const& in() const { return *in_; }
  /// Has the elements numbered in C order from now on.
  void number_in_c_order() { in_->store_in_c_order(folder_, options_); }
  index_t count() const { return in_->count(); }
  direction way() const { return descending_ ? direction::descending : direction::ascending; }
  io::array_sink const& out() const { return *out_; }

  /// Opens the devices.
  template <class U>
  std::unique_ptr<team_sorter<U>> sorter() const {
    return open_sorter<U>(ranks_->own, ranks_->own_weights(), options_);
  }

  host::file_sort_limits limits() const {
    return {folder_, options_.memory.bytes, options_.threads, ranks_->shares(cuts())};
  }

  /// Puts the output on disk and reports.
  ///   ranges  of an external sort; 0 where all was in memory
  void finish(index_t ranges);

 private:
  void begins_moving(char const* what, index_t bytes) override;
  void moved(index_t bytes) override { bar_->add(bytes); }

  /// The shares of the whole array.
  partition cuts() const { return cuts_of(count(), ranks_->weights, options_, 1); }

  io::job_files& files_;
  options options_;
  std::string command_, folder_;
  bool descending_ = false;
  std::unique_ptr<input> in_;
  io::dtype type_ = io::dtype::f64;
  std::optional<io::array_sink> out_;
  std::optional<job_ranks> ranks_;
  std::unique_ptr<pictures::progress> bar_;
  std::chrono::steady_clock::time_point start_;
  stages_page report_;
};

}  // namespace prorata::cli
