// Reducing every run of an array on the host: short ones by one thread each, long ones by all.
#pragma once

#include <algorithm>
#include <host/reduce.hpp>
#include <prorata/short_run.hpp>
#include <vector>

namespace prorata::host {

namespace detail {

/// A run of at most a few grains, by one thread.
template <class R, class Load>
typename R::result_type reduce_run(R const& r, Load const& load, index_t begin, index_t length) {
  shifted_load<Load> const mine{load, begin};
  if constexpr (folds_short<R, shifted_load<Load>>) {
    if (length <= short_run) return fold_short(r, mine, length);
  }
  state_of<R> state(r, length, 0);
  state.take(mine, length);
  return state.result();
}

/// A long one, by all threads.
template <class R, class Load>
typename R::result_type reduce_long_run(stream const& s, R const& r, Load const& load, index_t begin,
                                        index_t length) {
  struct context_type {
    R const& r;
    shifted_load<Load> load;
  } const context{r, {load, begin}};
  piece const whole{0, length, length};
  auto const bytes = std::make_unique<std::byte[]>(static_cast<std::size_t>(R::bytes(whole)));
  reduce_parts(
      s, r, whole,
      [](void const* c, piece mine, std::byte* to) {
        auto const& with = *static_cast<context_type const*>(c);
        reduce_part(with.r, mine, with.load, to);
      },
      &context, bytes.get());
  state_of<R> state(r, length, 0);
  state.join(bytes.get(), whole);
  return state.result();
}
}  // namespace detail

/// Queues out[k] = the reduction of load(i) for i in run k, as if the run were an array of its own: run k is
/// [begins[k], begins[k + 1]), the last one ends at `end`. No run is empty.
///   cost  reads every element once
template <class R, class Load>
void reduce_runs(stream& s, R const& r, index_t const* begins, index_t count, index_t end, Load load,
                 typename R::result_type* out) {
  if (count == 0) return;
  s.enqueue([&s, r, begins, count, end, load, out] {
    index_t const* const last = begins + count;
    auto const end_of = [&](index_t k) { return k + 1 < count ? begins[k + 1] : end; };
    index_t const first = begins[0];
    index_t const blocks = (end - first + reduce_grain - 1) / reduce_grain;
    std::vector<std::vector<index_t>> long_runs(static_cast<std::size_t>(blocks));
    s.parallel(blocks, [&](index_t b) {
      index_t const at = first + b * reduce_grain;
      index_t k = std::lower_bound(begins, last, at) - begins;
      for (; k < count && begins[k] < at + reduce_grain; ++k) {
        index_t const length = end_of(k) - begins[k];
        if (length > 2 * reduce_grain)
          long_runs[static_cast<std::size_t>(b)].push_back(k);
        else
          out[k] = detail::reduce_run(r, load, begins[k], length);
      }
    });
    for (auto const& some : long_runs)
      for (index_t const k : some)
        out[k] = detail::reduce_long_run(s, r, load, begins[k], end_of(k) - begins[k]);
  });
}

}  // namespace prorata::host
