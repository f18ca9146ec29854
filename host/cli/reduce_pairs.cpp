// Reductions of two files together: dot products, weighted means and variances.
#include <host/cli/loads.hpp>
#include <host/cli/reductions.hpp>
#include <prorata/exactly.hpp>
#include <prorata/reduce.hpp>

namespace prorata::cli {

namespace {

using inputs = std::span<std::unique_ptr<input> const>;

struct as_weighted {
  weighted_value operator()(double x, double w) const { return {w, x}; }
};
struct as_exact_factors {
  factors<double> operator()(double x, double y) const { return {x, y}; }
};

/// Calls f(a, b) with loads of both files as double: fast ones where both are f32 or both f64.
template <class F>
answer with_real_pair(input const& a, input const& b, F const& f) {
  using io::dtype;
  auto const x = a.array().type, y = b.array().type;
  bool const plain = !a.array().swapped && !b.array().swapped;
  if (plain && x == dtype::f64 && y == dtype::f64)
    return f(stored_load<double, double>(a), stored_load<double, double>(b));
  if (plain && x == dtype::f32 && y == dtype::f32)
    return f(stored_load<float, double>(a), stored_load<float, double>(b));
  return f(any_load<double>(a), any_load<double>(b));
}

/// The same, but integers as 64 bits where both files are signed or both unsigned.
template <class F>
answer with_pair(input const& a, input const& b, F const& f) {
  using io::dtype;
  auto const x = a.array().type, y = b.array().type;
  bool const plain = !a.array().swapped && !b.array().swapped;
  auto const counting = [](dtype t) { return io::is_unsigned_integer(t) || t == dtype::boolean; };
  if (plain && x == dtype::i64 && y == dtype::i64)
    return f(stored_load<std::int64_t, std::int64_t>(a), stored_load<std::int64_t, std::int64_t>(b));
  if (plain && x == dtype::i32 && y == dtype::i32)
    return f(stored_load<std::int32_t, std::int64_t>(a), stored_load<std::int32_t, std::int64_t>(b));
  if (io::is_signed_integer(x) && io::is_signed_integer(y))
    return f(any_load<std::int64_t>(a), any_load<std::int64_t>(b));
  if (counting(x) && counting(y)) return f(any_load<std::uint64_t>(a), any_load<std::uint64_t>(b));
  return with_real_pair(a, b, f);
}

weighted_moments_state weighted(session& job, inputs in) {
  weighted_moments_state m{};
  with_real_pair(*in[0], *in[1], [&]<class A, class B>(A const& x, B const& w) -> answer {
    m = job.fold(ordered<weighted_moments>{}, pair_load<A, B, as_weighted>{x, w, {}});
    return {};
  });
  return m;
}

}  // namespace

answer run_dot(session& job, inputs in, reduce_options const& how) {
  if (how.exact)
    return with_real_pair(*in[0], *in[1], [&]<class A, class B>(A const& x, B const& y) -> answer {
      if (job.cuts().n == 0) return {{"dot", 0.0}};
      return {{"dot",
               job.fold(exactly<exact_dot<double>>{}, pair_load<A, B, as_exact_factors>{x, y, {}}).round()}};
    });
  return with_pair(*in[0], *in[1], [&]<class A, class B>(A const& x, B const& y) -> answer {
    using T = std::decay_t<decltype(x(0))>;
    using R = decltype(detail::reduction_of<T>(plus<T>{}));
    if (job.cuts().n == 0) return {{"dot", T{}}};
    return {{"dot", job.fold(R{}, pair_load<A, B, multiplies<T>>{x, y, {}})}};
  });
}

answer run_wmean(session& job, inputs in, reduce_options const& how) {
  if (how.exact)
    return with_real_pair(*in[0], *in[1], [&]<class A, class B>(A const& x, B const& w) -> answer {
      auto const products =
          job.fold(exactly<exact_dot<double>>{}, pair_load<A, B, as_exact_factors>{x, w, {}});
      auto const weights = job.fold(exactly<exact_sum<double>>{}, w);
      return {{"wmean", quotient<double>(products, weights)}};
    });
  auto const m = weighted(job, in);
  return {{"wmean", detail::ratio(m.sum, m.weight)}};
}

answer run_wvar(session& job, inputs in, reduce_options const&) {
  auto const m = weighted(job, in);
  return {{"wvar", detail::ratio(m.m2, m.weight)}};
}

}  // namespace prorata::cli
