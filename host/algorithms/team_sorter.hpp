// Sorting keys that lie in the host's memory, on every device of a job.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <prorata/host.hpp>
#include <prorata/partition.hpp>
#include <prorata/team.hpp>
#include <span>
#include <string>
#include <vector>

namespace prorata::host {

/// What the devices of a sort get: by weight, and no more than fits.
class sorting_shares {
 public:
  /// How weights are apportioned, and the caps of ranks, are those of partition_by_weights.
  ///   gpu_bytes  for a rank with a GPU, how much of its memory may be used; empty where there are none
  sorting_shares(std::vector<double> weights, partition_options options,
                 std::vector<std::optional<index_t>> gpu_bytes = {});

  int ranks() const { return static_cast<int>(weights_.size()); }
  bool has_gpus() const { return has_gpus_; }
  bool is_gpu(int rank) const { return room_bytes_[static_cast<std::size_t>(rank)].has_value(); }

  /// How n elements of so many bytes, a key and what moves with it, are cut.
  ///   throws  infeasible where more are given than fit
  partition cuts(index_t n, index_t element_bytes) const;

  /// How many of n elements can be sorted at a time: their keys, their values and the scratch of their sort
  /// in `memory` bytes of the host, with `beside` bytes each of the caller's own, and in what is free on
  /// GPUs. 65536 of them are tried however little memory the host may use.
  ///   throws  out_of_memory where the devices have no room for n, nor for 65536
  index_t most(index_t n, index_t memory, index_t key_bytes, index_t value_bytes, index_t beside = 0) const;

 private:
  std::vector<double> weights_;
  partition_options options_;  // granularity 1
  bool has_gpus_ = false, has_cpus_ = false;
  std::vector<std::optional<index_t>> room_bytes_;  // what a rank's share may take; none: the host's memory
};

/// Sorts keys U, std::uint32_t or std::uint64_t, ascending: every device its share, CPUs where the keys lie
/// and GPUs in their own memory; sorted shares are exchanged and merged, and lie where the keys were.
///   waits   for the result
///   throws  device_error, out_of_memory: the keys are then lost
template <class U>
class team_sorter {
 public:
  virtual ~team_sorter() = default;

  virtual sorting_shares const& shares() const = 0;

  /// Host memory for keys and values, which the devices reach as fast as their link is.
  ///   throws  out_of_memory
  virtual std::shared_ptr<std::byte> memory(index_t bytes) const = 0;

  virtual void sort(std::span<U> keys) = 0;

  /// Moves values[i] along with keys[i]; equal keys keep their order.
  virtual void sort_by_key(std::span<U> keys, std::span<index_t> values) = 0;
};

/// On a team of the host, with one rank for each share.
template <class U>
std::unique_ptr<team_sorter<U>> host_sorter(sorting_shares shares, prorata::team<stream> team);

}  // namespace prorata::host
