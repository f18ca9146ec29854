// Sums by key against other libraries.
#include <bench/ceilings.hpp>
#include <bench/peers/group_peers.hpp>
#include <bench/settings.hpp>
#include <cmath>
#include <memory>
#include <prorata/group_by.hpp>

namespace prorata::bench {
namespace {

/// Keys of row i: uniform over `groups` of them; or 9 of 10 rows have key 0.
std::int64_t key_at(index_t i, index_t groups, bool heavy) {
  std::uint64_t h = (static_cast<std::uint64_t>(i) + 12345) * 0x9e3779b97f4a7c15u;
  h = (h ^ (h >> 32)) * 0x94d049bb133111ebu;
  h ^= h >> 31;
  return heavy && h % 10 != 0 ? 0 : static_cast<std::int64_t>((h >> 8) % static_cast<std::uint64_t>(groups));
}

template <class T>
struct group_oracle {
  std::vector<long double> sums, magnitudes;
  std::vector<std::uint64_t> whole;  // integers, modulo 2^64
  std::vector<char> there;

  template <class Sums>
  verdict operator()(Sums const& got) const {
    std::size_t groups = 0;
    for (char const t : there) groups += t != 0;
    if (got.size() != groups) return {false};
    std::int64_t before = -1;
    double worst = 0;
    for (auto const& [key, sum] : got) {
      auto const k = static_cast<std::size_t>(key);
      if (key <= before || k >= there.size() || !there[k]) return {false};
      before = key;
      if constexpr (std::is_integral_v<T>) {
        if (static_cast<std::uint64_t>(sum) != whole[k]) return {false};
      } else {
        long double const off = std::abs(static_cast<long double>(sum) - sums[k]);
        if (off > 1e-9L * magnitudes[k]) return {false};
        worst = std::max(worst, static_cast<double>(off / magnitudes[k]));
      }
    }
    return {true, worst};
  }
};

template <class T>
contest group_contest(hall& h, index_t groups, bool heavy) {
  auto const x = h.memory.fill<T>();
  index_t const n = h.memory.bytes() / 8;
  auto const keys = h.memory.get<std::int64_t>(arrays::out);
  index_t const skipped = h.memory.bytes() / static_cast<index_t>(sizeof(T)) - n;  // values: the last n of x
  auto judge = std::make_shared<group_oracle<T>>();
  auto const size = static_cast<std::size_t>(groups);
  judge->sums.resize(size), judge->magnitudes.resize(size), judge->whole.resize(size),
      judge->there.resize(size);
  for (index_t i = 0; i < n; ++i) {
    auto const key = key_at(i, groups, heavy);
    keys[static_cast<std::size_t>(i)] = key;
    T const v = x(arrays::x, i + skipped);
    auto const k = static_cast<std::size_t>(key);
    judge->sums[k] += static_cast<long double>(v);
    judge->magnitudes[k] += std::abs(static_cast<long double>(v));
    judge->whole[k] += static_cast<std::uint64_t>(v);
    judge->there[k] = 1;
  }
  auto const k = std::make_shared<distributed_array<std::int64_t, host::stream>>(borrow(h.cpu, keys));
  auto const v = std::make_shared<distributed_array<T, host::stream>>(
      borrow(h.cpu, h.memory.get<T>(arrays::x).last(static_cast<std::size_t>(n))));
  contest c{n * static_cast<index_t>(8 + sizeof(T)), {}, as_fast_as_any};
  auto const ours = [=] { return group_by(*k, *v, aggregate::sum); };
  auto const pairs = [=](auto const& g) {
    sums_by_key<T> out;
    for (index_t i = 0; i < g.size(); ++i)
      out.push_back({g.keys.parts()[0].data[i], g.sums.parts()[0].data[i]});
    return (*judge)(out);
  };
  c.contestants.push_back(entry("prorata, exact", role::ours, ours, pairs));
  T const* const values = v->parts()[0].data;
  std::int64_t const* const p = keys.data();
  for (auto const& other : group_peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { return other.sum(p, values, n); },
        [=](auto const& got) { return (*judge)(got); }));
  if (h.python) {
    auto const ask = [&h] { return h.python.ask("groups", numpy_type<T>); };
    c.contestants.push_back(
        {"NumPy, unique and bincount", role::peer,
         [=] {  // its sums are doubles, whatever was added: the total and the number of groups
           auto const got = ask().values;
           long double total = 0, size = 0;
           index_t there = 0;
           for (std::size_t g = 0; g < judge->there.size(); ++g) {
             total += judge->sums[g];
             size += judge->magnitudes[g];
             there += judge->there[g];
           }
           return verdict{got.at(0) == static_cast<double>(there) &&
                          std::abs(got.at(1) - total) <= 1e-9L * size};
         },
         [=] { return ask().seconds; }});
  }
  c.contestants.push_back(read_ceiling(h.memory, 2));
  return c;
}

template <class T>
void add_groups_of(hall& h) {
  std::string const type = type_name<T>;
  for (index_t const groups : {16, 10'000, 10'000'000})
    h.add("group/sum/" + std::to_string(groups) + "/" + type,
          [&h, groups] { return group_contest<T>(h, groups, false); });
  h.add("group/sum/one key of 9 rows in 10/" + type, [&h] { return group_contest<T>(h, 1'000'000, true); });
}

}  // namespace

void add_groups(hall& h) {
  add_groups_of<float>(h);
  add_groups_of<double>(h);
  add_groups_of<std::int64_t>(h);
}

}  // namespace prorata::bench
