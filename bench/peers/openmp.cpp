// OpenMP: one pragma on a plain loop.
#include <bench/peers/peers.hpp>
#include <bench/peers/write_peers.hpp>

namespace prorata::bench {
namespace {

template <class T>
T sum(T const* x, std::int64_t n) {
  T total{};
#pragma omp parallel for simd reduction(+ : total) schedule(static)
  for (std::int64_t i = 0; i < n; ++i) total += x[i];
  return total;
}

template <class T>
T dot(T const* x, T const* y, std::int64_t n) {
  T total{};
#pragma omp parallel for simd reduction(+ : total) schedule(static)
  for (std::int64_t i = 0; i < n; ++i) total += x[i] * y[i];
  return total;
}

template <class F, class T>
void map(T* out, T const* x, T const* y, std::int64_t n) {
#pragma omp parallel for simd schedule(static)
  for (std::int64_t i = 0; i < n; ++i) out[i] = F{}(x[i], y[i]);
}

bool const known = join([]<class T>(T) {
  return peer<T>{"OpenMP", sum<T>, dot<T>, map<triad, T>, map<six_operations, T>};
});

template <class F>
void each(std::int64_t n, F f) {
#pragma omp parallel for simd schedule(static)
  for (std::int64_t i = 0; i < n; ++i) f(i);
}

bool const writes = join_writes(
    {"OpenMP",
     [](float* out, std::int64_t n, float value) { each(n, [=](std::int64_t i) { out[i] = value; }); },
     [](float* out, std::int64_t n, wave f) { each(n, [=](std::int64_t i) { out[i] = f(i); }); },
     [](float* x, std::int64_t n, turned f) { each(n, [=](std::int64_t i) { f(x[i]); }); }});

}  // namespace
}  // namespace prorata::bench
