// From the library's assignments and slots to what each rank would get.
#include <algorithm>
#include <host/dynamic/shares.hpp>
#include <host/fp_environment.hpp>
#include <prorata/apportion.hpp>
#include <prorata/assignments.hpp>
#include <prorata/slots.hpp>

namespace prorata::dynamic {

namespace {

shares counted(std::vector<index_t> counts, std::string rule) {
  shares s{std::move(counts), {}, 0, {}, {}, {}, std::move(rule)};
  for (index_t const c : s.counts) s.loads.push_back(static_cast<double>(c));
  return s;
}

}  // namespace

double largest_time(std::vector<double> const& loads, std::vector<double> const& weights) {
  return host::canonically([&] {
    double most = 0;
    for (std::size_t r = 0; r < loads.size(); ++r)
      if (loads[r] > 0) most = std::max(most, loads[r] / weights[r]);
    return most;
  });
}

shares shares_in_turns(index_t n, std::vector<double> const& weights, index_t block) {
  std::vector<index_t> counts;
  bool const equal = std::all_of(weights.begin(), weights.end(), [&](double w) { return w == weights[0]; });
  std::string const turn = block == 1 ? "element i" : "block i / " + std::to_string(block);
  if (equal) {
    block_cyclic const cycle(n, static_cast<int>(weights.size()), block);
    for (int r = 0; r < static_cast<int>(weights.size()); ++r) counts.push_back(cycle.size(r));
    return counted(std::move(counts), turn + " modulo " + std::to_string(weights.size()) + " is the rank");
  }
  weighted_cyclic const wheel(n, weights, block);
  for (int r = 0; r < wheel.ranks(); ++r) counts.push_back(wheel.size(r));
  return counted(std::move(counts), turn + " modulo " + std::to_string(wheel.wheel().size()) +
                                        " is a place of a weighted wheel");
}

shares shares_by_hash(index_t n, std::vector<double> const& weights) {
  slot_table const table(weights);
  std::vector<index_t> slots;
  for (int r = 0; r < table.ranks(); ++r) slots.push_back(table.slots(r));
  std::vector<double> const as_weights(slots.begin(), slots.end());
  auto s = counted(apportion(n, as_weights, apportionment::hamilton),
                   "the top 16 bits of a key's hash pick a slot, and a table of slots the rank; counts are "
                   "those to be expected of n different keys");
  s.slots = std::move(slots);
  return s;
}

shares shares_of_tasks(element_costs const& costs, std::vector<double> const& weights) {
  auto const assigned = assign_tasks(costs.all(), weights);
  shares s{std::vector<index_t>(weights.size(), 0),
           assigned.loads,
           assigned.makespan,
           {},
           {},
           {},
           "each task, the costliest first, goes where it would be done soonest"};
  for (int const r : assigned.rank_of) ++s.counts[static_cast<std::size_t>(r)];
  return s;
}

}  // namespace prorata::dynamic
