// Keeping elements, distinct ones, the greatest, and runs, against other libraries.
#include <algorithm>
#include <bench/ceilings.hpp>
#include <bench/peers/selection_peers.hpp>
#include <bench/settings.hpp>
#include <cmath>
#include <memory>
#include <optional>
#include <prorata/quantile.hpp>
#include <prorata/topk.hpp>
#include <prorata/unique.hpp>

namespace prorata::bench {
namespace {

std::vector<bar> const as_fast_as_any{{bar::fastest_peer, 1.0}};

/// The numbers as they were drawn.
std::vector<float> drawn_values(drawn<float> number, index_t n) {
  std::vector<float> x(static_cast<std::size_t>(n));
  for (index_t i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = number(arrays::x, i);
  return x;
}

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
  auto kept = drawn_values(number, n);
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
  if (h.python) {
    auto const ask = [&h, limit] { return h.python.ask("select:" + std::to_string(limit), "f4"); };
    c.contestants.push_back({"NumPy", role::peer,
                             [=] {
                               auto const v = ask().values;
                               return verdict{v.at(0) == static_cast<double>(expected->size()) &&
                                              v.at(1) ==
                                                  *std::max_element(expected->begin(), expected->end())};
                             },
                             [=] { return ask().seconds; }});
  }
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

contest unique_contest(hall& h) {
  auto const number = h.memory.fill<float>();
  auto const a = h.borrowed<float>(arrays::x), room = h.borrowed<float>(arrays::out);
  index_t const n = a->size();
  auto sorted = drawn_values(number, n);
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  auto const expected = std::make_shared<std::vector<float> const>(std::move(sorted));
  float const* const x = a->parts()[0].data;
  float* const out = room->parts()[0].data;

  contest c{2 * h.memory.bytes(), {}, as_fast_as_any};
  auto const found = std::make_shared<std::optional<distributed_array<float, host::stream>>>();
  c.contestants.push_back(entry(
      "prorata", role::ours,
      [=] {
        *found = unique(*a);
        return (*found)->size();
      },
      [=](index_t count) { return same_as(expected, (*found)->parts()[0].data)(count); }));
  for (auto const& other : selection_peers())
    if (other.unique != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer, [=] { return index_t{other.unique(out, x, n)}; }, same_as(expected, out)));
  if (h.python) {
    auto const ask = [&h] { return h.python.ask("unique", "f4"); };
    c.contestants.push_back({"NumPy", role::peer,
                             [=] {
                               auto const v = ask().values;
                               return verdict{v.at(0) == static_cast<double>(expected->size()) &&
                                              v.at(1) == expected->back()};
                             },
                             [=] { return ask().seconds; }});
  }
  return c;
}

contest topk_contest(hall& h, index_t k) {
  auto const number = h.memory.fill<float>();
  auto const a = h.borrowed<float>(arrays::x), room = h.borrowed<float>(arrays::out);
  index_t const n = a->size();
  k = std::min(k, n);
  auto sorted = drawn_values(number, n);
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
  if (h.python) {
    auto const ask = [&h, k] { return h.python.ask("topk:" + std::to_string(k), "f4"); };
    c.contestants.push_back({"NumPy", role::peer,
                             [=] {
                               auto const v = ask().values;
                               return verdict{v.at(0) == expected->front() && v.at(1) == expected->back()};
                             },
                             [=] { return ask().seconds; }});
  }
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
  auto sorted = drawn_values(number, n);
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
  if (h.python) {
    auto const ask = [&h] { return h.python.ask("quantiles", "f4"); };
    c.contestants.push_back(
        {"NumPy", role::peer, [=] { return verdict{judge(ask().values)}; }, [=] { return ask().seconds; }});
  }
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

/// Runs of up to 2·`mean` equal elements, made from their number.
contest runs_contest(hall& h, index_t mean) {
  struct data {
    std::vector<float> x, values, peers_values;
    std::vector<std::int64_t> lengths, peers_lengths;
  };
  auto const d = std::make_shared<data>();
  auto const n = static_cast<std::size_t>(h.memory.bytes()) / sizeof(float);
  for (std::uint64_t run = 1; d->x.size() < n; ++run) {
    std::uint64_t const mixed = run * 0x9e3779b97f4a7c15u >> 20;
    std::size_t const length =
        std::min(1 + mixed % static_cast<std::uint64_t>(2 * mean - 1), n - d->x.size());
    d->x.insert(d->x.end(), length, static_cast<float>(run % 1000));
    d->values.push_back(d->x.back());
    d->lengths.push_back(static_cast<std::int64_t>(length));
  }
  if (h.told.spoil) d->x[n / 2] += 0.5f;
  d->peers_values.resize(n);
  d->peers_lengths.resize(n);
  auto const a =
      std::make_shared<distributed_array<float, host::stream>>(borrow(h.cpu, std::span<float>(d->x)));

  contest c{h.memory.bytes() + static_cast<index_t>(d->values.size() * 12), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours,
      [a, d] {
        auto found = std::make_shared<runs<float, host::stream>>(run_lengths(*a));
        a->team().sync();
        return found;
      },
      [=](std::shared_ptr<runs<float, host::stream>> const& found) {
        return found->values.size() == static_cast<index_t>(d->values.size()) &&
               std::equal(d->values.begin(), d->values.end(), found->values.parts()[0].data) &&
               std::equal(d->lengths.begin(), d->lengths.end(), found->lengths.parts()[0].data);
      }));
  for (auto const& other : selection_peers())
    if (other.runs != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer,
          [=] {
            return index_t{other.runs(d->peers_values.data(), d->peers_lengths.data(), d->x.data(),
                                      static_cast<std::int64_t>(d->x.size()))};
          },
          [=](index_t count) {
            return count == static_cast<index_t>(d->values.size()) &&
                   std::equal(d->values.begin(), d->values.end(), d->peers_values.begin()) &&
                   std::equal(d->lengths.begin(), d->lengths.end(), d->peers_lengths.begin());
          }));
  return c;
}

}  // namespace

void add_selections(hall& h) {
  h.add("select/1 in 100/f32", [&h] { return select_contest(h, 0.98f); });
  h.add("select/50 in 100/f32", [&h] { return select_contest(h, 0.0f); });
  h.add("select/99 in 100/f32", [&h] { return select_contest(h, -0.98f); });
  h.add("topk/10/f32", [&h] { return topk_contest(h, 10); });
  h.add("topk/1024/f32", [&h] { return topk_contest(h, 1024); });
  h.add("topk/100000/f32", [&h] { return topk_contest(h, 100000); });
  h.add("quantiles/3/f32", [&h] { return quantiles_contest(h); });
  h.add("run lengths/8/f32", [&h] { return runs_contest(h, 8); });
  h.add("run lengths/1000/f32", [&h] { return runs_contest(h, 1000); });
  h.add("unique/f32", [&h] { return unique_contest(h); });
}

}  // namespace prorata::bench
