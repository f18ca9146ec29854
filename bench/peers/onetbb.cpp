// oneTBB: parallel_reduce and parallel_for over blocked ranges, plain loops inside.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <bench/peers/peers.hpp>
#include <bench/peers/write_peers.hpp>
#include <functional>

namespace prorata::bench {
namespace {

using range = tbb::blocked_range<std::int64_t>;

template <class T, class Term>
T loop(Term term, std::int64_t begin, std::int64_t end) {
  T total{};
#pragma omp simd reduction(+ : total)
  for (std::int64_t i = begin; i < end; ++i) total += term(i);
  return total;
}

template <class T, class Term>
T accumulate(std::int64_t n, Term term) {
  return tbb::parallel_reduce(
      range(0, n, 1 << 14), T{},
      [=](range const& r, T before) { return before + loop<T>(term, r.begin(), r.end()); }, std::plus<T>{});
}

template <class F, class T>
void map(T* out, T const* x, T const* y, std::int64_t n) {
  tbb::parallel_for(range(0, n, 1 << 14), [=](range const& r) {
#pragma omp simd
    for (std::int64_t i = r.begin(); i < r.end(); ++i) out[i] = F{}(x[i], y[i]);
  });
}

bool const known = join([]<class T>(T) {
  return peer<T>{
      "oneTBB",
      [](T const* x, std::int64_t n) { return accumulate<T>(n, [=](std::int64_t i) { return x[i]; }); },
      [](T const* x, T const* y, std::int64_t n) {
        return accumulate<T>(n, [=](std::int64_t i) { return x[i] * y[i]; });
      },
      map<triad, T>, map<six_operations, T>};
});

template <class F>
void each(std::int64_t n, F f) {
  tbb::parallel_for(range(0, n, 1 << 14), [=](range const& r) {
#pragma omp simd
    for (std::int64_t i = r.begin(); i < r.end(); ++i) f(i);
  });
}

bool const writes = join_writes(
    {"oneTBB",
     [](float* out, std::int64_t n, float value) { each(n, [=](std::int64_t i) { out[i] = value; }); },
     [](float* out, std::int64_t n, wave f) { each(n, [=](std::int64_t i) { out[i] = f(i); }); },
     [](float* x, std::int64_t n, turned f) { each(n, [=](std::int64_t i) { f(x[i]); }); }});

}  // namespace
}  // namespace prorata::bench
