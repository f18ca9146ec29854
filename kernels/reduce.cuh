// Reducing on the GPU: one launch folds a piece, one joins pieces, one gives the answer.
#pragma once

#include <algorithm>
#include <kernels/block.cuh>
#include <kernels/exact_block.hpp>
#include <kernels/launch.cuh>
#include <kernels/ordered_block.hpp>
#include <kernels/ordered_join.hpp>
#include <kernels/shared_memory.cuh>
#include <kernels/unordered_block.hpp>
#include <kernels/warp.cuh>
#include <prorata/integer_moments.hpp>
#include <vector>

namespace prorata::cuda {

/// Bytes that partial results of neighbouring pieces begin at multiples of.
inline constexpr index_t partial_alignment = 64;

// ---- the canonical order -------------------------------------------------------------------------------

/// Blocks that share an SM: as many as leave the registers for a leaf's loads, its tree, and what the load
/// itself holds (one array: a pointer, its functor,
/// its first index).
template <index_t L, class T, class Load>
inline constexpr int ordered_blocks_per_sm = L == 1                                    ? 12
                                             : sizeof(T) <= 4 && sizeof(Load) <= 3 * 8 ? 4
                                             : sizeof(T) <= 8                          ? 3
                                             : sizeof(T) <= 32                         ? 2
                                                                                       : 1;

template <class Tuning, class Op, class Load, index_t L>
__global__ void __launch_bounds__((L == 1 ? 32 : 256),
                                  (ordered_blocks_per_sm<L, typename Op::value_type, Load>))
    ordered_piece_kernel(ordered_rows<warp<L>, Op> const rows, ordered_plan const plan, Load const load,
                         typename Op::value_type* scratch, unsigned* counters) {
  using T = typename Op::value_type;
  auto& room = block_shared<shared_room<T, (1 << members_level<L>)*L>>();
  block<T, L, L> self(room.data());
  reduce_block<Tuning>(self, rows, plan, load, scratch, counters);
}

/// The fold of a piece in the canonical order.
///   launches  one
///   bytes     the piece's elements once, and 32·sizeof(T) per chunk of 8192 elements or more: < 1 %
template <class Op, index_t L, class Load>
void ordered_piece(stream& s, Op const& op, piece p, Load const& load, typename Op::value_type* out) {
  using T = typename Op::value_type;
  using X = std::remove_cvref_t<decltype(load(index_t{}))>;
  using tuning = ordered_tuning<X, T>;
  auto const plan = plan_ordered<L, tuning>(p, s.multiprocessors());
  auto const room = room_for<L, tuning>(plan);
  require(plan.chunks <= grid_limit, "a reduction of more elements than a grid can reach");
  ordered_rows<warp<L>, Op> const rows{op, p.n, plan.rows.first_row, plan.rows.last_row,
                                       out + (p.begin < plan.rows.head_end ? L : 0)};
  auto* const scratch = static_cast<T*>(s.scratch(static_cast<std::size_t>(room.nodes * L) * sizeof(T)));
  launch(ordered_piece_kernel<tuning, Op, Load, L>,
         {static_cast<unsigned>(plan.chunks), static_cast<unsigned>(L == 1 ? 32 : 256)}, s, rows, plan, load,
         scratch, s.counters(room.counters));
}

/// Neighbouring pieces and where each one's partial result begins: in the kernel's arguments where they fit,
/// else in memory.
struct piece_list {
  static constexpr index_t fit = 100;
  index_t n, count;     // elements of the array; pieces
  index_t const* more;  // count + 1 cuts and then count offsets, where they do not fit
  index_t at[2 * fit + 1];

  PRORATA_HD index_t const* cuts() const { return more == nullptr ? at : more; }
  PRORATA_HD piece whole() const { return {cuts()[0], cuts()[count], n}; }
  PRORATA_HD piece operator[](index_t k) const { return {cuts()[k], cuts()[k + 1], n}; }
  PRORATA_HD index_t offset(index_t k) const { return cuts()[count + 1 + k]; }
};

/// Numbers that travel in a kernel's arguments, as many as fit there: nobody has to keep them for a copy.
template <class T>
struct number_list {
  static constexpr index_t fit = 4000 / sizeof(T);
  index_t count;
  T at[fit];
};
template <class T>
__global__ void __launch_bounds__(256) write_numbers_kernel(number_list<T> const numbers, T* out) {
  for (index_t k = threadIdx.x; k < numbers.count; k += 256) out[k] = numbers.at[k];
}
template <class T>
void write_numbers(stream& s, std::vector<T> const& numbers, T* out) {
  auto const count = static_cast<index_t>(numbers.size());
  for (index_t first = 0; first < count; first += number_list<T>::fit) {
    number_list<T> some{std::min(number_list<T>::fit, count - first), {}};
    std::copy_n(numbers.begin() + first, some.count, some.at);
    launch(write_numbers_kernel<T>, {1, 256}, s, some, out + first);
  }
}

/// Rows of values that a join reads ahead together.
inline constexpr int read_ahead = 16;

template <class Op, index_t L>
__global__ void __launch_bounds__(32) ordered_join_kernel(Op const op, piece_list const pieces,
                                                          std::byte const* in, typename Op::value_type* out) {
  using T = typename Op::value_type;
  if (L == 1 && threadIdx.x > 0) return;
  T* const ahead = dynamic_shared<T>();
  ordered_join<warp<L>, Op> join(op, pieces.whole(), out, ahead + read_ahead * L);
  index_t const lane = warp<L>::lane();
  for (index_t k = 0; k < pieces.count; ++k) {
    T const* const rows = reinterpret_cast<T const*>(in + pieces.offset(k)) + lane;
    index_t const slots = ordered<Op, L>::bytes(pieces[k]) / (L * static_cast<index_t>(sizeof(T)));
    index_t slot = 0;
    join.take(pieces[k], [&]() -> T const* {
      if (slot % read_ahead == 0) {
        T v[read_ahead];
        unrolled<read_ahead>([&](auto number) {
          constexpr int j = decltype(number)::value;
          if (slot + j < slots) v[j] = rows[(slot + j) * L];
        });
        unrolled<read_ahead>([&](auto number) {
          constexpr int j = decltype(number)::value;
          if (slot + j < slots) ahead[j * L + lane] = v[j];  // each lane reads back only what it wrote
        });
      }
      return ahead + slot++ % read_ahead * L;
    });
  }
}

template <class Op, index_t L>
__global__ void __launch_bounds__(32)
    ordered_finish_kernel(Op const op, index_t n, typename Op::value_type const* in,
                          typename Op::value_type* out) {
  if (L == 1 && threadIdx.x > 0) return;
  auto const result = ordered_result<warp<L>, Op>(op, n, in);
  if (threadIdx.x == 0) *out = sealed(result);
}

// ---- any order -----------------------------------------------------------------------------------------

inline constexpr int fold_warps = 8;
inline constexpr int fold_blocks_per_sm = 4;

template <int Level, class Fold, class Load>
__global__ void __launch_bounds__(32 * fold_warps, fold_blocks_per_sm)
    fold_piece_kernel(Fold const fold, piece const p, Load const load, typename Fold::partial* scratch,
                      unsigned* counter, typename Fold::written* out) {
  auto& room = block_shared<shared_room<typename Fold::partial, fold_warps>>();
  block<typename Fold::partial, 32, 1> self(room.data());
  fold_block<Level, fold_warps, warp<>>(self, fold, p, load, gridDim.x, scratch, counter, out);
}

/// A fold in any order.
///   launches  one: every resident block, each with strips from all over the piece
///   bytes     the piece's elements once
template <class X, class Fold, class Load>
void fold_piece(stream& s, Fold const& fold, piece p, Load const& load, typename Fold::written* out) {
  constexpr int level = strip_level<X>;
  auto const shape = shape_for(strips_of<32, level>(p).count, fold_warps, 32 * fold_warps,
                               index_t{s.multiprocessors()} * fold_blocks_per_sm);
  auto* const scratch =
      static_cast<typename Fold::partial*>(s.scratch(shape.blocks * sizeof(typename Fold::partial)));
  launch(fold_piece_kernel<level, Fold, Load>, shape, s, fold, p, load, scratch, s.counters(1), out);
}

// ---- exact sums ----------------------------------------------------------------------------------------

inline constexpr int exact_warps = 8;
template <class Accumulator>
inline constexpr int exact_blocks_per_sm = sizeof(Accumulator) < 128   ? 4
                                           : sizeof(Accumulator) < 600 ? 3
                                                                       : 2;

/// A block with an accumulator that its threads add to.
template <class Accumulator>
class exact_block : public block<unsigned, 32, 1> {
 public:
  __device__ exact_block(Accumulator* sum) : block(nullptr), sum_(sum) {}
  __device__ Accumulator& sum() const { return *sum_; }
  template <class F>
  __device__ void each_thread(F const& f) const {
    f(static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x));
    __syncthreads();
  }
  /// 64 bits by two native additions of 32: a carry out of the lower word is seen by exactly one thread.
  __device__ void add(std::int64_t* limb, std::int64_t value) const {
    auto* const word = reinterpret_cast<unsigned*>(limb);
    auto const low = static_cast<unsigned>(value);
    auto const before = atomicAdd(word, low);
    auto const high = static_cast<unsigned>(value >> 32) + (before + low < before ? 1u : 0u);
    if (high != 0) atomicAdd(word + 1, high);
  }
  __device__ void set(std::uint32_t* flags, std::uint32_t value) const { atomicOr(flags, value); }

 private:
  Accumulator* sum_;
};

template <int Level, class Accumulator, class Load>
__global__ void __launch_bounds__(32 * exact_warps, exact_blocks_per_sm<Accumulator>)
    exact_piece_kernel(piece const p, Load const load, Accumulator* scratch, unsigned* counter,
                       Accumulator* out) {
  auto& room = block_shared<shared_room<Accumulator, 1>>();
  static_assert(sizeof(Accumulator) % 4 == 0);
  for (unsigned k = threadIdx.x; k < sizeof(Accumulator) / 4; k += blockDim.x)
    reinterpret_cast<unsigned*>(room.bytes)[k] = 0;
  __syncthreads();
  exact_block<Accumulator> self(room.data());
  deposit_block<Level, exact_warps, warp<>>(self, p, load, gridDim.x, scratch, counter, out);
}

/// One block, a thread per limb: adds up the pieces' accumulators; every limb of theirs is below 2^32.
template <class Accumulator>
__global__ void __launch_bounds__(128)
    exact_join_kernel(piece_list const pieces, std::byte const* in, Accumulator* out) {
  auto& room = block_shared<shared_room<Accumulator, 1>>();
  Accumulator& sum = *room.data();
  auto const part = [&](index_t k) { return reinterpret_cast<Accumulator const*>(in + pieces.offset(k)); };
  auto const empty = [&](index_t k) { return pieces[k].begin >= pieces[k].end; };
  for (int i = static_cast<int>(threadIdx.x); i < Accumulator::limbs; i += 128) {
    std::int64_t total = 0;
    for (index_t k = 0; k < pieces.count; ++k)
      if (!empty(k)) total += part(k)->limb[i];
    sum.limb[i] = total;
  }
  if (threadIdx.x == 0) {
    sum.flags = 0;
    for (index_t k = 0; k < pieces.count; ++k)
      if (!empty(k)) sum.flags |= part(k)->flags;
  }
  __syncthreads();
  if (threadIdx.x == 0) sum.propagate();
  __syncthreads();
  static_assert(sizeof(Accumulator) % 4 == 0);
  for (unsigned k = threadIdx.x; k < sizeof(Accumulator) / 4; k += 128)
    reinterpret_cast<unsigned*>(out)[k] = reinterpret_cast<unsigned const*>(room.bytes)[k];
}

// ---- every reduction -----------------------------------------------------------------------------------

/// A reduction as a kernel takes it: nvcc refuses parameters that are empty but for [[no_unique_address]].
template <class R>
struct carried {
  R reduction;
  char filler = 0;
};

/// One warp runs the reduction's own state: for partial results that are a value or two.
template <class R>
__global__ void __launch_bounds__(32)
    join_kernel(carried<R> const r, piece_list const pieces, std::byte const* in, std::byte* out) {
  typename R::template state<warp<>> whole(r.reduction, pieces.n, pieces[0].begin);
  for (index_t k = 0; k < pieces.count; ++k) whole.join(in + pieces.offset(k), pieces[k]);
  whole.write(out);
}

template <class R>
__global__ void __launch_bounds__(32)
    finish_kernel(carried<R> const r, index_t n, std::byte const* in, typename R::result_type* out) {
  typename R::template state<warp<>> whole(r.reduction, n, 0);
  whole.join(in, {0, n, n});
  auto const result = whole.result();
  if (threadIdx.x == 0) *out = result;
}

/// How a reduction runs on a GPU: fold a piece, join pieces, finish.
template <class R>
struct reducer;

/// Reductions whose state is a value or two.
template <class R>
struct small_reducer {
  static void join(stream& s, R const& r, piece_list const& pieces, std::byte const* in, std::byte* out) {
    launch(join_kernel<R>, {1, 32}, s, carried<R>{r}, pieces, in, out);
  }
  static void finish(stream& s, R const& r, index_t n, std::byte const* in, typename R::result_type* out) {
    launch(finish_kernel<R>, {1, 32}, s, carried<R>{r}, n, in, out);
  }
};

template <class Op>
struct reducer<order_free<Op>> : small_reducer<order_free<Op>> {
  template <class Load>
  static void fold(stream& s, order_free<Op> const& r, piece p, Load const& load, std::byte* out) {
    using T = typename Op::value_type;
    fold_piece<T>(s, order_free_fold<Op>{r.op}, p, load, reinterpret_cast<T*>(out));
  }
};

/// A sum of index_t, in the bytes of one.
template <>
struct reducer<counting> {
  using sum = order_free<plus<index_t>>;
  static constexpr sum adding{};

  template <class Load>
  static void fold(stream& s, counting const&, piece p, Load const& load, std::byte* out) {
    reducer<sum>::fold(s, adding, p, load, out);
  }
  static void join(stream& s, counting const&, piece_list const& pieces, std::byte const* in,
                   std::byte* out) {
    reducer<sum>::join(s, adding, pieces, in, out);
  }
  static void finish(stream& s, counting const&, index_t n, std::byte const* in, index_t* out) {
    reducer<sum>::finish(s, adding, n, in, out);
  }
};

/// The same sums for whatever integers: lanes have room for them.
template <class T>
struct reducer<integer_moments<T>> : small_reducer<integer_moments<T>> {
  template <class Load>
  static void fold(stream& s, integer_moments<T> const&, piece p, Load const& load, std::byte* out) {
    reducer<order_free<prorata::detail::add_integer_moments>>::fold(s, {}, p, load, out);
  }
};

template <class T>
struct reducer<extrema<T>> : small_reducer<extrema<T>> {
  template <class Load>
  static void fold(stream& s, extrema<T> const&, piece p, Load const& load, std::byte* out) {
    fold_piece<T>(s, extrema_fold<T>{}, p, load, reinterpret_cast<typename extrema<T>::found*>(out));
  }
};

template <class Op, index_t L>
struct reducer<ordered<Op, L>> {
  using R = ordered<Op, L>;
  using T = typename Op::value_type;

  template <class Load>
  static void fold(stream& s, R const& r, piece p, Load const& load, std::byte* out) {
    ordered_piece<Op, L>(s, r.op, p, load, reinterpret_cast<T*>(out));
  }
  static void join(stream& s, R const& r, piece_list const& pieces, std::byte const* in, std::byte* out) {
    auto const shared = static_cast<std::size_t>((read_ahead + levels_of<L>(pieces.n)) * L) * sizeof(T);
    launch(ordered_join_kernel<Op, L>, {1, 32, shared}, s, r.op, pieces, in, reinterpret_cast<T*>(out));
  }
  static void finish(stream& s, R const& r, index_t n, std::byte const* in, T* out) {
    launch(ordered_finish_kernel<Op, L>, {1, 32}, s, r.op, n, reinterpret_cast<T const*>(in), out);
  }
};

template <class Accumulator>
struct reducer<exactly<Accumulator>> {
  using R = exactly<Accumulator>;

  template <class Load>
  static void fold(stream& s, R const&, piece p, Load const& load, std::byte* out) {
    using X = std::remove_cvref_t<decltype(load(index_t{}))>;
    constexpr int level = strip_level<X> - 1;
    auto const shape = shape_for(strips_of<32, level>(p).count, exact_warps, 32 * exact_warps,
                                 index_t{s.multiprocessors()} * exact_blocks_per_sm<Accumulator>);
    auto* const scratch = static_cast<Accumulator*>(s.scratch(shape.blocks * sizeof(Accumulator)));
    launch(exact_piece_kernel<level, Accumulator, Load>, shape, s, p, load, scratch, s.counters(1),
           reinterpret_cast<Accumulator*>(out));
  }
  static void join(stream& s, R const&, piece_list const& pieces, std::byte const* in, std::byte* out) {
    launch(exact_join_kernel<Accumulator>, {1, 128}, s, pieces, in, reinterpret_cast<Accumulator*>(out));
  }
  static void finish(stream& s, R const&, index_t, std::byte const* in, Accumulator* out) {
    s.copy(out, in, sizeof(Accumulator));  // a joined accumulator has been carried through: it is the answer
  }
};

template <class Accumulator>
__global__ void __launch_bounds__(32) exact_round_kernel(Accumulator const* in, decltype(in->round())* out) {
  if (threadIdx.x == 0) *out = in->round();
}

template <class Accumulator>
struct reducer<exactly_rounded<Accumulator>> : reducer<exactly<Accumulator>> {
  using R = exactly_rounded<Accumulator>;

  static void finish(stream& s, R const&, index_t, std::byte const* in, typename R::result_type* out) {
    launch(exact_round_kernel<Accumulator>, {1, 32}, s, reinterpret_cast<Accumulator const*>(in), out);
  }
};

/// Two reductions, one after the other: each reads the elements at the speed of memory.
template <class A, class B>
struct reducer<both<A, B>> {
  using R = both<A, B>;
  static index_t beside(piece p) { return R::aligned(A::bytes(p)); }

  template <class Load>
  static void fold(stream& s, R const& r, piece p, Load const& load, std::byte* out) {
    reducer<A>::fold(s, r.a, p, load, out);
    reducer<B>::fold(s, r.b, p, load, out + beside(p));
  }
  static void join(stream& s, R const& r, piece_list pieces, std::byte const* in, std::byte* out) {
    require(pieces.more == nullptr, "a join of two reductions takes at most 100 pieces");
    reducer<A>::join(s, r.a, pieces, in, out);
    for (index_t k = 0; k < pieces.count; ++k) pieces.at[pieces.count + 1 + k] += beside(pieces[k]);
    reducer<B>::join(s, r.b, pieces, in, out + beside(pieces.whole()));
  }
  static void finish(stream& s, R const& r, index_t n, std::byte const* in, typename R::result_type* out) {
    reducer<A>::finish(s, r.a, n, in, &out->first);
    reducer<B>::finish(s, r.b, n, in + beside({0, n, n}), &out->second);
  }
};

/// Queues the reduction of p, read as load(i) with global i, and writes its partial result: R::bytes(p)
/// bytes, the same ones as on the host.
///   cost   reads every element once; one launch per reduction
template <class R, class Load>
void reduce_piece(stream& s, R const& r, piece p, Load load, std::byte* out) {
  if (p.begin < p.end) reducer<R>::fold(s, r, p, load, out);
}

/// Queues the joining of neighbouring pieces: partial results in order, each at the next multiple of 64
/// bytes, into one of the piece they make up.
template <class R>
void reduce_join(stream& s, R const& r, std::vector<piece> const& pieces, std::byte const* in,
                 std::byte* out) {
  require(!pieces.empty(), "a join of no pieces");
  piece_list list{pieces.front().n, static_cast<index_t>(pieces.size()), nullptr, {}};
  std::vector<index_t> numbers;
  for (piece const& p : pieces) numbers.push_back(p.begin);
  numbers.push_back(pieces.back().end);
  index_t offset = 0;
  for (piece const& p : pieces) {
    numbers.push_back(offset);
    offset += (R::bytes(p) + partial_alignment - 1) / partial_alignment * partial_alignment;
  }
  if (list.count <= piece_list::fit) {
    std::copy(numbers.begin(), numbers.end(), list.at);
  } else {
    auto* const more = static_cast<index_t*>(s.scratch(numbers.size() * sizeof(index_t)));
    write_numbers(s, numbers, more);
    list.more = more;
  }
  reducer<R>::join(s, r, list, in, out);
}

/// Queues the last step: the partial result of all n ≥ 1 elements becomes the result, at *out.
template <class R>
void reduce_finish(stream& s, R const& r, index_t n, std::byte const* in, typename R::result_type* out) {
  reducer<R>::finish(s, r, n, in, out);
}

}  // namespace prorata::cuda
