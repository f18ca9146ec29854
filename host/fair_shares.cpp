// Water-filling: the level is found among the places where a claim begins or ceases to grow with it.
#include <host/integer_weights.hpp>
#include <numeric>
#include <prorata/apportion.hpp>
#include <prorata/error.hpp>
#include <prorata/fair_shares.hpp>
#include <queue>
#include <string>

namespace prorata {
namespace {

using host::divide;
using host::integer_weights;
using host::u128;

/// What a claim gets at least, as far as it is wanted, and at most.
struct bounds {
  index_t lower, upper;
};

/// Divides n units among positive weights within their bounds. Requires Σ lower ≤ n ≤ Σ upper.
template <class Int>
std::vector<index_t> fill(index_t n, std::vector<Int> const& weights, std::vector<bounds> const& limits) {
  // At the level units/weight the claim begins to grow with it, or stops.
  struct bend {
    index_t units;
    std::size_t of;
    bool stops;
  };
  auto const whole = [](index_t units) { return static_cast<std::uint64_t>(units); };
  std::vector<bend> bends;
  std::vector<index_t> shares;
  u128 fixed = 0;  // units of those that do not grow
  for (std::size_t i = 0; i < weights.size(); ++i) {
    bends.push_back({limits[i].lower, i, false});
    bends.push_back({limits[i].upper, i, true});
    shares.push_back(limits[i].lower);
    fixed += whole(limits[i].lower);
  }
  std::sort(bends.begin(), bends.end(), [&](bend const& a, bend const& b) {
    auto const x = weights[b.of] * whole(a.units), y = weights[a.of] * whole(b.units);
    return x == y ? (a.of != b.of ? a.of < b.of : a.stops < b.stops) : x < y;
  });
  std::vector<bool> grows(weights.size());
  Int growing{};  // their weights
  for (bend const& b : bends) {
    // Whether this level gives all units: fixed + growing·units/weight ≥ n.
    Int reached = weights[b.of] * static_cast<std::uint64_t>(fixed);
    reached += growing * whole(b.units);
    if (!(reached < weights[b.of] * whole(n))) break;
    grows[b.of] = !b.stops;
    if (b.stops) {
      growing -= weights[b.of];
      fixed += whole(shares[b.of] = b.units);
    } else {
      growing += weights[b.of];
      fixed -= whole(b.units);
    }
  }
  index_t left = n;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (grows[i])
      shares[i] = static_cast<index_t>(
          divide(weights[i] * (whole(n) - static_cast<std::uint64_t>(fixed)), growing).quotient);
    left -= shares[i];
  }
  // Fewer units are left than claims grow. D'Hondt: the next to the largest weight/(units + 1).
  auto const later = [&](std::size_t a, std::size_t b) {
    auto const x = weights[a] * whole(shares[b] + 1), y = weights[b] * whole(shares[a] + 1);
    return x == y ? a > b : x < y;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> next(later);
  for (std::size_t i = 0; i < weights.size() && left > 0; ++i)
    if (shares[i] < limits[i].upper) next.push(i);
  for (; left > 0; --left) {
    std::size_t const i = next.top();
    next.pop();
    if (++shares[i] < limits[i].upper) next.push(i);
  }
  return shares;
}

std::vector<index_t> fill(index_t n, std::vector<double> const& weights, std::vector<bounds> const& limits) {
  integer_weights const integers(weights);  // products with units need 64 bits more than the total
  if (integers.needed < 64) return fill(n, integers.as<u128>(), limits);
  if (integers.needed < 192) return fill(n, integers.as<natural<8>>(), limits);
  return fill(n, integers.as<natural<72>>(), limits);
}

}  // namespace

fair_division fair_shares(index_t capacity, std::span<claim const> claims) {
  require(capacity >= 0,
          "cannot divide " + std::to_string(capacity) + " units; the number must not be negative");
  std::vector<double> weights;
  for (claim const& c : claims) weights.push_back(c.weight);
  require_weights(weights, false);
  fair_division result{std::vector<index_t>(claims.size(), 0), 0, false};

  // Those with a weight come first, those without have what is left, each as one of equals.
  struct party {
    std::vector<std::size_t> members;
    std::vector<double> weights;
    std::vector<bounds> limits;
    u128 lower = 0, upper = 0;
  } weighted, others;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    claim const& c = claims[i];
    auto const named = [&](char const* what, index_t units) {
      return std::string(what) + " of claim " + std::to_string(i) + " is " + std::to_string(units);
    };
    require(c.minimum >= 0, named("the minimum", c.minimum) + "; it must not be negative");
    require(c.demand >= 0, named("the demand", c.demand) + "; it must not be negative");
    require(c.minimum <= c.maximum,
            named("the minimum", c.minimum) + ", above its maximum " + std::to_string(c.maximum));
    index_t const upper = std::min(c.maximum, c.demand), lower = std::min(c.minimum, upper);
    bool const counts = dissect(c.weight).significand != 0;
    party& p = counts ? weighted : others;
    p.members.push_back(i);
    p.weights.push_back(counts ? c.weight : 1);
    p.limits.push_back({lower, upper});
    p.lower += static_cast<u128>(lower);
    p.upper += static_cast<u128>(upper);
  }

  auto const n = static_cast<u128>(capacity);
  result.minimums_reduced = weighted.lower + others.lower > n;
  if (result.minimums_reduced)  // they are the upper limits then
    for (party* p : {&weighted, &others}) {
      for (bounds& b : p->limits) b = {0, b.lower};
      p->upper = p->lower;
      p->lower = 0;
    }
  u128 const first = std::min(weighted.upper, n - others.lower), second = std::min(others.upper, n - first);
  for (auto const& [p, units] : {std::pair{&weighted, first}, std::pair{&others, second}}) {
    auto const shares = fill(static_cast<index_t>(units), p->weights, p->limits);
    for (std::size_t k = 0; k < shares.size(); ++k) result.units[p->members[k]] = shares[k];
  }
  result.unclaimed = static_cast<index_t>(n - first - second);
  return result;
}

}  // namespace prorata
