// Keeping elements, parting them in two, and finding the greatest, against other libraries.
#include <algorithm>
#include <bench/ceilings.hpp>
#include <bench/peers/selection_peers.hpp>
#include <bench/settings.hpp>
#include <memory>
#include <prorata/quantile.hpp>
#include <prorata/select.hpp>
#include <prorata/topk.hpp>

namespace prorata::bench {
namespace {

/// Judges elements that begin at `from`.
auto same_as(std::shared_ptr<std::vector<float> const> expected, float const* from) {
  return [=](index_t count) {
    return verdict{count == static_cast<index_t>(expected->size()) &&
                   std::equal(expected->begin(), expected->end(), from)};
  };
}

contest select_contest(hall& h, float limit) {
  auto const number = h.memory.fill<float>();
  auto const a = h.borrowed<float>(arrays::x), room = h.borrowed<float>(arrays::out);
  index_t const n = a->size();
  auto kept = drawn_values(number, arrays::x, n);
  std::erase_if(kept, [=](float v) { return !above{limit}(v); });
  auto const expected = std::make_shared<std::vector<float> const>(std::move(kept));
  float const* const x = a->parts()[0].data;
  float* const out = room->parts()[0].data;
  auto const judge = same_as(expected, out);

  contest c{h.memory.bytes() + static_cast<index_t>(expected->size() * sizeof(float)), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return copy_if_into(*room, *a, above{limit}).size(); }, judge));
  for (auto const& other : selection_peers())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { return index_t{other.copy_if(out, x, n, above{limit})}; }, judge));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, "select:" + std::to_string(limit), "f4", [=](auto const& v) {
      return v.at(0) == static_cast<double>(expected->size()) &&
             v.at(1) == *std::max_element(expected->begin(), expected->end());
    }));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

/// The places of what lies above a limit, in memory of their own: everyone takes some that is new.
contest places_contest(hall& h, float limit) {
  auto const number = h.memory.fill<float>();
  auto const a = h.borrowed<float>(arrays::x);
  index_t const n = a->size();
  auto const values = drawn_values(number, arrays::x, n);
  std::vector<index_t> above_limit;
  for (index_t i = 0; i < n; ++i)
    if (above{limit}(values[static_cast<std::size_t>(i)])) above_limit.push_back(i);
  auto const expected = std::make_shared<std::vector<index_t> const>(std::move(above_limit));
  struct places {
    std::unique_ptr<std::int64_t[]> memory;
    index_t count;
  };
  float const* const x = a->parts()[0].data;
  auto const judge = [=](index_t count, std::int64_t const* found) {
    return verdict{count == static_cast<index_t>(expected->size()) &&
                   std::equal(expected->begin(), expected->end(), found)};
  };

  contest c{h.memory.bytes() + static_cast<index_t>(expected->size() * sizeof(index_t)), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours,
      [=] {
        auto found = indices_where(*a, above{limit});
        a->team().sync();
        return found;
      },
      [=](auto const& found) { return judge(found.size(), found.parts()[0].data); }));
  for (auto const& other : selection_peers())
    if (other.places != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer,
          [=] {
            places found{std::make_unique_for_overwrite<std::int64_t[]>(static_cast<std::size_t>(n)), 0};
            found.count = other.places(found.memory.get(), x, n, above{limit});
            return found;
          },
          [=](places const& found) { return judge(found.count, found.memory.get()); }));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, "places:" + std::to_string(limit), "f4", [=](auto const& v) {
      return v.at(0) == static_cast<double>(expected->size()) &&
             v.at(1) == static_cast<double>(expected->back());
    }));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

/// What lies where a flag is set, of a byte each: half of them in no order.
contest flagged_contest(hall& h) {
  auto const number = h.memory.fill<float>();
  auto const a = h.borrowed<float>(arrays::x);
  index_t const n = a->size();
  float* const out = h.memory.get<float>(arrays::out).data();
  auto const flags = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(n));
  std::vector<float> set;
  for (index_t i = 0; i < n; ++i) {
    bool const is = number(arrays::y, i) > 0;
    (*flags)[static_cast<std::size_t>(i)] = is ? 1 : 0;
    if (is) set.push_back(number(arrays::x, i));
  }
  if (h.told.spoil) (*flags)[flags->size() / 2] ^= 1;
  auto const expected = std::make_shared<std::vector<float> const>(std::move(set));
  float const* const x = a->parts()[0].data;

  contest c{
      h.memory.bytes() + n + static_cast<index_t>(expected->size() * sizeof(float)), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours,
      [=, team = h.cpu] {
        auto found = copy_flagged(*a, borrow(team, std::span<std::uint8_t>(*flags)));
        team.sync();
        return found;
      },
      [=](auto const& found) { return same_as(expected, found.parts()[0].data)(found.size()); }));
  for (auto const& other : selection_peers())
    if (other.flagged != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer, [&h] { h.memory.forget(); },
          [=] { return index_t{other.flagged(out, x, flags->data(), n)}; }, same_as(expected, out)));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

/// What lies above a limit and what does not, both in order.
contest partition_contest(hall& h, float limit) {
  auto const number = h.memory.fill<float>();
  auto const a = h.borrowed<float>(arrays::x);
  index_t const n = a->size();
  auto rest = drawn_values(number, arrays::x, n);
  auto kept = rest;
  std::erase_if(kept, [=](float v) { return !above{limit}(v); });
  std::erase_if(rest, above{limit});
  auto const in = std::make_shared<std::vector<float> const>(std::move(kept));
  auto const out = std::make_shared<std::vector<float> const>(std::move(rest));
  float const* const x = a->parts()[0].data;
  float* const place = h.memory.get<float>(arrays::out).data();
  auto const other_place = std::make_shared<std::vector<float>>(static_cast<std::size_t>(n));

  contest c{2 * h.memory.bytes(), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours,
      [=] {
        auto found = partition_copy(*a, above{limit});
        a->team().sync();
        return found;
      },
      [=](auto const& found) {
        return same_as(in, found.kept.parts()[0].data)(found.kept.size()).right &&
               same_as(out, found.rest.parts()[0].data)(found.rest.size()).right;
      }));
  for (auto const& other : selection_peers())
    if (other.partition != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer, [&h] { h.memory.forget(); },
          [=] { return index_t{other.partition(place, other_place->data(), x, n, above{limit})}; },
          [=](index_t count) {
            return same_as(in, place)(count).right && same_as(out, other_place->data())(n - count).right;
          }));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, "partition:" + std::to_string(limit), "f4", [=](auto const& v) {
      auto const looks_like = [&](std::size_t k, std::vector<float> const& expected) {
        return v.at(k) == static_cast<double>(expected.size()) &&
               v.at(k + 1) == *std::max_element(expected.begin(), expected.end());
      };
      return looks_like(0, *in) && looks_like(2, *out);
    }));
  c.contestants.push_back(copy_ceiling(h.memory));
  return c;
}

contest topk_contest(hall& h, index_t k) {
  auto const number = h.memory.fill<float>();
  auto const a = h.borrowed<float>(arrays::x), room = h.borrowed<float>(arrays::out);
  index_t const n = a->size();
  k = std::min(k, n);
  auto sorted = drawn_values(number, arrays::x, n);
  std::partial_sort(sorted.begin(), sorted.begin() + k, sorted.end(), std::greater<>{});
  sorted.resize(static_cast<std::size_t>(k));
  auto const expected = std::make_shared<std::vector<float> const>(std::move(sorted));
  float const* const x = a->parts()[0].data;
  float* const out = room->parts()[0].data;

  contest c{h.memory.bytes(), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata, with indices", role::ours, [=] { return topk(*a, k); },
      [=](top_elements<float> const& found) { return found.values == *expected; }));
  for (auto const& other : selection_peers())
    if (other.topk != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer, [=] { other.topk(out, x, n, k); },
          [=] { return same_as(expected, out)(k).right; }));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, "topk:" + std::to_string(k), "f4", [=](auto const& v) {
      return v.at(0) == expected->front() && v.at(1) == expected->back();
    }));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

/// Three quantiles, as the elements at or below them.
contest quantiles_contest(hall& h) {
  auto const number = h.memory.fill<float>();
  auto const a = h.borrowed<float>(arrays::x), room = h.borrowed<float>(arrays::out);
  index_t const n = a->size();
  std::vector<double> const q{0.01, 0.5, 0.99};
  std::vector<std::int64_t> places;
  for (double const one : q) places.push_back(static_cast<std::int64_t>(one * static_cast<double>(n - 1)));
  auto sorted = drawn_values(number, arrays::x, n);
  std::sort(sorted.begin(), sorted.end());
  std::vector<float> expected;
  for (auto const place : places) expected.push_back(sorted[static_cast<std::size_t>(place)]);
  float const* const x = a->parts()[0].data;
  float* const out = room->parts()[0].data;
  auto const judge = [expected](auto const& found) {
    return std::equal(expected.begin(), expected.end(), found.begin(), found.end());
  };

  contest c{h.memory.bytes(), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return quantiles(*a, q, quantile_method::lower); }, judge));
  for (auto const& other : selection_peers())
    if (other.at_places != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer,
          [=] {
            std::vector<float> found(places.size());
            other.at_places(out, x, n, places, found.data());
            return found;
          },
          judge));
  if (h.python) c.contestants.push_back(numpy_entry(h, "quantiles", "f4", judge));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

}  // namespace

void add_selections(hall& h) {
  h.add("select/1 in 100/f32", [&h] { return select_contest(h, 0.98f); });
  h.add("select/50 in 100/f32", [&h] { return select_contest(h, 0.0f); });
  h.add("select/99 in 100/f32", [&h] { return select_contest(h, -0.98f); });
  h.add("indices where/1 in 100/f32", [&h] { return places_contest(h, 0.98f); });
  h.add("indices where/50 in 100/f32", [&h] { return places_contest(h, 0.0f); });
  h.add("select flagged/50 in 100/f32", [&h] { return flagged_contest(h); });
  h.add("topk/10/f32", [&h] { return topk_contest(h, 10); });
  h.add("topk/1024/f32", [&h] { return topk_contest(h, 1024); });
  h.add("topk/100000/f32", [&h] { return topk_contest(h, 100000); });
  h.add("quantiles/3/f32", [&h] { return quantiles_contest(h); });
  h.add("partition/50 in 100/f32", [&h] { return partition_contest(h, 0.0f); });
}

}  // namespace prorata::bench
