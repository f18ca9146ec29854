// Callers that flush subnormals or round upwards: arithmetic is canonical all the same, also on streams that
// they make themselves. Every value is an integer times the smallest subnormal, so integers say what must
// come out.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <prorata/apportion.hpp>
#include <prorata/assignments.hpp>
#include <prorata/costs.hpp>
#include <prorata/host.hpp>
#include <prorata/normalize.hpp>
#include <prorata/reduce.hpp>
#include <prorata/scan.hpp>
#include <prorata/transform.hpp>
#include <random>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

template <class T>
using integer_of = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// k times the smallest subnormal; made from bits, and so in any environment.
template <class T>
T subnormal(std::int64_t k) {
  using bits = integer_of<T>;
  auto const sign = static_cast<bits>(k < 0 ? std::numeric_limits<bits>::min() : 0);
  return std::bit_cast<T>(static_cast<bits>(sign | static_cast<bits>(std::abs(k))));
}

/// k · 2^e without arithmetic that an environment could change.
template <class T>
T scaled(std::int64_t k, int e) {
  return std::ldexp(static_cast<T>(k), e);
}

template <class T>
std::vector<T> subnormals(std::vector<std::int64_t> const& k) {
  std::vector<T> x;
  for (auto const v : k) x.push_back(subnormal<T>(v));
  return x;
}

std::vector<std::int64_t> some_integers(std::size_t n, std::int64_t most, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> k(n);
  for (auto& v : k) v = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * most + 1)) - most;
  return k;
}

template <class T>
class HostileCallers : public testing::Test {};
using float_types = tests::types<float, double>;
TYPED_TEST_SUITE(HostileCallers, float_types);

TYPED_TEST(HostileCallers, KeepSubnormalsOverEverySplit) {
  using T = TypeParam;
  constexpr std::size_t n = 5003;
  constexpr int unit = sizeof(T) == 4 ? -149 : -1074, half_unit = unit / 2;
  auto const k = some_integers(n, 500, 1), m = some_integers(n, 40, 2);
  auto x = subnormals<T>(k);
  std::vector<T> a, b, normal;  // a and b are not subnormal, their products are; so are halves of `normal`
  for (std::size_t i = 0; i < n; ++i) {
    a.push_back(scaled<T>(m[i], half_unit));
    b.push_back(scaled<T>(m[n - 1 - i], unit - half_unit));
    normal.push_back(std::numeric_limits<T>::min() + subnormal<T>(2 * std::abs(k[i])));
  }
  std::int64_t const smallest_normal = std::bit_cast<integer_of<T>>(std::numeric_limits<T>::min());
  std::int64_t products = 0;
  std::vector<std::int64_t> halves, running;
  for (std::size_t i = 0; i < n; ++i) {
    products += m[i] * m[n - 1 - i];
    halves.push_back(smallest_normal / 2 + std::abs(k[i]));
    running.push_back(k[i] + (i > 0 ? running.back() : 0));
  }
  auto const not_zero = std::count_if(k.begin(), k.end(), [](auto v) { return v != 0; });
  for (int number = 0; number < split_count; number += apart(7)) {
    auto const s = split_number(number, n);
    bool const made_inside = number / 2 % 2 == 0;
    std::optional<host_team> outside;
    if (!made_inside) outside = make_team(s.ranks, s.threads);
    T total, least, greatest, dotted;
    index_t counted;
    std::vector<T> scanned(n), halved(n);
    {
      hostile_caller const caller(number % 7 != 0, number % 3 != 0);
      if (made_inside) outside = make_team(s.ranks, s.threads);
      host_team const& team = *outside;
      auto const values = borrow(team, std::span<T>(x), s.cuts);
      total = sum(values);
      least = min(values);
      greatest = max(values);
      counted = count_if(values, [](T v) { return v != 0; });
      dotted = dot(borrow(team, std::span<T>(a), s.cuts), borrow(team, std::span<T>(b), s.cuts));
      auto to = borrow(team, std::span<T>(scanned), s.cuts);
      inclusive_scan(to, plus<T>{}, values);
      auto half = borrow(team, std::span<T>(halved), s.cuts);
      transform(
          half, [](T v) { return v * T{0.5}; }, borrow(team, std::span<T>(normal), s.cuts));
      team.sync();
      outside.reset();
    }
    ASSERT_EQ(total, subnormal<T>(running.back())) << number << ": " << s;
    ASSERT_EQ(least, subnormal<T>(*std::min_element(k.begin(), k.end()))) << number << ": " << s;
    ASSERT_EQ(greatest, subnormal<T>(*std::max_element(k.begin(), k.end()))) << number << ": " << s;
    ASSERT_EQ(counted, not_zero) << number << ": " << s;
    ASSERT_EQ(dotted, subnormal<T>(products)) << number << ": " << s;
    ASSERT_EQ(scanned, subnormals<T>(running)) << number << ": " << s;
    ASSERT_EQ(halved, subnormals<T>(halves)) << number << ": " << s;
  }
}

/// f in every environment.
void in_every_environment(auto const& f) {
  for (bool const flush : {false, true})
    for (bool const upward : {false, true}) {
      hostile_caller const caller(flush, upward);
      f();
    }
}

/// Costs and speeds of k times the smallest subnormal.
struct workload {
  std::vector<std::int64_t> costs, speeds;
  std::vector<double> cost_values = subnormals<double>(costs), speed_values = subnormals<double>(speeds);
};
std::vector<workload> workloads() {
  std::vector<workload> all;
  std::mt19937_64 random(4);
  for (int number = 0; number < 60; ++number) {
    std::vector<std::int64_t> costs, speeds;
    for (auto const v : some_integers(1 + random() % 8, 30, static_cast<unsigned>(number)))
      costs.push_back(std::abs(v));
    for (std::uint64_t r = 1 + random() % 3; r > 0; --r)
      speeds.push_back(1 + static_cast<std::int64_t>(random() % 7));
    all.push_back({costs, speeds});
  }
  return all;
}
double quotient(std::int64_t a, std::int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

TEST(HostileCallers, ShareTasksByLpt) {
  for (auto const& w : workloads()) {
    std::vector<std::size_t> order(w.costs.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) { return w.costs[i] > w.costs[j]; });
    std::vector<std::int64_t> loads(w.speeds.size(), 0);
    std::vector<int> rank_of(w.costs.size());
    for (auto const i : order) {
      std::size_t best = 0;
      for (std::size_t r = 1; r < loads.size(); ++r)
        if ((loads[r] + w.costs[i]) * w.speeds[best] < (loads[best] + w.costs[i]) * w.speeds[r]) best = r;
      loads[best] += w.costs[i];
      rank_of[i] = static_cast<int>(best);
    }
    double makespan = 0;
    for (std::size_t r = 0; r < loads.size(); ++r)
      makespan = std::max(makespan, quotient(loads[r], w.speeds[r]));
    in_every_environment([&] {
      auto const found = assign_tasks(w.cost_values, w.speed_values);
      EXPECT_EQ(found.rank_of, rank_of);
      EXPECT_EQ(std::bit_cast<std::uint64_t>(found.makespan), std::bit_cast<std::uint64_t>(makespan));
      for (std::size_t r = 0; r < loads.size(); ++r)
        EXPECT_EQ(std::bit_cast<std::int64_t>(found.loads[r]), loads[r]) << r;  // of a subnormal: the integer
    });
  }
}

TEST(HostileCallers, CutByCosts) {
  for (auto const& w : workloads()) {
    auto const n = static_cast<index_t>(w.costs.size());
    auto const load = [&](index_t from, index_t to) {
      return std::accumulate(w.costs.begin() + from, w.costs.begin() + to, std::int64_t{0});
    };
    double bottleneck = std::numeric_limits<double>::infinity();  // of all ways to cut
    auto const go_on = [&](auto const& self, std::size_t rank, index_t from, double so_far) -> void {
      if (rank + 1 == w.speeds.size()) {
        bottleneck = std::min(bottleneck, std::max(so_far, quotient(load(from, n), w.speeds[rank])));
        return;
      }
      for (index_t to = from; to <= n; ++to)
        self(self, rank + 1, to, std::max(so_far, quotient(load(from, to), w.speeds[rank])));
    };
    go_on(go_on, 0, 0, 0);
    in_every_environment([&] {
      auto const found = partition_by_costs(w.cost_values, w.speed_values, {.caps = {}, .granularity = 1});
      EXPECT_EQ(std::bit_cast<std::uint64_t>(found.bottleneck), std::bit_cast<std::uint64_t>(bottleneck));
      for (int r = 0; r < found.parts.ranks(); ++r)
        EXPECT_EQ(std::bit_cast<std::int64_t>(found.loads[static_cast<std::size_t>(r)]),
                  load(found.parts.begin(r), found.parts.end(r)));
    });
  }
}

TEST(HostileCallers, ShareByWeights) {
  auto const weights = subnormals<double>({3, 1, 2});
  double const third = quotient(1, 3), sixth = quotient(1, 6);
  in_every_environment([&] {
    EXPECT_EQ(apportion(10, weights), (std::vector<index_t>{5, 2, 3}));
    EXPECT_EQ(apportion(10, weights, std::vector<index_t>{4, 9, 9}), (std::vector<index_t>{4, 2, 4}));
    EXPECT_EQ(partition_by_weights(10, weights, {.granularity = 1, .caps = {10, 10, 10}}).cuts,
              (std::vector<index_t>{0, 5, 7, 10}));
    auto const normal = normalize(weights);
    EXPECT_TRUE(normal[0] == 0.5 && normal[1] == sixth && normal[2] == third);
  });
}

}  // namespace
