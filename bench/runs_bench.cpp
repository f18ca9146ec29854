// Runs of equal neighbours, and the sums of the values that belong to each, against other libraries.
#include <algorithm>
#include <bench/ceilings.hpp>
#include <bench/oracle.hpp>
#include <bench/peers/run_sum_peers.hpp>
#include <bench/peers/selection_peers.hpp>
#include <bench/settings.hpp>
#include <memory>
#include <prorata/reduce_by_key.hpp>

namespace prorata::bench {
namespace {

/// The lengths of runs of up to 2·`mean` elements, n in all.
std::vector<std::int64_t> drawn_lengths(index_t n, index_t mean) {
  std::vector<std::int64_t> lengths;
  for (index_t begin = 0; begin < n; begin += lengths.back()) {
    std::uint64_t const mixed = (lengths.size() + 1) * 0x9e3779b97f4a7c15u >> 20;
    lengths.push_back(
        std::min(1 + static_cast<std::int64_t>(mixed % static_cast<std::uint64_t>(2 * mean - 1)), n - begin));
  }
  return lengths;
}

/// What run number `run` consists of: no neighbours have the same.
template <class K>
K key_of(std::size_t run) {
  return static_cast<K>((run + 1) % 1000);
}

template <class K>
void write_runs(std::span<K> to, std::vector<std::int64_t> const& lengths) {
  K* place = to.data();
  for (std::size_t run = 0; run < lengths.size(); ++run)
    place = std::fill_n(place, lengths[run], key_of<K>(run));
}

contest lengths_contest(hall& h, index_t mean) {
  auto const x = h.memory.get<float>(arrays::out);
  auto const n = static_cast<index_t>(x.size());
  struct data {
    std::vector<std::int64_t> expected, peers_lengths;
    std::vector<float> peers_values;
  };
  auto const d = std::make_shared<data>();
  d->expected = drawn_lengths(n, mean);
  write_runs(x, d->expected);
  if (h.told.spoil) x[x.size() / 2] += 0.5f;
  d->peers_values.resize(x.size());
  d->peers_lengths.resize(x.size());
  auto const judge = [d](index_t count, float const* values, std::int64_t const* lengths) {
    if (count != static_cast<index_t>(d->expected.size())) return false;
    for (std::size_t run = 0; run < d->expected.size(); ++run)
      if (values[run] != key_of<float>(run) || lengths[run] != d->expected[run]) return false;
    return true;
  };

  contest c{h.memory.bytes() + static_cast<index_t>(d->expected.size() * 12), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours,
      [x, team = h.cpu] {
        auto found = run_lengths(borrow(team, x));
        team.sync();
        return found;
      },
      [=](auto const& found) {
        return judge(found.values.size(), found.values.parts()[0].data, found.lengths.parts()[0].data);
      }));
  for (auto const& other : selection_peers())
    if (other.runs != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer,
          [=] { return index_t{other.runs(d->peers_values.data(), d->peers_lengths.data(), x.data(), n)}; },
          [=](index_t count) { return judge(count, d->peers_values.data(), d->peers_lengths.data()); }));
  return c;
}

/// How ours adds up: in the canonical order, or without rounding.
enum class adding { canonical, exact };

/// Keys as wide as their values.
template <class T>
contest sums_contest(hall& h, index_t mean, adding how = adding::canonical) {
  using key = key_beside<T>;
  auto const number = h.memory.fill<T>();
  auto const x = h.borrowed<T>(arrays::x);
  auto const keys = h.memory.get<key>(arrays::out);
  index_t const n = x->size();
  struct oracle {
    std::vector<std::int64_t> lengths;
    std::vector<long double> sums, magnitudes;
    std::vector<key> peers_keys;
    std::vector<T> peers_sums;

    long double allowed(std::size_t run, role part) const {
      return tolerance<T>(part, lengths[run], magnitudes[run]);
    }
    verdict judge(role part, index_t count, key const* found, T const* found_sums) const {
      if (count != static_cast<index_t>(lengths.size())) return {false};
      double worst = 0;
      for (std::size_t run = 0; run < lengths.size(); ++run) {
        long double const off = std::abs(static_cast<long double>(found_sums[run]) - sums[run]);
        if (found[run] != key_of<key>(run) || !(off <= allowed(run, part))) return {false};
        worst = std::max(worst, static_cast<double>(off / magnitudes[run]));
      }
      return {true, worst};
    }
    /// By the greatest sum alone.
    verdict judge_greatest(std::vector<double> const& v) const {
      auto const greatest = std::max_element(sums.begin(), sums.end());
      long double most = 0;
      for (std::size_t run = 0; run < lengths.size(); ++run) most = std::max(most, allowed(run, role::peer));
      auto const runs = static_cast<double>(lengths.size());
      return {v.at(0) == runs && v.at(2) == runs && std::abs(v.at(3) - *greatest) <= most};
    }
  };
  auto const d = std::make_shared<oracle>();
  d->lengths = drawn_lengths(n, mean);
  write_runs(keys, d->lengths);
  index_t i = 0;
  for (auto const length : d->lengths) {
    long double sum = 0, magnitude = 0;
    for (index_t const end = i + length; i < end; ++i) {
      auto const v = static_cast<long double>(number(arrays::x, i));
      sum += v;
      magnitude += std::abs(v);
    }
    d->sums.push_back(sum);
    d->magnitudes.push_back(magnitude);
  }
  d->peers_keys.resize(d->lengths.size());
  d->peers_sums.resize(d->lengths.size());

  auto const written = static_cast<index_t>(d->lengths.size() * (sizeof(key) + sizeof(T)));
  bool const exact = how == adding::exact;
  contest c{2 * h.memory.bytes() + written, {}, exact ? std::vector<bar>{} : as_fast_as_any};
  c.contestants.push_back(entry(
      exact ? "prorata, exact" : "prorata", role::ours,
      [=, team = h.cpu] {
        auto const with = borrow(team, keys);
        auto found = exact ? exact_sum_by_key(with, *x) : sum_by_key(with, *x);
        team.sync();
        return found;
      },
      [=](auto const& found) {
        return d->judge(role::ours, found.keys.size(), found.keys.parts()[0].data,
                        found.values.parts()[0].data);
      }));
  T const* const values = x->parts()[0].data;
  auto const forget = [=] { std::fill(d->peers_sums.begin(), d->peers_sums.end(), T{}); };
  for (auto const& other : run_sum_peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, forget,
        [=] {
          return index_t{other.sums(d->peers_keys.data(), d->peers_sums.data(), keys.data(), values, n)};
        },
        [=](index_t count) {
          return d->judge(role::peer, count, d->peers_keys.data(), d->peers_sums.data());
        }));
  if (h.python)
    c.contestants.push_back(
        numpy_entry(h, "sum_by_key", numpy_type<T>, [=](auto const& v) { return d->judge_greatest(v); }));
  c.contestants.push_back(read_ceiling(h.memory, 2));
  return c;
}

}  // namespace

void add_runs(hall& h) {
  for (index_t const mean : {8, 1000}) {
    std::string const runs = std::to_string(mean);
    h.add("run lengths/" + runs + "/f32", [&h, mean] { return lengths_contest(h, mean); });
    h.add("sum by key/" + runs + "/f32", [&h, mean] { return sums_contest<float>(h, mean); });
    h.add("sum by key/" + runs + "/f64", [&h, mean] { return sums_contest<double>(h, mean); });
    h.add("exact sum by key/" + runs + "/f64",
          [&h, mean] { return sums_contest<double>(h, mean, adding::exact); });
  }
}

}  // namespace prorata::bench
