// Least and greatest elements of files, and where they are.
#include <host/dynamic/column_load.hpp>
#include <host/dynamic/first_place.hpp>
#include <host/dynamic/reductions.hpp>
#include <prorata/extrema.hpp>

namespace prorata::dynamic {

namespace {

struct found {
  number min, max;
  index_t argmin, argmax;
};

found extremes(host::chunked_run& run, io::file_column const& in) {
  return with_load<as_itself>(in, [&]<class Load>(Load const& load) -> found {
    using T = typename Load::value_type;
    auto const r = fold_on(run, extrema<T>{}, load);
    return {number_of(r.min), number_of(r.max), r.argmin, r.argmax};
  });
}

}  // namespace

answer run_min(host::chunked_run& run, columns in, reduce_options const&) {
  return {{"min", extremes(run, *in[0]).min}};
}
answer run_max(host::chunked_run& run, columns in, reduce_options const&) {
  return {{"max", extremes(run, *in[0]).max}};
}
answer run_minmax(host::chunked_run& run, columns in, reduce_options const&) {
  auto const f = extremes(run, *in[0]);
  return {{"min", f.min}, {"max", f.max}};
}
answer run_argmin(host::chunked_run& run, columns in, reduce_options const&) {
  return {place("argmin", run, *in[0], extremes(run, *in[0]).argmin)};
}
answer run_argmax(host::chunked_run& run, columns in, reduce_options const&) {
  return {place("argmax", run, *in[0], extremes(run, *in[0]).argmax)};
}

}  // namespace prorata::dynamic
