// Apportionment: floors from exact quotas, then at most one unit more or less per weight in the method's
// order.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <host/fp_environment.hpp>
#include <host/integer_weights.hpp>
#include <numeric>
#include <prorata/apportion.hpp>
#include <prorata/error.hpp>
#include <string>

namespace prorata {
namespace {

using host::divide;
using host::integer_weights;
using host::sum_of;
using host::u128;

// Everything below is written once for Int = u128 (weights below 2^64) and for natural<…> (any doubles).
template <class Int>
struct quota {  // n·w/W = floor + remainder/W
  std::uint64_t floor;
  Int remainder;
};

template <class Int>
std::vector<quota<Int>> quotas(std::uint64_t n, std::vector<Int> const& weights, Int const& total) {
  std::vector<quota<Int>> result;
  result.reserve(weights.size());
  for (Int const& w : weights) {
    auto const [quotient, remainder] = divide(w * n, total);
    result.push_back({quotient, remainder});
  }
  return result;
}

template <class Int>
std::vector<std::uint64_t> hamilton_shares(std::uint64_t n, std::vector<quota<Int>> const& exact) {
  std::vector<std::uint64_t> shares;
  shares.reserve(exact.size());
  std::uint64_t left = n;
  for (auto const& q : exact) {
    shares.push_back(q.floor);
    left -= q.floor;
  }
  std::vector<std::size_t> order(exact.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  auto const earlier = [&](std::size_t a, std::size_t b) {
    return exact[a].remainder == exact[b].remainder ? a < b : exact[a].remainder > exact[b].remainder;
  };
  std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(left), order.end(), earlier);
  for (std::size_t k = 0; k < left; ++k) ++shares[order[k]];
  return shares;
}

// A divisor method hands out units one by one to the largest w/d(s), s being the units held so far: d(s) = s
// + 1 for D'Hondt, s + 1/2 for Webster (here doubled). Any s that holds exactly the units above some w/d is a
// state on that way, so the walk can begin at the quotas and needs at most one step per weight.
template <class Int>
class divisor_walk {
 public:
  divisor_walk(std::vector<Int> const& weights, bool halves) : weights_(weights), halves_(halves) {}

  std::vector<std::uint64_t> operator()(std::uint64_t n, std::vector<quota<Int>> const& exact,
                                        Int const& total) {
    std::uint64_t held = 0;
    shares_.clear();
    for (auto const& q : exact) {
      bool const up = halves_ && q.remainder * 2 > total;  // at exactly one half the walk decides
      shares_.push_back(q.floor + static_cast<std::uint64_t>(up));
      held += shares_.back();
    }
    if (held < n) step<+1>(n - held);
    if (held > n) step<-1>(held - n);
    return std::move(shares_);
  }

 private:
  std::uint64_t divisor(std::uint64_t units) const { return halves_ ? 2 * units + 1 : units + 1; }

  // A heap whose front is the next to gain (Direction +1) or to give back (−1) a unit.
  template <int Direction>
  void step(std::uint64_t steps) {
    std::vector<std::size_t> heap;
    for (std::size_t i = 0; i < weights_.size(); ++i)
      if (Int{} < weights_[i] && (Direction > 0 || shares_[i] > 0)) heap.push_back(i);
    auto const place = [&](std::size_t i) { return divisor(Direction > 0 ? shares_[i] : shares_[i] - 1); };
    auto const later = [&](std::size_t a, std::size_t b) {
      auto const x = weights_[a] * place(b), y = weights_[b] * place(a);  // w_a/d_a against w_b/d_b
      if (x == y) return Direction > 0 ? a > b : a < b;
      return Direction > 0 ? x < y : x > y;
    };
    std::make_heap(heap.begin(), heap.end(), later);
    for (; steps > 0; --steps) {
      std::pop_heap(heap.begin(), heap.end(), later);
      std::uint64_t& share = shares_[heap.back()];
      share = Direction > 0 ? share + 1 : share - 1;
      if (share == 0)
        heap.pop_back();  // only when giving back
      else
        std::push_heap(heap.begin(), heap.end(), later);
    }
  }

  std::vector<Int> const& weights_;
  bool const halves_;
  std::vector<std::uint64_t> shares_;
};

// Whoever would get more than its cap is fixed there, and the rest is divided anew among the others, until no
// cap is exceeded. What the others get only grows, so nobody who was fixed would come back below its cap.
template <class Int>
std::vector<index_t> divide_units(index_t n, std::vector<Int> weights, std::span<index_t const> caps,
                                  apportionment method) {
  std::vector<index_t> fixed(weights.size(), 0);
  auto left = static_cast<std::uint64_t>(n);
  while (left > 0) {
    Int const total = sum_of(weights);
    auto const exact = quotas(left, weights, total);
    auto const shares =
        method == apportionment::hamilton
            ? hamilton_shares(left, exact)
            : divisor_walk<Int>(weights, method == apportionment::webster)(left, exact, total);
    bool clipped = false;
    for (std::size_t i = 0; i < caps.size(); ++i) {
      auto const cap = static_cast<std::uint64_t>(caps[i]);
      // Hamilton clips by quota, so that nobody below its cap depends on another's rounding.
      bool const beyond = method == apportionment::hamilton
                              ? exact[i].floor > cap || (exact[i].floor == cap && Int{} < exact[i].remainder)
                              : shares[i] > cap;
      if (!beyond) continue;
      clipped = true;
      fixed[i] = caps[i];
      left -= cap;
      weights[i] = Int{};
    }
    if (clipped) continue;
    for (std::size_t i = 0; i < shares.size(); ++i) fixed[i] += static_cast<index_t>(shares[i]);
    break;
  }
  return fixed;
}

std::string shown(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

void require_weights(std::span<double const> weights, bool positive) {
  bool const something = host::canonically([&] {
    return std::any_of(weights.begin(), weights.end(), [](double w) { return w > 0; });  // subnormals, too
  });
  for (std::size_t i = 0; i < weights.size(); ++i) {
    double const w = weights[i];
    if (!std::isfinite(w) || w < 0)
      refuse("weight " + std::to_string(i) + " is " + shown(w) + "; weights are finite and not negative");
  }
  if (positive && !something)
    refuse(weights.empty() ? "there are no weights to divide by"
                           : "all " + std::to_string(weights.size()) +
                                 " weights are zero; at least one must be positive");
}

std::vector<index_t> apportion(index_t n, std::span<double const> weights, std::span<index_t const> caps,
                               apportionment method) {
  require(n >= 0, "cannot divide " + std::to_string(n) + " units; the number must not be negative");
  require_weights(weights, n > 0);
  if (!caps.empty()) {
    require(caps.size() == weights.size(), std::to_string(caps.size()) + " caps were given for " +
                                               std::to_string(weights.size()) +
                                               " weights; give one for each");
    u128 room = 0;
    for (std::size_t i = 0; i < caps.size(); ++i) {
      require(caps[i] >= 0,
              "cap " + std::to_string(i) + " is " + std::to_string(caps[i]) + "; it must not be negative");
      if (host::canonically([&] { return weights[i] > 0; })) room += static_cast<u128>(caps[i]);
    }
    if (room < static_cast<u128>(n))
      throw infeasible("the caps of the positive weights hold " + std::to_string(static_cast<index_t>(room)) +
                       " of " + std::to_string(n) + " units; raise them by " +
                       std::to_string(n - static_cast<index_t>(room)) + " in total");
  }
  if (n == 0) return std::vector<index_t>(weights.size(), 0);
  // Products with n or with a divisor need 64 bits more than the total.
  integer_weights const integers(weights);
  if (integers.needed < 64) return divide_units(n, integers.as<u128>(), caps, method);
  if (integers.needed < 192) return divide_units(n, integers.as<natural<8>>(), caps, method);
  return divide_units(n, integers.as<natural<72>>(), caps, method);
}

std::vector<index_t> apportion(index_t n, std::span<double const> weights, apportionment method) {
  return apportion(n, weights, {}, method);
}

}  // namespace prorata
