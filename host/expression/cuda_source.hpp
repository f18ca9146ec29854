// cuda_source: an expression printed as a CUDA kernel, from the tree alone.
#pragma once

#include <host/expression/tree.hpp>
#include <optional>
#include <string>

namespace prorata::expression {

/// The options a run-time compiler needs so that the kernel's + − × ÷ √ fma have the host's bits.
inline constexpr char const* cuda_options[] = {"--std=c++17", "--fmad=false", "--ftz=false",
                                               "--prec-div=true", "--prec-sqrt=true"};

/// Name of the kernel: extern "C" __global__ void prorata_map(long long n, T0 const* in0, …, R* out),
/// grid-stride over n elements; one pointer per input of the tree, aligned to its elements, in the file's
/// byte order.
inline constexpr char cuda_kernel_name[] = "prorata_map";

/// Source of the kernel, complete, without #include. Nothing the user typed is in it: names are positions,
/// numbers are printed from their bits, functions are those of semantics.hpp, which is compiled with it.
std::string emit_cuda(tree const& expression, std::optional<io::dtype> output = {});

}  // namespace prorata::expression
