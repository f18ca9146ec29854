// A block of threads that adds rows up in tables of groups: the same source for the kernel and its host test.
#pragma once

#include <kernels/grouping/slots.hpp>
#include <kernels/grouping/slots_plan.hpp>
#include <kernels/grouping/totals.hpp>
#include <kernels/unrolled.hpp>

namespace prorata::cuda {

/// Rounds of `group_items` rows after which a block asks whether its near table still serves. If most rows
/// find no place in it, others' keys crowd it: it is emptied, and the keys that come now move in.
inline constexpr int group_rounds = 16;

/// What each thread of a block does. Blocks take n rows in turns.
///   block    index, blocks, thread, threads; count(yes) waits for all threads, and tells how many said so
///   tables   the near one is this block's own, and may hold anything; the far one is for all
///   totals   refused becomes 1 where a record had no place, and then all soon stop
template <class Block, class State, class NearAtomics, class FarAtomics>
PRORATA_HD void take_rows(Block const& block, near_and_far<State, NearAtomics, FarAtomics> const& tables,
                          std::uint64_t const* keys, std::uint64_t const* values, index_t n,
                          group_totals* totals) {
  auto const my_slots = [&](auto const& f) {
    for (auto k = static_cast<std::uint32_t>(block.thread()); k < tables.near.size(); k += Block::threads)
      f(k);
  };
  my_slots([&](std::uint32_t k) { tables.near.slots[k] = tables.near.free_slot(); });
  block.count(true);

  group_run<State, near_and_far<State, NearAtomics, FarAtomics>> run(tables, origin_of(totals));
  constexpr index_t step = index_t{Block::threads} * group_items;
  index_t first = block.index() * step;
  bool refused = false;
  for (bool done = false; !done;) {
    for (int round = 0; round < group_rounds && first < n; ++round, first += block.blocks() * step) {
      bool const given_up = tables.far_atomics.look(&totals->refused) != 0;
      index_t const mine = first + block.thread();
      std::uint64_t key[group_items] = {}, value[group_items] = {};
      unrolled<group_items>([&](auto number) {
        constexpr int k = decltype(number)::value;
        if (index_t const i = mine + k * Block::threads; i < n) {
          key[k] = keys[i];
          value[k] = values[i];
        }
      });
#if defined(__CUDA_ARCH__)
#pragma unroll 1  // one copy of the exact adding
#endif
      for (index_t i = mine; i < n && i < first + step; i += Block::threads) {
        run.take(key[0], value[0]);
        unrolled<group_items - 1>([&](auto number) {
          constexpr int k = decltype(number)::value;
          key[k] = key[k + 1];
          value[k] = value[k + 1];
        });
      }
      if (run.refused()) tables.far_atomics.set_bits(&totals->refused, 1);
      if (given_up) first = n;
    }
    run.flush();
    bool const mostly_far = 2 * run.went_far() > group_rounds * group_items;
    bool const crowded = block.count(mostly_far) > Block::threads / 2;
    done = block.count(first >= n) == Block::threads;
    if (done || crowded) my_slots([&](std::uint32_t k) { refused = !tables.move_far(k) || refused; });
    block.count(true);
  }
  if (refused || run.refused()) tables.far_atomics.set_bits(&totals->refused, 1);
}

}  // namespace prorata::cuda
