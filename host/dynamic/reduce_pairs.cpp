// Reductions of two files together: dot products, weighted means and variances.
#include <host/dynamic/column_load.hpp>
#include <host/dynamic/reductions.hpp>
#include <prorata/exactly.hpp>
#include <prorata/reduce.hpp>

namespace prorata::dynamic {

namespace {

/// Whether a file's elements are floats, or are decoded to them.
bool narrow(io::file_column const& in) {
  return in.array().type == io::dtype::f32 || in.array().type == io::dtype::f16;
}

/// Calls f(load) with the load of g(a[i], b[i]), of doubles.
template <class G, class F>
answer with_real_pair(io::file_column const& a, io::file_column const& b, G const& g, F const& f) {
  if (narrow(a) && narrow(b)) return f(column_load<of_doubles<G>, float, float>({g}, a, b));
  return f(column_load<G, double, double>(g, a, b));
}

/// Calls f(load) with the load of products: of doubles, or of 64 bits where both files hold signed integers, or both
/// unsigned ones.
template <class F>
answer with_products(io::file_column const& a, io::file_column const& b, F const& f) {
  auto const x = a.array().type, y = b.array().type;
  auto const counting = [](io::dtype t) { return io::is_unsigned_integer(t) || t == io::dtype::boolean; };
  if (x == io::dtype::i32 && y == io::dtype::i32)
    return f(column_load<wide_product<std::int64_t>, std::int32_t, std::int32_t>({}, a, b));
  if (io::is_signed_integer(x) && io::is_signed_integer(y))
    return f(column_load<multiplies<std::int64_t>, std::int64_t, std::int64_t>({}, a, b));
  if (counting(x) && counting(y))
    return f(column_load<multiplies<std::uint64_t>, std::uint64_t, std::uint64_t>({}, a, b));
  return with_real_pair(a, b, multiplies<double>{}, f);
}

weighted_moments_state weighted(host::chunked_run& run, columns in) {
  weighted_moments_state m{};
  with_real_pair(*in[0], *in[1], as_weighted{}, [&](auto const& load) -> answer {
    m = fold_on(run, ordered<weighted_moments>{}, load);
    return {};
  });
  return m;
}

}  // namespace

answer run_dot(host::chunked_run& run, columns in, reduce_options const& how) {
  if (how.exact)
    return with_real_pair(*in[0], *in[1], as_factors{}, [&](auto const& load) -> answer {
      if (run.cuts().n == 0) return {{"dot", 0.0}};
      return {{"dot", fold_on(run, exactly<exact_dot<double>>{}, load).round()}};
    });
  return with_products(*in[0], *in[1], [&]<class Load>(Load const& load) -> answer {
    using T = typename Load::value_type;
    using R = decltype(detail::reduction_of<T>(plus<T>{}));
    if (run.cuts().n == 0) return {{"dot", T{}}};
    return {{"dot", fold_on(run, R{}, load)}};
  });
}

answer run_wmean(host::chunked_run& run, columns in, reduce_options const& how) {
  if (how.exact)
    return with_real_pair(*in[0], *in[1], as_factors{}, [&](auto const& load) -> answer {
      auto const products = fold_on(run, exactly<exact_dot<double>>{}, load);
      return with_load<as_real>(*in[1], [&](auto const& weights) -> answer {
        return {{"wmean", quotient<double>(products, fold_on(run, exactly<exact_sum<double>>{}, weights))}};
      });
    });
  auto const m = weighted(run, in);
  return {{"wmean", detail::ratio(m.sum, m.weight)}};
}

answer run_wvar(host::chunked_run& run, columns in, reduce_options const&) {
  auto const m = weighted(run, in);
  return {{"wvar", detail::ratio(m.m2, m.weight)}};
}

}  // namespace prorata::dynamic
