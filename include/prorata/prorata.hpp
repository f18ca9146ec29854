// Everything for arrays in memory, over the devices of a machine; arrays in files have file_verbs.hpp. Compiled by nvcc
// it includes the GPUs; compiled by any other C++20 compiler it needs none.
#pragma once

#include <prorata/apportion.hpp>
#include <prorata/array.hpp>
#include <prorata/assignments.hpp>
#include <prorata/costs.hpp>
#include <prorata/distribute.hpp>
#include <prorata/divisor.hpp>
#include <prorata/group_by.hpp>
#include <prorata/histogram.hpp>
#include <prorata/machine.hpp>
#include <prorata/normalize.hpp>
#include <prorata/quantile.hpp>
#include <prorata/redistribute.hpp>
#include <prorata/reduce.hpp>
#include <prorata/reduce_by_key.hpp>
#include <prorata/run_length.hpp>
#include <prorata/scan.hpp>
#include <prorata/select.hpp>
#include <prorata/slots.hpp>
#include <prorata/sort.hpp>
#include <prorata/topk.hpp>
#include <prorata/transform.hpp>
#include <prorata/unique.hpp>
#include <prorata/weighted_histogram.hpp>
#if defined(__CUDACC__)
#include <prorata/mixed.cuh>
#endif

namespace prorata {

#if defined(__CUDACC__)
using machine_stream = mixed::stream;
#else
using machine_stream = host::stream;
#endif

/// A team of every device that this translation unit can use: compiled by nvcc, every GPU, and the CPU where
/// there is none; else the CPU. (A template, so that its two meanings are two functions.)
template <backend S = machine_stream>
team<S> machine_team() {
  return detail::machine(std::type_identity<S>{});
}

}  // namespace prorata
