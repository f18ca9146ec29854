// A kernel's grid on the host: blocks run one after another in any order, a block's warps are loops.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <prorata/config.hpp>
#include <random>
#include <vector>

namespace prorata {

/// The Block policy of kernels/ordered_block.hpp and its kin, without a GPU.
template <class T, index_t L, int Warps>
struct block_on_host {
  index_t number;
  std::vector<T> rows = std::vector<T>(static_cast<std::size_t>(Warps * L));

  index_t index() const { return number; }
  template <class F>
  void each_warp(F const& f) {
    for (int w = 0; w < Warps; ++w) f(w);
  }
  template <class F>
  bool first_warp(F const& f) {
    return f();
  }
  T* shared(int w) { return rows.data() + w * L; }
  bool arrive(unsigned* counter, unsigned count) {
    if (++*counter < count) return false;
    *counter = 0;
    return true;
  }
};

/// The numbers 0 … count − 1, shuffled: an order in which a grid's blocks may happen to run.
inline std::vector<index_t> any_order(index_t count, unsigned seed) {
  std::vector<index_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), index_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937(seed));
  return order;
}

}  // namespace prorata
