// What every file may rely on: the index type, the one macro, the version, and the floating-point contract.
#pragma once

#include <cstdint>

/// Marks a function that runs on both sides: on the host, and inside a kernel when nvcc compiles it.
#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define PRORATA_HD __host__ __device__
#else
#define PRORATA_HD
#endif

#if !defined(__CUDACC_RTC__) && __cplusplus < 202002L
#error "prorata is written in C++20: compile with -std=c++20 or later (CMake: CXX_STANDARD and CUDA_STANDARD)"
#endif

#if defined(__FAST_MATH__) || (defined(__CUDACC__) && defined(__USE_FAST_MATH__))
#error "prorata promises the same bits on every device; fast-math breaks that promise. Remove -ffast-math."
#endif

namespace prorata {

/// Counts and positions of elements. Always 64 bits: arrays are larger than 2^31.
using index_t = std::int64_t;

inline constexpr char version_string[] = "0.1.0";

/// The canonical order of this release. Results are promised bit for bit for as long as this name stands.
///   v1 → v2   second moments are about a number near the elements (`second_moment`, `weighted_moments`); sums and
///             means of integers, and second moments of small ones, are exact; all else has the bits that it had
inline constexpr char order_name[] = "canonical-v2";

}  // namespace prorata
