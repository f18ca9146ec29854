// Variance and deviation of files, and all statistics in one pass.
#include <host/cli/loads.hpp>
#include <host/cli/reductions.hpp>
#include <prorata/reduce.hpp>

namespace prorata::cli {

namespace {

using inputs = std::span<std::unique_ptr<input> const>;

double spread_of(session& job, input const& in, index_t ddof) {
  auto const m = with_load<as_real>(in, [&](auto const& load) { return job.fold(ordered<moments>{}, load); });
  return detail::ratio(m.m2, job.cuts().n - ddof);
}

}  // namespace

answer run_var(session& job, inputs in, bool, index_t ddof) {
  return {{"var", spread_of(job, *in[0], ddof)}};
}
answer run_std(session& job, inputs in, bool, index_t ddof) {
  return {{"std", detail::root(spread_of(job, *in[0], ddof))}};
}

answer run_stats(session& job, inputs in, bool, index_t ddof) {
  return with_load<as_itself>(*in[0], [&](auto const& load) -> answer {
    using T = std::decay_t<decltype(load(0))>;
    auto const s = summary_of<T>(job.cuts().n, job.fold(statistics_reduction<T>{}, load));
    auto const as_number = [](T x) -> number {
      if constexpr (std::is_floating_point_v<T>) return x;
      if constexpr (std::is_signed_v<T>) return static_cast<std::int64_t>(x);
      return static_cast<std::uint64_t>(x);
    };
    return {{"count", static_cast<std::int64_t>(s.count)},
            {"sum", s.sum},
            {"mean", s.mean},
            {"std", s.deviation(ddof)},
            {"min", as_number(s.min)},
            {"max", as_number(s.max)},
            {"argmin", static_cast<std::int64_t>(in[0]->c_order_index(s.argmin)), in[0]->position(s.argmin)},
            {"argmax", static_cast<std::int64_t>(in[0]->c_order_index(s.argmax)), in[0]->position(s.argmax)}};
  });
}

}  // namespace prorata::cli
