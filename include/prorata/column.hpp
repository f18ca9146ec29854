// column: what a loop that keeps some of its elements writes of each one it keeps.
#pragma once

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

/// The index of an element, as what is read of it.
struct own_index {
  PRORATA_HD constexpr index_t operator()(index_t i) const { return i; }
};

}  // namespace prorata
