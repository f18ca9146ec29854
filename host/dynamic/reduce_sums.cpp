// Sums, products, means and norms of files.
#include <cmath>
#include <host/dynamic/column_load.hpp>
#include <host/dynamic/reductions.hpp>
#include <host/io/printable.hpp>
#include <prorata/exactly.hpp>
#include <prorata/reduce.hpp>

namespace prorata::dynamic {

namespace {

template <class Op>
auto folded(host::chunked_run& run, auto const& load, Op op) {
  using R = decltype(detail::reduction_of<typename Op::value_type>(op));
  using T = typename Op::value_type;
  if (run.cuts().n == 0) return static_cast<T>(Op::identity() + T{});  // of −0, the identity of a sum: +0
  return fold_on(run, R{op}, load);
}

template <class Load>
using loaded = typename std::decay_t<Load>::value_type;

/// The exact accumulator of all elements.
template <class T>
exact_sum<T> exact(host::chunked_run& run, auto const& load) {
  if (run.cuts().n == 0) return {};
  return fold_on(run, exactly<exact_sum<T>>{}, load);
}

}  // namespace

answer run_sum(host::chunked_run& run, columns in, reduce_options const& how) {
  if (how.exact)
    return with_load<as_itself>(*in[0], [&](auto const& load) -> answer {
      auto const total = exact<exact_element<loaded<decltype(load)>>>(run, load);
      return {{"sum", total.template round_to<double>()}};
    });
  return with_load<as_addends>(*in[0], [&](auto const& load) -> answer {
    using T = loaded<decltype(load)>;
    if constexpr (std::is_integral_v<T>) {
      using wide = wide_integer<T>;
      if (how.wrap) return {{"sum", folded(run, load, plus<wide>{})}};
      return {{"sum", integer_sum_or_refuse<wide>(
                          exact<wide>(run, load), io::printable(in[0]->array().path) + ": the sum",
                          "--exact rounds it to float64, --wrap gives it modulo 2^64")}};
    } else {
      return {{"sum", folded(run, load, plus<T>{})}};
    }
  });
}

answer run_product(host::chunked_run& run, columns in, reduce_options const&) {
  return with_load<as_wide>(*in[0], [&](auto const& load) -> answer {
    return {{"product", folded(run, load, multiplies<loaded<decltype(load)>>{})}};
  });
}

answer run_mean(host::chunked_run& run, columns in, reduce_options const& how) {
  if (how.exact)
    return with_load<as_itself>(*in[0], [&](auto const& load) -> answer {
      auto const total = exact<exact_element<loaded<decltype(load)>>>(run, load);
      return {{"mean", total.template mean_to<double>(run.cuts().n)}};
    });
  return with_load<as_addends>(*in[0], [&](auto const& load) -> answer {
    using T = loaded<decltype(load)>;
    if constexpr (std::is_integral_v<T>) {
      return {{"mean", exact<wide_integer<T>>(run, load).mean(run.cuts().n)}};
    } else {
      return {{"mean", detail::ratio(folded(run, load, plus<T>{}), run.cuts().n)}};
    }
  });
}

answer run_norm(host::chunked_run& run, columns in, reduce_options const& how) {
  return with_load<as_real>(*in[0], [&](auto const& load) -> answer {
    if (run.cuts().n == 0) return {{"norm", 0.0}};
    if (how.exact) {
      auto const squares = fold_on(run, exactly<exact_dot<double>>{}, load.then(as_factors{}));
      return {{"norm", detail::root(squares.round())}};
    }
    return {{"norm", detail::root(folded(run, load.then(square{}), plus<double>{}))}};
  });
}

}  // namespace prorata::dynamic
