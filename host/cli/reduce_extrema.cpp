// Least and greatest elements of files, and where they are.
#include <host/cli/first_place.hpp>
#include <host/cli/loads.hpp>
#include <host/cli/reductions.hpp>
#include <prorata/extrema.hpp>

namespace prorata::cli {

namespace {

using inputs = std::span<std::unique_ptr<input> const>;

template <class T>
number as_number(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return x;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<std::int64_t>(x);
  } else {
    return static_cast<std::uint64_t>(x);
  }
}

struct found {
  number min, max;
  index_t argmin, argmax;
};

found extremes(session& job, input const& in) {
  return with_load<as_itself>(in, [&]<class Load>(Load const& load) -> found {
    using T = typename Load::value_type;
    auto const r = job.fold(extrema<T>{}, load);
    return {as_number(r.min), as_number(r.max), r.argmin, r.argmax};
  });
}

}  // namespace

answer run_min(session& job, inputs in, reduce_options const&) {
  return {{"min", extremes(job, *in[0]).min}};
}
answer run_max(session& job, inputs in, reduce_options const&) {
  return {{"max", extremes(job, *in[0]).max}};
}
answer run_minmax(session& job, inputs in, reduce_options const&) {
  auto const f = extremes(job, *in[0]);
  return {{"min", f.min}, {"max", f.max}};
}
answer run_argmin(session& job, inputs in, reduce_options const&) {
  return {first_place("argmin", job, *in[0], extremes(job, *in[0]).argmin)};
}
answer run_argmax(session& job, inputs in, reduce_options const&) {
  return {first_place("argmax", job, *in[0], extremes(job, *in[0]).argmax)};
}

}  // namespace prorata::cli
