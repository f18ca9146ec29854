// The kernels behind folds of files, as functions that any compiler can call.
#pragma once

#include <cstddef>
#include <host/run/gpu/elements.hpp>
#include <host/run/gpu/rank.hpp>
#include <host/run/gpu/words.hpp>
#include <prorata/bins.hpp>
#include <prorata/ordered.hpp>

namespace prorata::cuda {
class stream;
}

namespace prorata::host {

/// One reduction on a device: what it reads, how large a partial result is, and how to queue one. fold reads
/// element i at elements[i − p.begin].
template <class Stream>
struct kernel_on {
  gpu_value value;
  index_t (*bytes)(piece p);
  void (*fold)(Stream& s, piece p, void const* elements, std::byte* out);
};
using gpu_kernel = kernel_on<cuda::stream>;

/// A scan on a device: what it reads, its nodes' totals as a fold, the size of a running fold, and how to
/// queue the scan of a piece; results are of the type it reads, and may take the elements' place.
template <class Stream>
struct scan_kernel_on {
  kernel_on<Stream> nodes;
  std::size_t state_bytes;
  void (*scan)(Stream& s, bool exclusive, piece p, void const* elements, void* so_far, void* out);
};
using gpu_scan_kernel = scan_kernel_on<cuda::stream>;

/// The kernel of a reduction, compiled by nvcc. Each family is compiled by itself; {} where the reduction is
/// of another one.
gpu_kernel ordered_kernel(gpu_reduction r);
gpu_kernel unordered_kernel(gpu_reduction r);
gpu_kernel exact_kernel(gpu_reduction r);

gpu_scan_kernel scan_kernel(gpu_scan const& job);

/// Queues the conversion of `count` elements to what a fold reads, at `out`: values of the given type. b is
/// looked at only by the forms that take two.
///   throws  device_error
void gather(cuda::stream& s, gpu_form form, gpu_value value, stored_elements const& a,
            stored_elements const& b, index_t count, void* out);

/// Queues the conversion of `count` computed elements of a wide type to what a file stores.
void store(cuda::stream& s, io::dtype wide, void const* from, io::dtype to, index_t count, void* out);

/// Queues counts[rule(elements[i])] += 1. The rule's edges are on the device.
void count_in_bins(cuda::stream& s, bin_rule const& rule, double const* elements, index_t count,
                   index_t* counts);

/// Queues counts[k] = how many keys the rule counts in slot k. Its prefixes are on the device.
template <class Key>
void count_in_digits(cuda::stream& s, digit_rule<Key> const& rule, Key const* keys, index_t count,
                     index_t* counts);

/// Queues out[i] = the word of element i, for `count` elements.
void gather_words(cuda::stream& s, gpu_word word, stored_elements const& a, bin_rule const& rule,
                  index_t count, std::uint64_t* out);

}  // namespace prorata::host
