// The GPU of one rank: elements of files go in, partial results or mapped elements come out.
#pragma once

#include <cstddef>
#include <functional>
#include <host/io/file_column.hpp>
#include <host/run/gpu/elements.hpp>
#include <host/stream.hpp>
#include <memory>
#include <optional>
#include <prorata/bins.hpp>
#include <prorata/groups.hpp>
#include <prorata/ordered.hpp>
#include <prorata/rank_search.hpp>
#include <string>
#include <vector>

namespace prorata::host {

/// The reductions that are compiled for GPUs. The host's are made of them (jobs.hpp).
enum class gpu_reduction {
  sum_f64,
  product_f64,
  moments,
  weighted_moments,
  sum_i64,
  product_i64,
  integer_moments,
  any,
  all,
  extrema_f32,
  extrema_f64,
  extrema_i64,
  extrema_u64,
  exact_f32,
  exact_f64,
  exact_i64,
  exact_u64,
  exact_products
};

/// A fold as GPUs run it.
struct gpu_job {
  gpu_form form;
  std::vector<io::file_column const*> sources;  ///< a, and b where the form takes two; may be the same
  std::vector<gpu_reduction> reductions;
};

/// A map as GPUs run it: the source of a kernel (expression::emit_cuda) and the files it reads.
struct gpu_map {
  std::string source;
  std::vector<io::file_column const*> inputs;
  index_t result_size;  ///< bytes of an element of the result
};

/// A scan as GPUs run it: of one file, in a wide type, into elements that are stored as `result`.
struct gpu_scan {
  enum class operation { sum, product, least, greatest };

  io::file_column const* source;
  operation op;
  io::dtype wide;  ///< f64, i64 or u64
  io::dtype result;
  bool exclusive;
};

/// Rows as GPUs group them: by their elements of `keys`, or with `bins` by the slots where those lie.
struct gpu_grouping {
  io::file_column const* keys;
  io::file_column const* values;  ///< may be the keys, where the plan asks for counts alone
  group_plan plan;
  bin_rule const* bins = nullptr;  ///< with the host's edges
};

/// One GPU, worked by the thread of one host stream. Its verbs are called from inside the stream's queued
/// work, cut the piece into slots, bring each through pinned memory to the device with copies and kernels
/// under way together, and hand over what comes back: take(slot, bytes), slots in order.
///   memory  four slots on the host and on the device, and one converted slot there; slots are halved until
///           they fit the device's memory
///   throws  device_error; out_of_memory when not even the smallest slot fits
class gpu_rank {
 public:
  using taker = std::function<void(piece slot, std::byte const* bytes)>;

  virtual ~gpu_rank() = default;

  /// Takes the partial result of each reduction, one after the other, each at the next multiple of 64 bytes.
  virtual void fold(host::stream const& s, gpu_job const& job, piece p, taker const& take) = 0;

  /// Takes the results of the elements of a slot.
  virtual void map(host::stream const& s, gpu_map const& job, piece p, taker const& take) = 0;

  /// Takes the totals of a slot's maximal nodes (running.hpp), in order: values of the wide type.
  virtual void scan_nodes(host::stream const& s, gpu_scan const& job, piece p, taker const& take) = 0;

  /// Takes the scanned elements of a slot. *so_far, a running_fold of the wide type, is what lies before the
  /// piece, and afterwards what lies before its end.
  virtual void scan(host::stream const& s, gpu_scan const& job, piece p, void* so_far, taker const& take) = 0;

  /// Adds to counts[k] how many elements the rule, whose edges are the host's, counts in slot k.
  virtual void count_bins(host::stream const& s, io::file_column const& in, bin_rule const& rule, piece p,
                          index_t* counts) = 0;

  /// The same for the digits of keys in an order; of elements up to 32 bits, keys and prefixes are widened.
  virtual void count_digits(host::stream const& s, io::file_column const& in, direction way,
                            digit_rule<std::uint32_t> const& rule, piece p, index_t* counts) = 0;
  virtual void count_digits(host::stream const& s, io::file_column const& in, direction way,
                            digit_rule<std::uint64_t> const& rule, piece p, index_t* counts) = 0;

  using record_taker = std::function<void(record_run)>;
  using row_taker = std::function<void(piece)>;

  /// Takes the records of the piece's groups, in ascending order of keys, some megabytes at a time: each part
  /// of the piece that is grouped together has its own. Where a part's groups are so many that their records
  /// would be more bytes than its rows as words, leaves its rows instead.
  ///   parts   the piece, or halves of it and so on that fit the device's memory
  ///   memory  on the device, for each row of a part: 16 bytes, 40 where rows are sorted, and up to 32 for
  ///           records
  virtual void group(host::stream const& s, gpu_grouping const& job, piece p, record_taker const& take,
                     row_taker const& leave) = 0;
};

/// The GPU that each rank's number says; null where it says none. Whoever links the CUDA half has it.
///   slot_bytes  of input that travel together
///   throws      device_error
std::vector<std::unique_ptr<gpu_rank>> open_gpu_ranks(std::vector<std::optional<int>> const& gpus,
                                                      index_t slot_bytes);

}  // namespace prorata::host
