// run_lengths and reduce_by_key on any team: every run as an array of its own.
#include <prorata/reduce_by_key.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

/// Runs of 1 to 80 keys, and one of a third of the array.
struct key_at {
  index_t n;
  PRORATA_HD std::int32_t operator()(index_t i) const {
    if (i >= n / 4 && i < n / 4 + n / 3) return -1;
    return static_cast<std::int32_t>((i + i % 41 * (i % 3)) / 80);
  }
};
struct product {
  PRORATA_HD std::uint64_t operator()(std::uint64_t a, std::uint64_t b) const { return a * b; }
};
struct either {
  PRORATA_HD std::uint64_t operator()(std::uint64_t a, std::uint64_t b) const { return a ^ b; }
};

template <class T>
void add_runs(answer& a, std::vector<T> const& x) {
  auto const begins = model::run_begins(x);
  auto lengths = begins;
  for (std::size_t k = 0; k < begins.size(); ++k)
    lengths[k] = (k + 1 < begins.size() ? begins[k + 1] : static_cast<index_t>(x.size())) - begins[k];
  a.add("values", model::picked(x, begins)), a.add("begins", begins), a.add("lengths", lengths);
}
/// What f makes of the elements of every run of keys.
template <class X, class F>
auto of_runs(std::vector<std::int32_t> const& keys, std::vector<X> const& x, F const& f) {
  auto begins = model::run_begins(keys);
  begins.push_back(static_cast<index_t>(keys.size()));
  std::vector<decltype(f(x))> out;
  for (std::size_t k = 0; k + 1 < begins.size(); ++k)
    out.push_back(f(std::vector<X>(x.begin() + begins[k], x.begin() + begins[k + 1])));
  return out;
}

TYPED_TEST(arrays, run_lengths) {
  auto const expected = [](index_t n) {
    answer a;
    add_runs(a, model::list(key_at{n}, n));
    add_runs(a, model::list(repeated<double>{6}, n));
    return a;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
    answer a;
    auto const add = [&](auto const& found) {
      a.add("values", found.values), a.add("begins", found.begins), a.add("lengths", found.lengths);
    };
    add(run_lengths(made(team, cuts, key_at{cuts.n})));
    add(run_lengths(made(team, cuts, repeated<double>{6})));
    return a;
  });
}
TYPED_TEST(arrays, reduce_floats_by_key) {
  auto const expected = [](index_t n) {
    auto const keys = model::list(key_at{n}, n);
    auto const x = model::list(scattered<float>{}, n);
    auto const y = model::list(scattered<double>{}, n);
    answer a;
    a.add("keys", model::picked(keys, model::run_begins(keys)));
    a.add("sums", of_runs(keys, x, [](auto const& run) { return model::sum(run); }));
    a.add("exact sums", of_runs(keys, y, [](auto const& run) { return model::exact_sum(run).over(1); }));
    a.add("moments", of_runs(keys, y, [](auto const& run) {
            auto const m = model::spread_of(run);
            return moments_state{m.sum, m.base, m.rest, m.m2};
          }));
    return a;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
    auto const keys = made(team, cuts, key_at{cuts.n});
    answer a;
    auto const x = made(team, cuts, scattered<float>{});
    auto const sums = sum_by_key(keys, x);
    a.add("keys", sums.keys), a.add("sums", sums.values);
    auto const y = made(team, cuts, scattered<double>{});
    a.add("exact sums", exact_sum_by_key(keys, y).values);
    a.add("moments", reduce_by_key(keys, y, moments{}).values);
    return a;
  });
}
#ifndef PRORATA_TEST_ONE_TYPE
TYPED_TEST(arrays, reduce_integers_by_key) {
  auto const expected = [](index_t n) {
    auto const keys = model::list(key_at{n}, n);
    answer a;
    a.add("folded", of_runs(keys, model::list(scattered<std::uint64_t>{}, n), [](auto const& run) {
            std::uint64_t all = 0;
            for (auto const v : run) all ^= v * v;
            return all;
          }));
    a.add("in sequence", of_runs(keys, model::list(affine_at{}, n), [](auto const& run) {
            return std::accumulate(run.begin() + 1, run.end(), run[0], composed{});
          }));
    return a;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
    auto const keys = made(team, cuts, key_at{cuts.n});
    auto const x = made(team, cuts, scattered<std::uint64_t>{});
    answer a;
    a.add("folded", transform_reduce_by_key(keys, product{}, either{}, x, x).values);
    auto const y = made(team, cuts, affine_at{});
    a.add("in sequence", reduce_by_key(keys, y, in_sequence<affine>(composed{})).values);
    return a;
  });
}
#endif

}  // namespace
}  // namespace prorata::conformance
