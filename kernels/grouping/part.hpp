// Adding part of a group to a state that other threads add to as well: integers only, so that no order shows.
#pragma once

#include <prorata/groups.hpp>

namespace prorata::cuda {

/// Adds x + carry to a word and returns what is carried out. Whoever makes a word wrap carries on, so that
/// the words together are right once all have added, whatever the order.
///   fetch_add   adds atomically and returns what was there; not called where nothing is added
template <class Word, class FetchAdd>
PRORATA_HD bool add_carrying(Word* to, std::uint64_t x, bool carry, FetchAdd const& fetch_add) {
  auto const addition = static_cast<Word>(static_cast<Word>(x) + static_cast<Word>(carry));
  if (addition == 0) return carry;  // nothing, or all ones and a carry: that goes on to the next word
  Word const before = fetch_add(to, addition);
  return static_cast<Word>(before + addition) < before;
}

/// Half a word of 64 bits.
using half_word [[gnu::may_alias]] = std::uint32_t;

/// The same for a word as its two halves: a GPU adds 32 bits at once in shared memory, 64 bits in a loop.
template <class FetchAdd>
PRORATA_HD bool add_by_halves(std::uint64_t* to, std::uint64_t x, bool carry, FetchAdd const& fetch_add) {
  auto* const half = reinterpret_cast<half_word*>(to);
  carry = add_carrying(half, x & 0xffffffffu, carry, fetch_add);
  return add_carrying(half + 1, x >> 32, carry, fetch_add);
}

/// Adds `part` to a state.
///   atomics   add(word, x, carry) as above; set_bits, lesser, greater
template <class State, class Atomics>
PRORATA_HD void add_part(State& to, State const& part, Atomics const& atomics) {
  atomics.add(reinterpret_cast<std::uint64_t*>(&to.count), static_cast<std::uint64_t>(part.count), false);
  atomics.set_bits(&to.flags, part.flags);
  if constexpr (State::moments > 0) {
    bool carry = false;
    for (int k = 0; k < 2; ++k) carry = atomics.add(&to.sum[k], part.sum[k], carry);
  }
  if constexpr (State::moments > 1) {
    bool carry = false;
    for (int k = 0; k < 4; ++k) carry = atomics.add(&to.squares[k], part.squares[k], carry);
  }
  if constexpr (State::extremes) {
    atomics.lesser(&to.least, part.least);
    atomics.greater(&to.greatest, part.greatest);
  }
}

}  // namespace prorata::cuda
