// column: what a loop that keeps some of its elements writes of each one it keeps.
#pragma once

#include <limits>
#include <prorata/config.hpp>

namespace prorata {

/// The k-th element that is kept, i, becomes out[k] = load(i). Several columns of one selection lie side by
/// side, like those of a table.
template <class Load, class T>
struct column {
  Load load;
  T* out;
};
template <class Load, class T>
column(Load, T*) -> column<Load, T>;

/// A column that wants no more than the first `limit` of the elements that are kept.
template <class Load, class T>
struct first_column {
  Load load;
  T* out;
  index_t limit;
};
template <class Load, class T>
first_column(Load, T*, index_t) -> first_column<Load, T>;

/// How many elements a column takes at most.
template <class Load, class T>
PRORATA_HD constexpr index_t limit_of(column<Load, T> const&) {
  return std::numeric_limits<index_t>::max();
}
template <class Load, class T>
PRORATA_HD constexpr index_t limit_of(first_column<Load, T> const& c) {
  return c.limit;
}

/// The index of an element, as what is read of it.
struct own_index {
  PRORATA_HD constexpr index_t operator()(index_t i) const { return i; }
};

}  // namespace prorata
