// Rows to group, their groups from a std::map, and atomics for one thread or for several, for the tests of
// the GPU's templates.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <kernels/grouping/part.hpp>
#include <map>
#include <random>
#include <vector>

namespace prorata {

/// What one thread does to words that nobody else touches.
struct lonely_words {
  template <class Word>
  Word look(Word const* word) const {
    return *word;
  }
  bool add(std::uint64_t* to, std::uint64_t x, bool carry) const {
    return cuda::add_carrying(to, x, carry, [](std::uint64_t* word, std::uint64_t y) {
      auto const before = *word;
      *word += y;
      return before;
    });
  }
  void set_bits(std::uint32_t* to, std::uint32_t x) const { *to |= x; }
  void lesser(std::int64_t* to, std::int64_t x) const { *to = std::min(*to, x); }
  void greater(std::int64_t* to, std::int64_t x) const { *to = std::max(*to, x); }
  template <class Word>
  Word claim(Word* word, Word free, Word mine) const {
    if (*word == free) *word = mine;
    return *word;
  }
};

/// What several threads do to the same words: relaxed, as on the GPU. (The builtins, for halves of words.)
template <bool Halves>
struct shared_words {
  template <class Word>
  static Word look(Word const* word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED);
  }
  bool add(std::uint64_t* to, std::uint64_t x, bool carry) const {
    auto const fetch_add = []<class Word>(Word* word, Word y) {
      return __atomic_fetch_add(word, y, __ATOMIC_RELAXED);
    };
    if constexpr (Halves) return cuda::add_by_halves(to, x, carry, fetch_add);
    return cuda::add_carrying(to, x, carry, fetch_add);
  }
  void set_bits(std::uint32_t* to, std::uint32_t x) const { __atomic_fetch_or(to, x, __ATOMIC_RELAXED); }
  void lesser(std::int64_t* to, std::int64_t x) const {
    change(to, [x](std::int64_t y) { return std::min(x, y); });
  }
  void greater(std::int64_t* to, std::int64_t x) const {
    change(to, [x](std::int64_t y) { return std::max(x, y); });
  }
  template <class Word>
  Word claim(Word* word, Word free, Word mine) const {
    Word seen = look(word);
    if (seen != free) return seen;
    return __atomic_compare_exchange_n(word, &seen, mine, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ? mine
                                                                                                     : seen;
  }

 private:
  template <class F>
  static void change(std::int64_t* to, F const& f) {
    std::int64_t seen = look(to);
    while (!__atomic_compare_exchange_n(to, &seen, f(seen), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
  }
};

/// Rows to be grouped, as words.
struct group_words {
  std::vector<std::uint64_t> keys, values;
  std::size_t size() const { return keys.size(); }
};

/// A value of any size, a zero, or, where `strange`, now and then what is no number: then all else of a large
/// group hardly matters. `binades`: how widely exponents differ.
template <addend Kind>
std::uint64_t any_value(std::mt19937_64& random, int binades, bool strange) {
  if (Kind != addend::real) return random();
  auto const odd = strange ? random() % 97 : 2 + random() % 95;
  double const v = odd == 0   ? NAN
                   : odd == 1 ? INFINITY
                   : odd < 9  ? -0.0
                              : std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                                           static_cast<int>(random() % static_cast<unsigned>(binades)) - 60);
  return std::bit_cast<std::uint64_t>(v);
}

/// Every key's records, of one value each; finishing adds them up.
template <class State>
std::map<std::uint64_t, std::vector<State>> groups_of(group_words const& rows, int origin) {
  std::map<std::uint64_t, std::vector<State>> all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    State s = State::none();
    s.unit = State::unit_of(rows.values[i], origin);
    s.deposit(rows.values[i]);
    all[rows.keys[i]].push_back(s);
  }
  return all;
}

/// Records in order of keys are those of the groups: the same keys and the same answers, bit for bit.
template <class State>
void expect_groups(std::vector<group_record<State>> const& records,
                   std::map<std::uint64_t, std::vector<State>> const& expected) {
  auto const answer = [](State const* states, std::size_t stride, std::size_t n) {
    return finished_group<State>(
        [=](index_t k) -> State const& {
          auto const* const bytes = reinterpret_cast<std::byte const*>(states);
          return *reinterpret_cast<State const*>(bytes + static_cast<std::size_t>(k) * stride);
        },
        static_cast<index_t>(n), 1);
  };
  std::size_t next = 0;
  for (auto const& [key, states] : expected) {
    std::size_t const first = next;
    while (next < records.size() && records[next].key == key) ++next;
    ASSERT_GT(next, first) << "key " << key;
    auto const found = answer(&records[first].state, sizeof records[0], next - first);
    auto const wanted = answer(states.data(), sizeof states[0], states.size());
    for (int c = 1; c < group_columns; ++c)
      ASSERT_EQ(word_of(static_cast<group_column>(c), key, found),
                word_of(static_cast<group_column>(c), key, wanted))
          << "column " << c << ", key " << key;
  }
  ASSERT_EQ(next, records.size());
}

}  // namespace prorata
