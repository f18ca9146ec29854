// Folding distributed arrays: every split gives the same bits.
#pragma once

#include <cmath>
#include <host/fp_environment.hpp>
#include <prorata/elements.hpp>
#include <prorata/exactly.hpp>
#include <prorata/extrema.hpp>
#include <prorata/groups.hpp>
#include <prorata/integer_moments.hpp>
#include <prorata/integer_sum.hpp>
#include <prorata/reductions.hpp>

namespace prorata {

namespace detail {

/// An element type's own operation, a callable, or a reduction: made into a reduction.
template <class T, class Op>
auto reduction_of(Op const& op) {
  if constexpr (requires {
                  typename Op::result_type;
                  Op::lanes;
                }) {
    return op;
  } else if constexpr (requires {
                         typename Op::value_type;
                         Op::order_free;
                       }) {
    if constexpr (Op::order_free) {
      return order_free<Op>{op};
    } else {
      return ordered<Op>{op};
    }
  } else {
    return ordered<folding<T, Op>>{{op}};
  }
}

template <class R>
constexpr bool has_identity = requires {
  R::operation::identity();
};

}  // namespace detail

/// Marks an operation that is associative but not commutative: elements are folded strictly with their
/// neighbours (the canonical order with one lane). Slower than the 32-lane order.
template <class T, class Op>
auto in_sequence(Op op) {
  return ordered<folding<T, Op>, 1>{{op}};
}

/// Runs a reduction over f(x[i], more[i], …). Nothing is sent but partial results; the merge happens on the
/// device of the first local rank of each process, and every process returns the same bits.
///   shape   n ≥ 1 elements over P ranks → one result
///   order   the reduction's own, over global indices
///   cost    reads every array once; sends O(log n) rows of 32 values per rank
///   waits   for the result
///   throws  usage_error (n = 0), device_error, communication_error
template <class R, class F, class T, class... U, backend S>
typename R::result_type run_reduction(R const& reduction, F f, distributed_array<T, S> const& x,
                                      distributed_array<U, S> const&... more) {
  require_alike(x, more...);
  index_t const n = x.size();
  require(n > 0, "a reduction of no elements has no result");
  return detail::finishing(x, more...)([&] {
    auto const& team = x.team();
    auto const& cuts = x.partition();

    std::vector<piece> pieces;
    std::vector<std::size_t> offsets{0};
    for (int rank = 0; rank < team.ranks(); ++rank) {
      pieces.push_back({cuts.begin(rank), cuts.end(rank), n});
      offsets.push_back(offsets.back() + static_cast<std::size_t>((R::bytes(pieces.back()) + 63) / 64 * 64));
    }

    // local work: each rank folds its own share
    std::vector<buffer<std::byte, S>> partial;
    std::vector<void const*> send;
    for (std::size_t k = 0; k < x.parts().size(); ++k) {
      auto const& p = x.parts()[k];
      partial.emplace_back(*p.stream, static_cast<index_t>(offsets[static_cast<std::size_t>(p.rank) + 1] -
                                                           offsets[static_cast<std::size_t>(p.rank)]));
      send.push_back(partial.back().data());
      reduce_piece(*p.stream, reduction, pieces[static_cast<std::size_t>(p.rank)], load_of(f, k, x, more...),
                   partial.back().data());
    }

    // bytes: partial results reach the first rank of every process
    S& first = team.streams().front();
    buffer<std::byte, S> gathered(first, static_cast<index_t>(offsets.back()));
    std::vector<void*> receive(x.parts().size(), nullptr);
    receive.front() = gathered.data();
    if (team.ranks() > 1) {
      team.bytes().all_gather(team.streams(), send, receive, offsets);
    } else {
      std::swap(gathered, partial.front());
    }

    // local work: join and finish on that rank's device
    buffer<std::byte, S> whole(first, static_cast<index_t>(R::bytes({0, n, n})));
    buffer<typename R::result_type, S> answer(first, 1);
    reduce_join(first, reduction, std::move(pieces), gathered.data(), whole.data());
    reduce_finish(first, reduction, n, whole.data(), answer.data());
    typename R::result_type result;
    first.copy(&result, answer.data(), sizeof result);
    team.sync();
    return result;
  });
}

/// Folds f(x[i], more[i], …) with op: an operation such as plus<double>, a reduction, or any callable (T, T)
/// → T that is commutative and may be grouped anyhow (others: in_sequence). User functors are fused into the
/// pass.
///   order   canonical, L = 32 (P4016R0), integers and min/max in any order
///   empty   the operation's identity if it has one, else usage_error
template <class Op, class F, source X, source... More>
auto transform_reduce(F f, Op const& op, X const& x, More const&... more) {
  using element =
      std::remove_cvref_t<std::invoke_result_t<F, element_of<X> const&, element_of<More> const&...>>;
  auto const reduction = detail::reduction_of<element>(op);
  using R = std::remove_const_t<decltype(reduction)>;
  if constexpr (requires { R::operation::identity(); }) {
    if (x.size() == 0) return R::operation::identity();
  }
  return run_reduction(reduction, f, x, more...);
}

/// Folds the elements of x with op.
template <class Op, source X>
auto reduce(Op const& op, X const& x) {
  return transform_reduce(identity{}, op, x);
}

/// The same with an initial value, which enters last: op(init, fold of x).
template <class Op, class I, source X>
I reduce(Op const& op, X const& x, I init) {
  if (x.size() == 0) return init;
  auto const folded = reduce(op, x);
  return host::canonically([&] { return sealed(static_cast<I>(op(init, static_cast<I>(folded)))); });
}

namespace detail {
/// Arrays of which one may be a view of what must not change.
template <class X, class Y>
concept same_elements = std::is_same_v<element_of<X>, element_of<Y>>;

struct times {
  template <class T>
  PRORATA_HD constexpr T operator()(T a, T b) const {
    return multiplies<T>{}(a, b);
  }
};
struct square {
  template <class T>
  PRORATA_HD constexpr T operator()(T a) const {
    return multiplies<T>{}(a, a);
  }
};
struct paired {
  template <class T, class W>
  PRORATA_HD constexpr weighted_value operator()(T x, W w) const {
    return {static_cast<double>(w), static_cast<double>(x)};
  }
};
/// The last step of a mean or a norm, whatever rounding the caller has set.
template <class D>
double ratio(double numerator, D denominator) {
  return host::canonically([&] { return canonical_nan(numerator / static_cast<double>(denominator)); });
}
template <class T>
T root(T x) {
  return host::canonically([&] { return sealed(std::sqrt(x)); });
}

template <class P>
struct counted_if {
  P predicate;
  template <class T>
  PRORATA_HD std::uint32_t operator()(T const& x) const {
    return predicate(x) ? 1 : 0;
  }
};
}  // namespace detail

/// The element type of the exact accumulator for T: narrow integers go into the 64-bit one.
template <class T>
using exact_element =
    std::conditional_t<std::is_floating_point_v<T>, std::remove_const_t<T>, wide_integer<T>>;

/// Σ x[i]: floats in T, in the canonical order; integers exactly, in 64 bits of their signedness. (For sums modulo
/// 2^bits there is reduce(plus<T>{}, x).) Empty: 0 (−0 for floats).
///   throws  input_error where 64 bits do not hold a sum of integers: 128 are kept
template <source X>
auto sum(X const& x) {
  using element = element_of<X>;
  if constexpr (std::is_integral_v<element>) {
    using wide = exact_element<element_of<X>>;
    if (x.size() == 0) return wide{0};
    return integer_sum_or_refuse<wide>(run_reduction(exactly<exact_sum<wide>>{}, identity{}, x), "the sum",
                                       "exact_sum_of rounds to double, reduce with plus<> wraps");
  } else {
    return reduce(plus<element>{}, x);
  }
}

/// Π x[i], in T.
template <source X>
element_of<X> product(X const& x) {
  return reduce(multiplies<element_of<X>>{}, x);
}

/// Σ x[i]·y[i], in T: products rounded once, then summed in the canonical order.
template <source X, source Y>
requires detail::same_elements<X, Y> element_of<X> dot(X const& x, Y const& y) {
  return transform_reduce(detail::times{}, plus<element_of<X>>{}, x, y);
}

/// √Σ x[i]², in T.
template <source X>
element_of<X> norm(X const& x) {
  return detail::root(transform_reduce(detail::square{}, plus<element_of<X>>{}, x));
}

/// What `statistics` knows about an array; sums of integers, too, are those of doubles.
template <class T>
struct summary {
  index_t count;
  double sum, mean;
  double m2;  ///< Σ (x − mean)²
  T min, max;
  index_t argmin, argmax;

  double variance(index_t ddof = 0) const { return detail::ratio(m2, count - ddof); }
  double deviation(index_t ddof = 0) const { return detail::root(variance(ddof)); }
};

namespace detail {
inline double second_moment_of(second_moment_state const& found, index_t) { return found.m2; }
inline double second_moment_of(moments_state const& found, index_t) { return found.m2; }
inline double second_moment_of(integer_moments_state const& found, index_t n) {
  require(n < most_small_integers, "moments of integers of 16 bits at most are of fewer than 2^47 elements");
  return host::canonically([&] { return prorata::second_moment_of(found, n); });
}
}  // namespace detail

/// The reduction behind `variance`: whole numbers for small integers, else the second moment in the canonical order.
template <class T>
using variance_reduction = std::conditional_t<small_integer<T>, integer_moments<T>, ordered<second_moment>>;

/// The reduction behind `statistics`.
template <class T>
using statistics_reduction =
    both<std::conditional_t<small_integer<T>, integer_moments<T>, ordered<moments>>, extrema<T>>;

template <class T>
summary<T> summary_of(index_t n, typename statistics_reduction<T>::result_type const& r) {
  double const sum = host::canonically([&] { return static_cast<double>(r.first.sum); });
  return {n,
          sum,
          detail::ratio(sum, n),
          detail::second_moment_of(r.first, n),
          r.second.min,
          r.second.max,
          r.second.argmin,
          r.second.argmax};
}

/// Count, sum, mean, second moment, extremes and their places, in one pass; sums in double.
template <source X>
summary<element_of<X>> statistics(X const& x) {
  using element = element_of<X>;
  return summary_of<element>(x.size(), run_reduction(statistics_reduction<element>{}, identity{}, x));
}

/// Σ x[i] / n in double, the sum in the canonical order.
template <source X>
double mean(X const& x) {
  return detail::ratio(reduce(ordered<plus<double>>{}, x), x.size());
}

/// Σ (x[i] − mean)² / (n − ddof) in double, in one pass: right to a few units in the last place whatever the mean
/// (`second_moment`), and for integers of 16 bits at most from a second moment that is rounded once. NaN where an
/// element is infinite.
template <source X>
double variance(X const& x, index_t ddof = 0) {
  using R = variance_reduction<element_of<X>>;
  auto const found = run_reduction(R{}, identity{}, x);
  return detail::ratio(detail::second_moment_of(found, x.size()), x.size() - ddof);
}

template <source X>
double deviation(X const& x, index_t ddof = 0) {
  return detail::root(variance(x, ddof));
}

/// Sums of weights and weighted elements and the weighted second moment of x with weights w.
template <source X, source W>
weighted_moments_state weighted_statistics(X const& x, W const& w) {
  return transform_reduce(detail::paired{}, weighted_moments{}, x, w);
}

/// Σ w[i]·x[i] / Σ w[i] in double.
template <source X, source W>
double weighted_mean(X const& x, W const& w) {
  auto const m = weighted_statistics(x, w);
  return detail::ratio(m.sum, m.weight);
}

/// Σ w[i]·(x[i] − weighted mean)² / Σ w[i] in double, right to a few units in the last place whatever the mean. NaN
/// where an element is infinite.
template <source X, source W>
double weighted_variance(X const& x, W const& w) {
  auto const m = weighted_statistics(x, w);
  return detail::ratio(m.m2, m.weight);
}

/// The least and the greatest element and their lowest indices; floats as in IEEE 754-2019 minimum/maximum.
template <source X>
extrema_result<element_of<X>> minmax(X const& x) {
  return run_reduction(extrema<element_of<X>>{}, identity{}, x);
}
template <source X>
element_of<X> min(X const& x) {
  return minmax(x).min;
}
template <source X>
element_of<X> max(X const& x) {
  return minmax(x).max;
}
template <source X>
index_t argmin(X const& x) {
  return minmax(x).argmin;
}
template <source X>
index_t argmax(X const& x) {
  return minmax(x).argmax;
}

namespace detail {
struct as_factors {
  template <class T>
  PRORATA_HD constexpr factors<T> operator()(T x, T y) const {
    return {x, y};
  }
};
}  // namespace detail

/// Σ x[i] rounded once: to T for floats, to double for integers. Any order, any split: the same bits, those
/// of the true sum. Empty: +0.
template <source X>
auto exact_sum_of(X const& x) {
  if (x.size() == 0) return exact_sum<exact_element<element_of<X>>>{}.round();
  return run_reduction(exactly<exact_sum<exact_element<element_of<X>>>>{}, identity{}, x).round();
}

/// Σ x[i] / n rounded once.
template <source X>
auto exact_mean_of(X const& x) {
  return run_reduction(exactly<exact_sum<exact_element<element_of<X>>>>{}, identity{}, x).mean(x.size());
}

/// Σ (x[i] − mean)² / (n − ddof) rounded once, of floats.
///   cost   reads x twice
template <source X>
requires std::is_floating_point_v<element_of<X>>
double exact_variance_of(X const& x, index_t ddof = 0) {
  using element = element_of<X>;
  auto const sum = run_reduction(exactly<exact_sum<element>>{}, identity{}, x);
  auto const squares = run_reduction(exactly<exact_dot<element>>{}, detail::as_factors{}, x, x);
  return host::canonically([&] { return exact_variance(sum, squares, x.size(), ddof); });
}

/// The square root of exact_variance_of.
template <source X>
requires std::is_floating_point_v<element_of<X>>
double exact_deviation_of(X const& x, index_t ddof = 0) { return detail::root(exact_variance_of(x, ddof)); }

/// Σ x[i]·y[i] rounded once; no product is rounded before.
template <source X, source Y>
requires detail::same_elements<X, Y> element_of<X> exact_dot_of(X const& x, Y const& y) {
  using products = exact_dot<element_of<X>>;
  require_alike(x, y);
  if (x.size() == 0) return products{}.round();
  return run_reduction(exactly<products>{}, detail::as_factors{}, x, y).round();
}

/// Σ w[i]·x[i] / Σ w[i] rounded once.
template <source X, source Y>
requires detail::same_elements<X, Y> element_of<X> exact_weighted_mean_of(X const& x, Y const& w) {
  using element = element_of<X>;
  auto const products = run_reduction(exactly<exact_dot<element>>{}, detail::as_factors{}, x, w);
  return quotient<element>(products,
                           run_reduction(exactly<exact_sum<exact_element<element_of<X>>>>{}, identity{}, w));
}

/// How many elements the predicate holds for; whether for any, for all (empty: none, all).
template <source X, class P>
index_t count_if(X const& x, P predicate) {
  if (x.size() == 0) return 0;
  return run_reduction(counting{}, detail::counted_if<P>{predicate}, x);
}
template <source X, class P>
bool any_of(X const& x, P predicate) {
  return count_if(x, predicate) > 0;
}
template <source X, class P>
bool all_of(X const& x, P predicate) {
  return count_if(x, predicate) == x.size();
}

}  // namespace prorata
