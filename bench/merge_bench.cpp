// Merging two sorted arrays, and finding an array to be sorted, against other libraries.
#include <tbb/parallel_sort.h>

#include <bench/ceilings.hpp>
#include <bench/crowd.hpp>
#include <bench/peers/sort_peers.hpp>
#include <bench/settings.hpp>
#include <prorata/sort.hpp>

namespace prorata::bench {
namespace {

/// Two sorted quarters of `out`, and the half behind them that others merge them into.
template <class T>
struct sorted_quarters {
  std::span<T> a, b, place;
  fingerprint expected;

  explicit sorted_quarters(hall& h) {
    auto const out = h.memory.get<T>(arrays::out);
    std::size_t const quarter = out.size() / 4;
    a = out.first(quarter);
    b = out.subspan(quarter, quarter);
    place = out.subspan(2 * quarter, 2 * quarter);
    for (std::size_t i = 0; i < 2 * quarter; ++i) {
      out[i] = element<T>(crowd::random, h.told.seed, static_cast<index_t>(i), 0);
      expected.take(out[i]);
    }
    for (auto const half : {a, b}) tbb::parallel_sort(half.begin(), half.end());
    if (h.told.spoil) a[quarter / 2] = spoiled(a[quarter / 2]);
  }
};

template <class T>
contest merge_contest(hall& h) {
  auto const x = std::make_shared<sorted_quarters<T>>(h);
  auto const quarter = static_cast<std::int64_t>(x->a.size());
  contest c{2 * static_cast<index_t>(x->place.size_bytes()), {}, as_fast_as_any};
  auto const ours = [x, team = h.cpu] {
    auto merged = merge(borrow(team, x->a), borrow(team, x->b));
    team.sync();
    return merged;
  };
  c.contestants.push_back(entry("prorata", role::ours, ours, [x](auto const& merged) {
    std::span<T const> const found(merged.parts()[0].data, static_cast<std::size_t>(merged.size()));
    return is_sorted_form(found, x->expected);
  }));
  for (auto const& other : merge_peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, [x] { std::fill(x->place.begin(), x->place.end(), T{}); },
        [=] { other.merge(x->place.data(), x->a.data(), quarter, x->b.data(), quarter); },
        [=] { return is_sorted_form<T>(x->place, x->expected); }));
  return c;
}

/// An array that is sorted: it has to be read to its end.
template <class T>
contest is_sorted_contest(hall& h) {
  auto const x = h.memory.get<T>(arrays::out);
  auto const n = static_cast<index_t>(x.size());
  for (index_t i = 0; i < n; ++i)
    x[static_cast<std::size_t>(i)] = element<T>(crowd::sorted, h.told.seed, i, n);
  if (h.told.spoil) x[x.size() / 2] = spoiled(x[x.size() / 2]);
  auto const judge = [](bool sorted) { return sorted; };
  contest c{h.memory.bytes(), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours, [x, team = h.cpu] { return is_sorted(borrow(team, x)); }, judge));
  for (auto const& other : is_sorted_peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { return other.is_sorted(x.data(), n); }, judge));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

}  // namespace

void add_merges(hall& h) {
  h.add("merge/f32", [&h] { return merge_contest<float>(h); });
  h.add("merge/u64", [&h] { return merge_contest<std::uint64_t>(h); });
  h.add("is sorted/f32", [&h] { return is_sorted_contest<float>(h); });
  h.add("is sorted/u64", [&h] { return is_sorted_contest<std::uint64_t>(h); });
}

}  // namespace prorata::bench
