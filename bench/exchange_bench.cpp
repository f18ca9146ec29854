// Moving elements between two ranks of the host: to other ranges, by a rule, and back.
#include <algorithm>
#include <array>
#include <bench/ceilings.hpp>
#include <bench/crowd.hpp>
#include <bench/peers/dealing_peers.hpp>
#include <bench/settings.hpp>
#include <functional>
#include <memory>
#include <prorata/distribute.hpp>
#include <prorata/redistribute.hpp>
#include <thread>

namespace prorata::bench {
namespace {

using element_type = std::int64_t;
using array = distributed_array<element_type, host::stream>;

constexpr int ranks = 2;
constexpr index_t block = 1024;  // of what is dealt in turns

/// Two streams that share the cores.
team<host::stream> two_ranks() {
  int const cores = static_cast<int>(std::thread::hardware_concurrency());
  std::vector<host::stream> streams;
  for (int r = 0; r < ranks; ++r) streams.emplace_back(host::stream_options{std::max(1, cores / ranks)});
  return team<host::stream>(std::move(streams));
}

partition by_weights(index_t n, double first, double second) {
  double const weights[] = {first, second};
  return partition_by_weights(n, weights);
}

/// work() returns the elements of x, each at its index.
contest whole_contest(hall& h, drawn<element_type> number, std::function<array()> work) {
  auto const x = h.memory.get<element_type>(arrays::x);
  auto const judge = [=](element_type const* found, index_t begin, index_t end) {
    for (index_t i = begin; i < end; ++i)
      if (found[i - begin] != number(arrays::x, i)) return false;
    return true;
  };
  contest c{2 * h.memory.bytes(), {}, {}};
  c.contestants.push_back(entry("prorata", role::ours, work, [=](array const& found) {
    return std::all_of(found.parts().begin(), found.parts().end(),
                       [=](auto const& p) { return judge(p.data, p.begin, p.end()); });
  }));
  c.contestants.push_back(entry(
      "copy to new memory", role::yardstick,
      [=] {
        auto memory = std::make_unique_for_overwrite<element_type[]>(x.size());
        copy_to(std::span(memory.get(), x.size()), std::span<element_type const>(x));
        return memory;
      },
      [=](auto const& memory) { return judge(memory.get(), 0, static_cast<index_t>(x.size())); }));
  c.contestants.push_back(copy_ceiling(h.memory));
  return c;
}

contest redistribute_contest(hall& h) {
  auto const number = h.memory.fill<element_type>();
  auto const x = h.memory.get<element_type>(arrays::x);
  auto const n = static_cast<index_t>(x.size());
  return whole_contest(h, number, [=, team = two_ranks()] {
    array moved = redistribute(borrow(team, x, by_weights(n, 1, 3)), by_weights(n, 3, 1));
    team.sync();
    return moved;
  });
}

contest collect_contest(hall& h) {
  auto const number = h.memory.fill<element_type>();
  auto const x = h.memory.get<element_type>(arrays::x);
  auto const n = static_cast<index_t>(x.size());
  block_cyclic const turns(n, ranks, block);
  auto const to = by_weights(n, 1, 1);
  auto const dealt = std::make_shared<array>(deal(borrow(two_ranks(), x, to), turns));
  return whole_contest(h, number, [=] {
    array whole = collect(*dealt, turns, to);
    whole.team().sync();
    return whole;
  });
}

/// Whether each rank got what the rule gives it, in the order it had: `parts` have data and a size.
template <class Parts, class Rule>
bool follows(drawn<element_type> number, index_t n, Parts const& parts, Rule const& rule) {
  std::array<index_t, ranks> taken{};
  for (index_t i = 0; i < n; ++i) {
    element_type const v = number(arrays::x, i);
    auto const rank = static_cast<std::size_t>(rule(v, i));
    auto const& part = parts[rank];
    if (taken[rank] == part.size || part.data[taken[rank]++] != v) return false;
  }
  return taken[0] + taken[1] == n;
}

/// deal(x) gives the elements to the ranks that ours_rule names; others follow a rule of their own.
template <class Deal, class OursRule, class Rule>
contest dealing_contest(hall& h, Deal deal, OursRule ours_rule, Rule rule) {
  auto const number = h.memory.fill<element_type>();
  auto const x = h.memory.get<element_type>(arrays::x);
  auto const n = static_cast<index_t>(x.size());
  contest c{2 * h.memory.bytes(), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours,
      [=, team = two_ranks()] {
        array dealt = deal(borrow(team, x));
        team.sync();
        return dealt;
      },
      [=](array const& dealt) { return follows(number, n, dealt.parts(), ours_rule); }));
  for (auto const& other : dealing_peers<Rule>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { return other.deal(x.data(), n, rule); },
        [=](auto const& dealt) { return follows(number, n, dealt, rule); }));
  c.contestants.push_back(copy_ceiling(h.memory));
  return c;
}

contest hash_contest(hall& h) {
  double const weights[] = {1, 1};
  auto const slots = std::make_shared<slot_table const>(weights);
  return dealing_contest(
      h, [=](array const& x) { return distribute_by_hash(x, *slots); },
      [=](element_type v, index_t) { return slots->rank_of(total_order<element_type>{}.key(v)); },
      dealt_by_hash{ranks});
}

contest range_contest(hall& h) {
  constexpr element_type splitter = 0;
  dealt_by_range const rule{splitter};
  return dealing_contest(
      h, [](array const& x) { return distribute_by_range(x, {splitter}); }, rule, rule);
}

contest turns_contest(hall& h) {
  dealt_in_turns const rule{ranks, block};
  return dealing_contest(
      h, [](array const& x) { return deal(x, block_cyclic(x.size(), ranks, block)); }, rule, rule);
}

}  // namespace

void add_exchanges(hall& h) {
  h.add("redistribute/weights 1 3 to 3 1/i64", [&h] { return redistribute_contest(h); });
  h.add("distribute/by hash/i64", [&h] { return hash_contest(h); });
  h.add("distribute/by range/i64", [&h] { return range_contest(h); });
  h.add("distribute/in turns/i64", [&h] { return turns_contest(h); });
  h.add("collect/from turns/i64", [&h] { return collect_contest(h); });
}

}  // namespace prorata::bench
