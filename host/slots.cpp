// Slot tables: Webster's targets, and one pass that moves what a rank has too much.
#include <algorithm>
#include <prorata/apportion.hpp>
#include <prorata/error.hpp>
#include <prorata/slots.hpp>
#include <string>

namespace prorata {
namespace {

std::vector<index_t> targets(std::span<double const> weights) {
  require(!weights.empty() && weights.size() <= slot_count,
          std::to_string(weights.size()) + " weights were given; a slot table serves 1 to 65536 ranks");
  return apportion(slot_count, weights, apportionment::webster);
}

}  // namespace

slot_table::slot_table(std::span<double const> weights, std::uint64_t seed)
    : seed_(seed), counts_(targets(weights)) {
  table_.reserve(slot_count);
  for (std::size_t r = 0; r < counts_.size(); ++r)
    table_.insert(table_.end(), static_cast<std::size_t>(counts_[r]), static_cast<std::uint16_t>(r));
}

std::vector<slot_move> slot_table::rebalance(std::span<double const> weights) {
  std::vector<index_t> const wanted = targets(weights);
  std::vector<index_t> lacking(std::max(wanted.size(), counts_.size()), 0);  // negative: surplus
  std::copy(wanted.begin(), wanted.end(), lacking.begin());
  for (std::size_t r = 0; r < counts_.size(); ++r) lacking[r] -= counts_[r];
  std::vector<slot_move> moves;
  std::vector<std::uint16_t> table = table_;
  std::size_t to = 0;
  for (int slot = 0; slot < slot_count; ++slot) {
    std::uint16_t& rank = table[static_cast<std::size_t>(slot)];
    if (lacking[rank] >= 0) continue;
    while (lacking[to] <= 0) ++to;  // what one has too much another lacks
    moves.push_back({slot, rank, static_cast<int>(to)});
    ++lacking[rank];
    --lacking[to];
    rank = static_cast<std::uint16_t>(to);
  }
  table_ = std::move(table);
  counts_ = wanted;
  ++epoch_;
  return moves;
}

}  // namespace prorata
