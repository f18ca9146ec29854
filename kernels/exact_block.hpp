// Exact sums on the GPU: lanes deposit into windows of their own registers, windows empty into a block's
// shared limbs when they move, and the last block to finish adds up the blocks.
#pragma once

#include <kernels/unordered_block.hpp>
#include <prorata/exactly.hpp>

namespace prorata::cuda {

/// What to deposit for one element.
template <class T, class X>
PRORATA_HD constexpr auto slices_of(exact_sum<T> const&, X const& x) {
  return exact_sum<T>::split(static_cast<T>(x));
}
template <class T>
PRORATA_HD constexpr auto slices_of(exact_dot<T> const&, factors<T> const& f) {
  return exact_dot<T>::split(f.x, f.y);
}

/// One lane's view of an accumulator: Count + 1 neighbouring limbs. Numbers of like size fall into it, so
/// that most deposits are a few additions in registers; fewer than 2^31 deposits need no carry.
template <int Count>
class exact_window {
 public:
  /// Adds s. Where it does not fit the window, what is there is handed over as empty(limb, value), and the
  /// window moves, by no more than it has to.
  template <class Empty>
  PRORATA_HD void add(exact_slices<Count> const& s, Empty const& empty) {
    flags_ |= s.flags;
    int distance = s.first - base_;
    if (distance < 0 || distance > 1) {
      // zeros and infinities claim limb 0 and deposit nothing
      bool nothing = true;
      for (int k = 0; k < Count; ++k) nothing = nothing && s.slice[k] == 0;
      if (nothing) return;
      spill(empty);
      base_ = distance < 0 || s.first == 0 ? s.first : s.first - 1;
      distance = s.first - base_;
    }
    unrolled<Count>([&](auto number) {
      constexpr int k = decltype(number)::value;
      limb_[k] += distance == 0 ? s.slice[k] : 0;
      limb_[k + 1] += distance == 0 ? 0 : s.slice[k];
    });
  }

  template <class Empty>
  PRORATA_HD void spill(Empty const& empty) {
    unrolled<Count + 1>([&](auto number) {
      constexpr int k = decltype(number)::value;
      if (limb_[k] != 0) empty(base_ + k, limb_[k]);
      limb_[k] = 0;
    });
  }

  PRORATA_HD std::uint32_t flags() const { return flags_; }

 private:
  int base_ = 0;
  std::uint32_t flags_ = 0;
  std::int64_t limb_[Count + 1] = {};
};

/// One lane's window for floats: 62 neighbouring exponents, in one multiplication and one addition each.
///   near   stands for 2^low, far for 2^(low + 31), high for 2^(low + 62)
/// A float is ±m·2^p with m < 2^24; m·2^(p − low) goes to near for the lower 31 exponents, else to far. Each
/// deposit is below 2^54, so 256 fit; then what is above 31 bits is carried to the next.
class float_window {
 public:
  template <class Empty>
  PRORATA_HD void add(float x, Empty const& empty) {
    auto const bits = __builtin_bit_cast(std::uint32_t, x);
    int const exponent = static_cast<int>(bits >> 23 & 0xff);
    if (exponent == 0xff) {
      flags_ |= exact_sum<float>::split(x).flags;
      return;
    }
    flags_ |= bits == 0x80000000u ? exact_flag::minus_zero : exact_flag::something;
    int const magnitude = static_cast<int>(bits & 0x7fffff) | (exponent != 0 ? 0x800000 : 0);
    int const position = exponent != 0 ? exponent - 1 : 0;
    int distance = position - low_;
    if (static_cast<unsigned>(distance) > 61u) {
      if (magnitude == 0) return;
      spill(empty);
      low_ = distance < 0 ? position : position - 61;
      distance = position - low_;
    }
    bool const lower = distance < 31;
    std::int32_t const scale = std::int32_t{1} << (lower ? distance : distance - 31);
    std::int32_t const value = static_cast<std::int32_t>(bits) < 0 ? -magnitude : magnitude;
    std::int64_t const product = static_cast<std::int64_t>(value) * scale;
    near_ += lower ? product : 0;
    far_ += lower ? 0 : product;
    if (--room_ == 0) carry();
  }

  template <class Empty>
  PRORATA_HD void spill(Empty const& empty) {
    hand_over(near_, low_, empty);
    hand_over(far_, low_ + 31, empty);
    hand_over(high_, low_ + 62, empty);
    near_ = far_ = high_ = 0;
    room_ = deposits;
  }

  PRORATA_HD std::uint32_t flags() const { return flags_; }

 private:
  static constexpr int deposits = 256;
  static constexpr std::int64_t below = (std::int64_t{1} << 31) - 1;

  PRORATA_HD void carry() {
    far_ += near_ >> 31;
    near_ &= below;
    high_ += far_ >> 31;
    far_ &= below;
    room_ = deposits;
  }

  template <class Empty>
  PRORATA_HD static void hand_over(std::int64_t value, int position, Empty const& empty) {
    if (value == 0) return;
    auto const bits = static_cast<std::uint64_t>(value);
    auto const s = exact_detail::cut<3>(0, value < 0 ? 0 - bits : bits, position, value < 0);
    unrolled<3>([&](auto number) {
      constexpr int k = decltype(number)::value;
      if (s.slice[k] != 0) empty(s.first + k, s.slice[k]);
    });
  }

  int low_ = 0;
  int room_ = deposits;
  std::uint32_t flags_ = 0;
  std::int64_t near_ = 0, far_ = 0, high_ = 0;
};

/// The window that suits an accumulator's elements.
template <class Accumulator, class X>
struct window_for : exact_window<decltype(slices_of(Accumulator{}, X{}))::count> {
  template <class Empty>
  PRORATA_HD void take(X const& x, Empty const& empty) {
    this->add(slices_of(Accumulator{}, x), empty);
  }
};
template <>
struct window_for<exact_sum<float>, float> : float_window {
  template <class Empty>
  PRORATA_HD void take(float x, Empty const& empty) {
    this->add(x, empty);
  }
};

/// Adds the limbs of all blocks' accumulators to the block's own: every warp takes some of the blocks, and has a load
/// of every lane under way for eight of them.
template <int Warps, class Warp, class Block, class Accumulator>
PRORATA_HD void add_blocks(Block& block, Accumulator const* scratch, index_t blocks) {
  constexpr int at_once = 8;
  block.each_warp([&](int w) {
    Warp::each([&](index_t lane) {
      for (index_t i = lane; i < Accumulator::limbs; i += Warp::lanes) {
        std::int64_t total = 0;
        for (index_t b = w; b < blocks; b += at_once * Warps) {
          std::int64_t limb[at_once];
          unrolled<at_once>([&](auto number) {
            constexpr int j = decltype(number)::value;
            limb[j] = b + j * Warps < blocks ? scratch[b + j * Warps].limb[i] : 0;
          });
          unrolled<at_once>([&](auto number) { total += limb[decltype(number)::value]; });
        }
        if (total != 0) block.add(block.sum().limb + i, total);
      }
    });
  });
}

/// The work of one block of `blocks`. Beyond what fold_block asks of a Block:
///   sum()            the block's accumulator, in shared memory, all zero bytes at first
///   each_thread(f)   f(k, count) for each of its `count` threads, and then all wait for each other
///   add(limb, v)     an addition that other threads' additions do not disturb; set(flags, v) likewise
template <int Level, int Warps, class Warp, class Accumulator, class Block, class Load>
PRORATA_HD void deposit_block(Block& block, piece p, Load const& load, index_t blocks, Accumulator* scratch,
                              unsigned* counter, Accumulator* out) {
  using element = std::remove_cvref_t<decltype(load(index_t{}))>;
  constexpr int rows = 1 << Level;
  constexpr index_t elements = Warp::lanes << Level;
  auto const at = strips_of<Warp::lanes, Level>(p);
  block.each_warp([&](int w) {
    Warp::each([&](index_t lane) {
      window_for<Accumulator, element> window;
      auto const empty = [&](int limb, std::int64_t value) { block.add(block.sum().limb + limb, value); };
      for (index_t k = block.index() * Warps + w; k < at.count; k += blocks * Warps) {
        strip const s{(at.first + k) * elements, p.begin, p.end};
        element x[rows]{};
        bool const whole = s.whole(elements);
        unrolled<rows>([&](auto number) {
          constexpr int j = decltype(number)::value;
          index_t const i = s.first + j * Warp::lanes + lane;
          if (whole || s.has(i)) x[j] = load(i);
        });
        unrolled<rows>([&](auto number) {
          constexpr int j = decltype(number)::value;
          if (whole || s.has(s.first + j * Warp::lanes + lane)) window.take(x[j], empty);
        });
      }
      window.spill(empty);
      if (window.flags() != 0) block.set(&block.sum().flags, window.flags());
    });
  });
  auto const leave = [&](Accumulator* to) {
    block.first_warp([&] {
      Warp::each([&](index_t lane) {
        if (lane == 0) block.sum().propagate();
      });
      return false;
    });
    block.each_thread([&](int k, int count) {
      for (int i = k; i < Accumulator::limbs; i += count) to->limb[i] = block.sum().limb[i];
      if (k == 0) {
        to->flags = block.sum().flags;
        to->pending = block.sum().pending;
      }
    });
  };
  leave(scratch + block.index());
  if (!block.first_warp([&] { return block.arrive(counter, static_cast<unsigned>(blocks)); })) return;
  // after carrying every limb is below 2^32, so that blocks may be added freely; their top limbs have the
  // sign
  block.each_thread([&](int k, int count) {
    for (int i = k; i < Accumulator::limbs; i += count) block.sum().limb[i] = 0;
  });
  add_blocks<Warps, Warp>(block, scratch, blocks);
  block.each_thread([&](int k, int count) {
    std::uint32_t flags = 0;
    for (index_t b = k; b < blocks; b += count) flags |= scratch[b].flags;
    if (flags != 0) block.set(&block.sum().flags, flags);
  });
  leave(out);
}

}  // namespace prorata::cuda
