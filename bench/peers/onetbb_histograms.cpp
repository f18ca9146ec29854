// Bins for each thread of oneTBB, added at the end; and sums of weights in one loop.
#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <bench/peers/histogram_peers.hpp>

namespace prorata::bench {
namespace {

using range = tbb::blocked_range<std::int64_t>;

/// Which bin an element lies in; `high` lies in one of its own.
template <class T>
struct placing {
  T from, scale;
  std::uint32_t last;

  placing(std::int64_t bins, double low, double high)
      : from(static_cast<T>(low)),
        scale(static_cast<T>(static_cast<double>(bins) / (high - low))),
        last(static_cast<std::uint32_t>(bins)) {}
  std::uint32_t operator()(T x) const {
    return std::min(static_cast<std::uint32_t>(static_cast<std::int32_t>((x - from) * scale)), last);
  }
};

/// all[k] is what the threads have in bin k; what is behind the last bin belongs to it.
template <class Result, class Bins>
std::vector<Result> added_up(Bins const& of_threads, std::int64_t bins) {
  std::vector<Result> all(static_cast<std::size_t>(bins));
  for (auto const& mine : of_threads)
    for (std::size_t k = 0; k < mine.size(); ++k) all[std::min(k, all.size() - 1)] += mine[k];
  return all;
}

/// add(bins of this thread, i) for every i.
template <class Bin, class Result, class Add>
std::vector<Result> by_threads(std::int64_t n, std::int64_t bins, Add const& add) {
  tbb::enumerable_thread_specific<std::vector<Bin>> own(
      [=] { return std::vector<Bin>(static_cast<std::size_t>(bins) + 1); });
  tbb::parallel_for(range(0, n, 1 << 14), [&](range const& r) {
    auto* const mine = own.local().data();
    for (std::int64_t i = r.begin(); i < r.end(); ++i) add(mine, i);
  });
  return added_up<Result>(own, bins);
}

template <class T>
std::vector<std::int64_t> count(T const* x, std::int64_t n, std::int64_t bins, double low, double high) {
  placing<T> const bin_of(bins, low, high);
  return by_threads<std::uint32_t, std::int64_t>(
      n, bins, [=](std::uint32_t* mine, std::int64_t i) { ++mine[bin_of(x[i])]; });
}

template <class T>
std::vector<double> sums(T const* x, T const* w, std::int64_t n, std::int64_t bins, double low, double high) {
  placing<T> const bin_of(bins, low, high);
  return by_threads<double, double>(
      n, bins, [=](double* mine, std::int64_t i) { mine[bin_of(x[i])] += static_cast<double>(w[i]); });
}

template <class T>
std::vector<double> sums_in_one_loop(T const* x, T const* w, std::int64_t n, std::int64_t bins, double low,
                                     double high) {
  placing<T> const bin_of(bins, low, high);
  std::vector<std::vector<double>> all(1, std::vector<double>(static_cast<std::size_t>(bins) + 1));
  for (std::int64_t i = 0; i < n; ++i) all[0][bin_of(x[i])] += static_cast<double>(w[i]);
  return added_up<double>(all, bins);
}

bool const counting = [] {
  histogram_peers<float>().push_back({"oneTBB", count<float>});
  histogram_peers<double>().push_back({"oneTBB", count<double>});
  histogram_peers<std::int32_t>().push_back({"oneTBB", count<std::int32_t>});
  return true;
}();

template <class T>
bool weigh() {
  weighted_histogram_peers<T>().push_back({"oneTBB", sums<T>});
  weighted_histogram_peers<T>().push_back({"a loop, serial", sums_in_one_loop<T>});
  return true;
}
bool const weighing = weigh<float>() && weigh<double>();

}  // namespace
}  // namespace prorata::bench
