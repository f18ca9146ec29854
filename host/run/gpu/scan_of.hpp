// Which kernels a scan is, and what elements it reads: once for every backend.
#pragma once

#include <host/run/gpu/kernels.hpp>
#include <host/run/scan_forms.hpp>
#include <prorata/elements.hpp>

namespace prorata::host {

/// The kernels that scan elements of Op's type. The backend's verbs are in sight where this is used.
template <class Op, class Stream>
scan_kernel_on<Stream> scan_kernel_for() {
  using T = typename Op::value_type;
  return {{sizeof(T) == 8 && std::is_floating_point_v<T> ? gpu_value::f64 : gpu_value::i64,
           [](piece p) -> index_t { return scan_node_bytes<T>(p); },
           [](Stream& s, piece p, void const* elements, std::byte* out) {
             scan_nodes(s, Op{}, p,
                        element_load<identity, T>(identity{}, p.begin, static_cast<T const*>(elements)),
                        reinterpret_cast<T*>(out));
           }},
          sizeof(running_fold<T>),
          [](Stream& s, bool exclusive, piece p, void const* elements, void* so_far, void* out) {
            scan_piece(s, scan_form_of<Op>(exclusive), p,
                       element_load<identity, T>(identity{}, p.begin, static_cast<T const*>(elements)),
                       static_cast<running_fold<T>*>(so_far), static_cast<T*>(out));
          }};
}

template <class Stream>
scan_kernel_on<Stream> scan_kernel_on_device(gpu_scan const& job) {
  using std::int64_t, std::uint64_t;
  using operation = gpu_scan::operation;
  bool const real = job.wide == io::dtype::f64, with_sign = job.wide == io::dtype::i64;
  switch (job.op) {  // modulo 2^64 there is no sign
    case operation::sum:
      return real ? scan_kernel_for<plus<double>, Stream>() : scan_kernel_for<plus<int64_t>, Stream>();
    case operation::product:
      return real ? scan_kernel_for<multiplies<double>, Stream>()
                  : scan_kernel_for<multiplies<int64_t>, Stream>();
    case operation::least:
      return real        ? scan_kernel_for<minimum<double>, Stream>()
             : with_sign ? scan_kernel_for<minimum<int64_t>, Stream>()
                         : scan_kernel_for<minimum<uint64_t>, Stream>();
    default:
      return real        ? scan_kernel_for<maximum<double>, Stream>()
             : with_sign ? scan_kernel_for<maximum<int64_t>, Stream>()
                         : scan_kernel_for<maximum<uint64_t>, Stream>();
  }
}

}  // namespace prorata::host
