// Questions about the elements of files: any, all, how many are not zero.
#include <host/cli/loads.hpp>
#include <host/cli/reductions.hpp>
#include <prorata/reductions.hpp>

namespace prorata::cli {

namespace {

using inputs = std::span<std::unique_ptr<input> const>;

template <class Load, class To>
struct nonzero {  // NaN is not zero, as in NumPy
  static constexpr auto form = gpu_form::nonzero;
  Load load;
  To operator()(index_t i) const { return load(i) != 0; }
  void prepare(index_t first, index_t last) const { load.prepare(first, last); }
  std::vector<input const*> sources() const { return load.sources(); }
};

template <class Op>
typename Op::value_type asked(session& job, input const& in) {
  if (job.cuts().n == 0) return Op::identity();
  return with_load<as_itself>(in, [&]<class Load>(Load const& load) {
    return job.fold(order_free<Op>{}, nonzero<Load, typename Op::value_type>{load});
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
