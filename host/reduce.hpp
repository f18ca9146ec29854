// Reducing on the host: blocks of rows in parallel, their partial results joined in index order.
#pragma once

#include <algorithm>
#include <host/stream.hpp>
#include <host/warp.hpp>
#include <memory>
#include <prorata/ordered.hpp>
#include <vector>

namespace prorata::host {

/// Elements that one thread takes at a time: large enough that joining costs nothing, small enough that the
/// last one to finish is not waited for.
inline constexpr index_t reduce_grain = 128 * tile;

/// A load that gives its elements a block at a time, such as one that decodes a file: block(first, last, room) is the
/// load of elements [first, last), and `last` becomes where the block ends.
template <class Load>
concept blockwise = requires(Load const& load, index_t& last, typename Load::room& room) {
  load.block(last, last, room);
};

template <class R>
using state_of = typename R::template state<warp<R::lanes>>;

namespace detail {
/// One thread's part, start to end. Not inlined: it is the whole of what is compiled for each load.
template <class R, class Load>
[[gnu::noinline]] void reduce_part(R const& r, piece p, Load const& load, std::byte* out) {
  state_of<R> state(r, p.n, p.begin);
  if constexpr (blockwise<Load>) {
    typename Load::room room;
    for (index_t at = p.begin; at < p.end;) {
      index_t end = p.end;
      auto const block = load.block(at, end, room);
      state.take(block, end);
      at = end;
    }
  } else {
    state.take(load, p.end);
  }
  state.write(out);
}

/// The parts of p that threads take, and their partial results joined in index order.
template <class R>
void reduce_parts(stream const& s, R const& r, piece p, void (*part)(void const*, piece, std::byte*),
                  void const* context, std::byte* out) {
  index_t const first = p.begin / reduce_grain;
  index_t const count = (p.end - 1) / reduce_grain + 1 - first;
  if (count == 1) return part(context, p, out);
  auto const part_at = [&](index_t k) {
    return piece{std::max(p.begin, (first + k) * reduce_grain),
                 std::min(p.end, (first + k + 1) * reduce_grain), p.n};
  };
  std::vector<std::unique_ptr<std::byte[]>> partial(static_cast<std::size_t>(count));
  s.parallel(count, [&](index_t k) {
    piece const mine = part_at(k);
    auto& result = partial[static_cast<std::size_t>(k)];
    result = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(R::bytes(mine)));
    part(context, mine, result.get());
  });
  state_of<R> whole(r, p.n, p.begin);
  for (index_t k = 0; k < count; ++k) whole.join(partial[static_cast<std::size_t>(k)].get(), part_at(k));
  whole.write(out);
}
}  // namespace detail

/// Queues the reduction of p, read as load(i) with global i, and writes its partial result: R::bytes(p)
/// bytes.
///   cost   reads every element once
template <class R, class Load>
void reduce_piece(stream& s, R const& r, piece p, Load load, std::byte* out) {
  if (p.begin >= p.end) return;
  s.enqueue([&s, r, p, load, out] {
    struct context_type {
      R const& r;
      Load const& load;
    } const context{r, load};
    auto const part = [](void const* c, piece mine, std::byte* to) {
      auto const& with = *static_cast<context_type const*>(c);
      detail::reduce_part(with.r, mine, with.load, to);
    };
    detail::reduce_parts(s, r, p, part, &context, out);
  });
}

/// Queues the joining of neighbouring pieces: partial results in order, each at the next multiple of 64
/// bytes, into one of the piece they make up.
template <class R>
void reduce_join(stream& s, R const& r, std::vector<piece> pieces, std::byte const* in, std::byte* out) {
  s.enqueue([r, pieces = std::move(pieces), in, out] {
    auto const* next = in;
    state_of<R> whole(r, pieces.front().n, pieces.front().begin);
    for (piece const& p : pieces) {
      whole.join(next, p);
      next += (R::bytes(p) + 63) / 64 * 64;
    }
    whole.write(out);
  });
}

/// Queues the last step: the partial result of all n ≥ 1 elements becomes the result, at *out.
template <class R>
void reduce_finish(stream& s, R const& r, index_t n, std::byte const* in, typename R::result_type* out) {
  s.enqueue([r, n, in, out] {
    state_of<R> whole(r, n, 0);
    whole.join(in, {0, n, n});
    *out = whole.result();
  });
}

}  // namespace prorata::host
