// Variance and deviation of files, and all statistics in one pass.
#include <host/dynamic/column_load.hpp>
#include <host/dynamic/first_place.hpp>
#include <host/dynamic/reductions.hpp>
#include <prorata/reduce.hpp>

namespace prorata::dynamic {

namespace {

/// Small integers as they are, all else as double where it is loaded: a sixth less processor time for std of floats.
struct as_spread {
  template <class Stored, class V = decltype(value_of(Stored{}))>
  using type = std::conditional_t<small_integer<V>, V, double>;
};

double variance_of(host::chunked_run& run, io::file_column const& in, reduce_options const& how) {
  index_t const n = run.cuts().n;
  if (how.exact)
    return with_load<as_real>(in, [&](auto const& load) -> double {
      auto const sum = fold_on(run, exactly<exact_sum<double>>{}, load);
      auto const squares = fold_on(run, exactly<exact_dot<double>>{}, load.then(as_factors{}));
      return exact_variance(sum, squares, n, how.ddof);
    });
  return with_load<as_itself>(in, [&]<class Load>(Load const& load) -> double {
    using T = typename Load::value_type;
    auto const found = fold_on(run, variance_reduction<T>{}, load);
    return detail::ratio(detail::second_moment_of(found, n), n - how.ddof);
  });
}

/// What stats says of sums: of floats those of the canonical order, of integers exact ones.
struct totals {
  finding sum;
  double mean;
};

totals real_totals(double sum, index_t n) { return {{"sum", sum}, detail::ratio(sum, n)}; }

template <class T>
totals integer_totals(exact_sum<T> const& total, index_t n, bool wrap) {
  double const mean = total.mean(n);
  if (auto const sum = integer_sum(total)) return {{"sum", *sum}, mean};
  if (wrap) return {{"sum", static_cast<T>(detail::whole_sum(total).low_bits())}, mean};
  return {{.name = "sum", .value = total.round(), .note = "rounded: " + beyond<T>() + " " + decimal(total)},
          mean};
}

template <class Load>
answer all_statistics(host::chunked_run& run, io::file_column const& in, Load const& load,
                      reduce_options const& how) {
  using T = typename Load::value_type;
  index_t const n = run.cuts().n;
  auto const described = [&](totals const& t, double m2, extrema_result<T> const& e) -> answer {
    return {{"count", static_cast<std::int64_t>(n)},
            t.sum,
            {"mean", t.mean},
            {"std", detail::root(detail::ratio(m2, n - how.ddof))},
            {"min", number_of(e.min)},
            {"max", number_of(e.max)},
            place("argmin", run, in, e.argmin),
            place("argmax", run, in, e.argmax)};
  };
  if constexpr (std::is_integral_v<T> && !small_integer<T>) {
    using wide = wide_integer<T>;
    auto const found =
        fold_on(run, both<both<exactly<exact_sum<wide>>, ordered<second_moment>>, extrema<T>>{}, load);
    return described(integer_totals(found.first.first, n, how.wrap), found.first.second.m2, found.second);
  } else {
    auto const found = fold_on(run, statistics_reduction<T>{}, load);
    double const m2 = detail::second_moment_of(found.first, n);
    if constexpr (std::is_integral_v<T>) {
      exact_sum<wide_integer<T>> total;
      total.deposit(static_cast<wide_integer<T>>(found.first.sum));
      return described(integer_totals(total, n, how.wrap), m2, found.second);
    } else {
      return described(real_totals(found.first.sum, n), m2, found.second);
    }
  }
}

}  // namespace

answer run_var(host::chunked_run& run, columns in, reduce_options const& how) {
  return {{"var", variance_of(run, *in[0], how)}};
}
answer run_std(host::chunked_run& run, columns in, reduce_options const& how) {
  return {{"std", detail::root(variance_of(run, *in[0], how))}};
}

answer run_stats(host::chunked_run& run, columns in, reduce_options const& how) {
  return with_load<as_itself>(*in[0],
                              [&](auto const& load) { return all_statistics(run, *in[0], load, how); });
}

}  // namespace prorata::dynamic
