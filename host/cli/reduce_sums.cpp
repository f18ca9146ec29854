// Sums, products, means and norms of files.
#include <cmath>
#include <host/cli/loads.hpp>
#include <host/cli/reductions.hpp>
#include <host/io/printable.hpp>
#include <prorata/exactly.hpp>
#include <prorata/reduce.hpp>

namespace prorata::cli {

namespace {

using inputs = std::span<std::unique_ptr<input> const>;

template <class Op>
auto folded(session& job, auto const& load, Op op) {
  using R = decltype(detail::reduction_of<typename Op::value_type>(op));
  using T = typename Op::value_type;
  if (job.cuts().n == 0) return static_cast<T>(Op::identity() + T{});  // of −0, the identity of a sum: +0
  return job.fold(R{op}, load);
}

template <class Load>
using loaded = typename std::decay_t<Load>::value_type;

/// The exact accumulator of all elements.
template <class T>
exact_sum<T> exact(session& job, auto const& load) {
  if (job.cuts().n == 0) return {};
  return job.fold(exactly<exact_sum<T>>{}, load);
}

}  // namespace

answer run_sum(session& job, inputs in, reduce_options const& how) {
  if (how.exact)
    return with_load<as_itself>(*in[0], [&](auto const& load) -> answer {
      auto const total = exact<exact_element<loaded<decltype(load)>>>(job, load);
      return {{"sum", total.template round_to<double>()}};
    });
  return with_load<as_addends>(*in[0], [&](auto const& load) -> answer {
    using T = loaded<decltype(load)>;
    if constexpr (std::is_integral_v<T>) {
      using wide = wide_integer<T>;
      if (how.wrap) return {{"sum", folded(job, load, plus<wide>{})}};
      return {{"sum", integer_sum_or_refuse<wide>(
                          exact<wide>(job, load), io::printable(in[0]->array().path) + ": the sum",
                          "--exact rounds it to float64, --wrap gives it modulo 2^64")}};
    } else {
      return {{"sum", folded(job, load, plus<T>{})}};
    }
  });
}

answer run_product(session& job, inputs in, reduce_options const&) {
  return with_load<as_wide>(*in[0], [&](auto const& load) -> answer {
    return {{"product", folded(job, load, multiplies<loaded<decltype(load)>>{})}};
  });
}

answer run_mean(session& job, inputs in, reduce_options const& how) {
  if (how.exact)
    return with_load<as_itself>(*in[0], [&](auto const& load) -> answer {
      auto const total = exact<exact_element<loaded<decltype(load)>>>(job, load);
      return {{"mean", total.template mean_to<double>(job.cuts().n)}};
    });
  return with_load<as_addends>(*in[0], [&](auto const& load) -> answer {
    using T = loaded<decltype(load)>;
    if constexpr (std::is_integral_v<T>) {
      return {{"mean", exact<wide_integer<T>>(job, load).mean(job.cuts().n)}};
    } else {
      return {{"mean", detail::ratio(folded(job, load, plus<T>{}), job.cuts().n)}};
    }
  });
}

answer run_norm(session& job, inputs in, reduce_options const& how) {
  return with_load<as_real>(*in[0], [&](auto const& load) -> answer {
    if (job.cuts().n == 0) return {{"norm", 0.0}};
    if (how.exact) {
      auto const squares = job.fold(exactly<exact_dot<double>>{}, load.then(as_factors{}));
      return {{"norm", detail::root(squares.round())}};
    }
    return {{"norm", detail::root(folded(job, load.then(square{}), plus<double>{}))}};
  });
}

}  // namespace prorata::cli
