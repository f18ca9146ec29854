// Reducing every run of an array on the host: short ones by one thread each, long ones by all.
#pragma once

#include <algorithm>
#include <host/fold_run.hpp>
#include <host/reduce.hpp>
#include <prorata/short_run.hpp>
#include <prorata/work_left.hpp>
#include <vector>

namespace prorata::host {

namespace detail {

/// The longest run that one thread reduces.
inline constexpr index_t longest_lone_run = 2 * reduce_grain;

/// Such a run.
template <class R, class Load>
typename R::result_type reduce_run(R const& r, Load const& load, index_t begin, index_t length) {
  static_assert(longest_lone_run <= longest_folded);
  if constexpr (folds_runs<R>) {
    return fold_run(r.op, load, begin, length);
  } else {
    shifted_load<Load> const mine{load, begin};
    if constexpr (folds_short<R, shifted_load<Load>>) {
      if (length <= short_run) return fold_short(r, mine, length);
    }
    state_of<R> state(r, length, 0);
    state.take(mine, length);
    return state.result();
  }
}

/// As many of such runs as come to whole batches, which it returns: out[k] of those k < count, run k being
/// [places[k], places[k + 1]). Elements before `limit` may be read.
template <class R, class Load>
index_t reduce_batches(R const& r, Load const& load, index_t const* places, index_t count, index_t limit,
                       typename R::result_type* out) {
  index_t k = 0;
  if constexpr (folds_runs<R>)
    for (; k + run_batch <= count && places[k + run_batch - 1] + short_run <= limit; k += run_batch) {
      index_t const* const batch = places + k;
      index_t longest = 0;
      for (index_t j = 0; j < run_batch; ++j) longest = std::max(longest, batch[j + 1] - batch[j]);
      if (longest > short_run) {
        for (index_t j = 0; j < run_batch; ++j)
          out[k + j] = fold_run(r.op, load, batch[j], batch[j + 1] - batch[j]);
        continue;
      }
      if constexpr (requires { load.prefetch(k, k, k); })
        load.prefetch(batch[0], batch[run_batch], warp<>::read_ahead);
      if (longest <= 8)
        fold_batch<8>(r.op, load, batch, out + k);
      else if (longest <= 16)
        fold_batch<16>(r.op, load, batch, out + k);
      else
        fold_batch<short_run>(r.op, load, batch, out + k);
    }
  return k;
}

/// All of them.
template <class R, class Load>
void reduce_lone_runs(R const& r, Load const& load, index_t const* places, index_t count, index_t limit,
                      typename R::result_type* out) {
  for (index_t k = reduce_batches(r, load, places, count, limit, out); k < count; ++k)
    out[k] = reduce_run(r, load, places[k], places[k + 1] - places[k]);
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
/// [begins[k], begins[k + 1]), the last one ends at `end`. No run is empty. load may be called more than once
/// for an index.
///   cost     reads every element once
///   returns  nothing that is left to do
template <class R, class Load>
work_left reduce_runs(stream& s, R const& r, index_t const* begins, index_t count, index_t end, Load load,
                      typename R::result_type* out) {
  if (count == 0) return {};
  s.enqueue([&s, r, begins, count, end, load, out] {
    index_t const* const last = begins + count;
    auto const end_of = [&](index_t k) { return k + 1 < count ? begins[k + 1] : end; };
    index_t const first = begins[0];
    index_t const blocks = (end - first + reduce_grain - 1) / reduce_grain;
    std::vector<index_t> long_runs(static_cast<std::size_t>(blocks), -1);  // at most the last one of a block
    s.parallel(blocks, [&](index_t b) {
      index_t const at = first + b * reduce_grain;
      index_t const k = std::lower_bound(begins, last, at) - begins;
      index_t const behind = std::lower_bound(begins + k, last, at + reduce_grain) - begins;
      if (k == behind) return;
      detail::reduce_lone_runs(r, load, begins + k, behind - 1 - k, end, out + k);
      index_t const length = end_of(behind - 1) - begins[behind - 1];
      if (length > detail::longest_lone_run)
        long_runs[static_cast<std::size_t>(b)] = behind - 1;
      else
        out[behind - 1] = detail::reduce_run(r, load, begins[behind - 1], length);
    });
    for (index_t const k : long_runs)
      if (k >= 0) out[k] = detail::reduce_long_run(s, r, load, begins[k], end_of(k) - begins[k]);
  });
  return {};
}

}  // namespace prorata::host
