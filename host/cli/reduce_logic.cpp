// Questions about the elements of files: any, all, how many are not zero.
#include <host/cli/loads.hpp>
#include <host/cli/reductions.hpp>
#include <prorata/reductions.hpp>

namespace prorata::cli {

namespace {

using inputs = std::span<std::unique_ptr<input> const>;

template <class Op>
typename Op::value_type asked(session& job, input const& in) {
  if (job.cuts().n == 0) return Op::identity();
  return with_load<as_itself>(in, [&](auto const& load) {
    return job.fold(order_free<Op>{}, load.then(nonzero<typename Op::value_type>{}));
  });
}

}  // namespace

answer run_any(session& job, inputs in, reduce_options const&) {
  return {{"any", asked<logical_or>(job, *in[0])}};
}
answer run_all(session& job, inputs in, reduce_options const&) {
  return {{"all", asked<logical_and>(job, *in[0])}};
}
answer run_count(session& job, inputs in, reduce_options const&) {
  return {{"count", asked<plus<std::int64_t>>(job, *in[0])}};
}

}  // namespace prorata::cli
