// Reducing every run of an array on the GPU: short ones by a thread, longer ones by a warp, the longest by
// all.
#pragma once

#include <kernels/reduce.cuh>
#include <kernels/select.cuh>
#include <memory>
#include <prorata/short_run.hpp>
#include <prorata/work_left.hpp>

namespace prorata::cuda {

/// The longest run that one warp, or for exact sums one thread, takes by itself: it then waits at most a
/// millisecond longer than the others. (Not measured: the bound is 4 KiB in flight per warp.)
template <class R>
inline constexpr index_t longest_lone_run = index_t{1} << 20;
template <class Accumulator>
inline constexpr index_t longest_lone_run<exactly_rounded<Accumulator>> = index_t{1} << 14;

/// Run k of an array: [begins[k], begins[k + 1]), the last one ends at `end`.
struct run_list {
  index_t const* begins;
  index_t count, end;

  PRORATA_HD index_t begin_of(index_t k) const { return begins[k]; }
  PRORATA_HD index_t length_of(index_t k) const { return (k + 1 < count ? begins[k + 1] : end) - begins[k]; }
};

/// One thread reduces a run from its first element to its last.
template <class Accumulator, class Load>
__device__ auto reduce_alone(exactly_rounded<Accumulator> const&, Load const& load, index_t length) {
  Accumulator sum{};
  for (index_t i = 0; i < length; ++i) {
    if constexpr (requires { load(i).x; }) {
      sum.deposit_product(load(i).x, load(i).y);
    } else {
      sum.deposit(static_cast<typename Accumulator::value_type>(load(i)));
    }
  }
  sum.propagate();
  return sum.round();
}
template <class Op, class Load>
__device__ auto reduce_alone(ordered<Op, 1> const& r, Load const& load, index_t length) {
  typename ordered<Op, 1>::template state<warp<1>> state(r, length, 0);
  state.take(load, length);
  return state.result();
}

/// A warp takes 32 runs: each of its threads the short one of its own, then all together the longer ones.
template <class R, class Load>
__global__ void __launch_bounds__(128) reduce_runs_kernel(carried<R> const r, run_list const runs,
                                                          Load const load, typename R::result_type* out) {
  index_t const step = index_t{gridDim.x} * blockDim.x;
  index_t const lane = threadIdx.x % 32;
  for (index_t first = index_t{blockIdx.x} * blockDim.x + threadIdx.x - lane; first < runs.count;
       first += step) {
    index_t const mine = first + lane;
    index_t const length = mine < runs.count ? runs.length_of(mine) : 0;
    bool const lone = length > 0 && length <= longest_lone_run<R>;
    using shifted = shifted_load<Load>;
    if constexpr (requires { reduce_alone(r.reduction, shifted{load, 0}, length); }) {
      if (lone) out[mine] = reduce_alone(r.reduction, shifted{load, runs.begin_of(mine)}, length);
    } else {
      bool together = lone;
      if constexpr (folds_short<R, shifted>) {
        if (lone && length <= short_run) {
          out[mine] = fold_short(r.reduction, shifted{load, runs.begin_of(mine)}, length);
          together = false;
        }
      }
      for (unsigned rest = __ballot_sync(0xffffffffu, together); rest != 0; rest &= rest - 1) {
        index_t const k = first + __ffs(static_cast<int>(rest)) - 1;
        index_t const whole = runs.length_of(k);
        typename R::template state<warp<>> state(r.reduction, whole, 0);
        state.take(shifted{load, runs.begin_of(k)}, whole);
        auto const result = state.result();
        if (lane == 0) out[k] = result;
      }
    }
  }
}

namespace detail {
struct is_long_run {
  run_list runs;
  index_t limit;
  PRORATA_HD bool operator()(index_t k) const { return runs.length_of(k) > limit; }
};
struct begin_of_run {
  run_list runs;
  PRORATA_HD index_t operator()(index_t k) const { return runs.begin_of(k); }
};
struct length_of_run {
  run_list runs;
  PRORATA_HD index_t operator()(index_t k) const { return runs.length_of(k); }
};

/// Runs that are too long for a warp: the whole device reduces one after the other. The host has to know them, and asks
/// for how many there are first: mostly there are none.
template <class R, class Load>
class long_runs {
 public:
  using result = typename R::result_type;

  long_runs(stream& s, R const& r, run_list const& runs, Load const& load, result* out)
      : s_(s),
        r_(r),
        load_(load),
        out_(out),
        most_(runs.end / longest_lone_run<R> + 1),
        list_(static_cast<index_t*>(s.allocate(bytes()))) {
    index_t *const which = list_ + 1, *const begins = which + most_, *const lengths = begins + most_;
    select_index(s, 0, runs.count, is_long_run{runs, longest_lone_run<R>}, list_,
                 column<own_index, index_t>{{}, which}, column<begin_of_run, index_t>{{runs}, begins},
                 column<length_of_run, index_t>{{runs}, lengths});
    s.copy(&count_, list_, sizeof count_);
  }

  ~long_runs() { s_.deallocate(list_, bytes()); }
  long_runs(long_runs const&) = delete;
  long_runs& operator=(long_runs const&) = delete;

  /// As work_left has it.
  bool go_on() {
    if (count_ == 0) return false;
    if (found_.empty()) {
      auto const count = static_cast<std::size_t>(count_);
      found_.resize(3 * count);
      for (std::size_t c = 0; c < 3; ++c)
        s_.copy(found_.data() + c * count, list_ + 1 + static_cast<index_t>(c) * most_,
                count * sizeof(index_t));
      return true;
    }
    for (index_t k = 0; k < count_; ++k) {
      auto const at = [&](index_t column) { return found_[static_cast<std::size_t>(column * count_ + k)]; };
      piece const whole{0, at(2), at(2)};
      auto const room = static_cast<std::size_t>((R::bytes(whole) + 63) / 64 * 64);
      auto* const partial = static_cast<std::byte*>(s_.allocate(2 * room));
      reduce_piece(s_, r_, whole, shifted_load<Load>{load_, at(1)}, partial);
      reduce_join(s_, r_, std::vector<piece>{whole}, partial, partial + room);
      reduce_finish(s_, r_, whole.n, partial + room, out_ + at(0));
      s_.deallocate(partial, 2 * room);
    }
    return false;
  }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(3 * most_ + 1) * sizeof(index_t); }

  stream& s_;
  R r_;
  Load load_;
  result* out_;
  index_t most_;
  index_t* list_;  // how many, which, where they begin, how long they are
  index_t count_ = 0;
  std::vector<index_t> found_;
};
}  // namespace detail

/// Queues out[k] = the reduction of load(i) for i in run k, as if the run were an array of its own: run k is
/// [begins[k], begins[k + 1]), the last one ends at `end`. No run is empty.
///   cost     reads every element once
///   returns  what is left for the host to do: where there may be runs beyond a million elements, which one warp would
///            take too long for
template <class R, class Load>
[[nodiscard]] work_left reduce_runs(stream& s, R const& r, index_t const* begins, index_t count, index_t end,
                                    Load load, typename R::result_type* out) {
  if (count == 0) return {};
  run_list const runs{begins, count, end};
  launch(reduce_runs_kernel<R, Load>, shape_for(count, loop_tuning{128, 8, 1}, s.multiprocessors()), s,
         carried<R>{r}, runs, load, out);
  if (end <= longest_lone_run<R>) return {};
  return
      [left = std::make_shared<detail::long_runs<R, Load>>(s, r, runs, load, out)] { return left->go_on(); };
}

}  // namespace prorata::cuda
