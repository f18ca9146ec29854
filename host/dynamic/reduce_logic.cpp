// Questions about the elements of files: any, all, how many are not zero.
#include <host/dynamic/column_load.hpp>
#include <host/dynamic/reductions.hpp>
#include <prorata/reductions.hpp>

namespace prorata::dynamic {

namespace {

template <class Op>
typename Op::value_type asked(host::chunked_run& run, io::file_column const& in) {
  if (run.cuts().n == 0) return Op::identity();
  return with_load<as_itself>(in, [&](auto const& load) {
    return fold_on(run, order_free<Op>{}, load.then(nonzero<typename Op::value_type>{}));
  });
}

}  // namespace

answer run_any(host::chunked_run& run, columns in, reduce_options const&) {
  return {{"any", asked<logical_or>(run, *in[0])}};
}
answer run_all(host::chunked_run& run, columns in, reduce_options const&) {
  return {{"all", asked<logical_and>(run, *in[0])}};
}
answer run_count(host::chunked_run& run, columns in, reduce_options const&) {
  return {{"count", asked<plus<std::int64_t>>(run, *in[0])}};
}

}  // namespace prorata::dynamic
