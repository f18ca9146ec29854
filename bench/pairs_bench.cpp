// Sorting by key, and the places that would sort an array: stable, as everyone else has to be here.
#include <algorithm>
#include <bench/crowd.hpp>
#include <bench/peers/sort_peers.hpp>
#include <bench/settings.hpp>
#include <numeric>
#include <prorata/sort.hpp>

namespace prorata::bench {
namespace {

/// Keys, and the place each of them had: n words of `out` have room for the keys, the next n for the places.
template <class K, class Place>
struct placed_keys {
  crowd kind;
  std::uint64_t seed;
  std::vector<K> drawn;
  std::span<K> keys;
  std::span<Place> places;

  placed_keys(hall& h, crowd k) : kind(k), seed(h.told.seed) {
    auto const words = h.memory.get<Place>(arrays::out);
    std::size_t const n = std::min(words.size() / 2, std::size_t{1} << 24);
    keys = h.memory.get<K>(arrays::out).first(n);
    places = words.subspan(n, n);
    for (std::size_t i = 0; i < n; ++i) drawn.push_back(key_at(i));
    if (h.told.spoil) drawn[n / 2] = spoiled(drawn[n / 2]);
  }

  void put() const {
    copy_to(keys, std::span<K const>(drawn));
    std::iota(places.begin(), places.end(), Place{0});
  }

  K key_at(std::size_t place) const {
    return element<K>(kind, seed, static_cast<index_t>(place), static_cast<index_t>(keys.size()));
  }

  /// Whether these places sort the keys: then pairs of key and place ascend strictly, none is twice.
  bool are_sorting(Place const* found) const {
    K before{};
    for (std::size_t i = 0; i < places.size(); ++i) {
      auto const place = static_cast<std::size_t>(found[i]);
      if (place >= places.size()) return false;
      K const key = key_at(place);
      if (i > 0 && !(before < key || (before == key && found[i - 1] < found[i]))) return false;
      before = key;
    }
    return true;
  }

  /// Whether keys and places were sorted together.
  bool were_sorted() const {
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (keys[i] != key_at(static_cast<std::size_t>(places[i]))) return false;
    return are_sorting(places.data());
  }
};

contest sort_by_key_contest(hall& h, crowd kind) {
  using key = std::uint64_t;
  auto const x = std::make_shared<placed_keys<key, std::uint64_t>>(h, kind);
  auto const n = static_cast<index_t>(x->keys.size());
  auto const put = [x] { x->put(); };
  auto const judge = [x] { return x->were_sorted(); };
  contest c{n * 32, {}, as_fast_as_any};
  auto const ours = [x, team = h.cpu] {
    auto keys = borrow(team, x->keys);
    auto values = borrow(team, x->places);
    sort_by_key(keys, values);
    team.sync();
  };
  c.contestants.push_back(entry("prorata", role::ours, put, ours, judge));
  for (auto const& other : pair_sort_peers())
    c.contestants.push_back(entry(
        other.name, role::peer, put, [=] { other.sort(x->keys.data(), x->places.data(), n); }, judge));
  if (h.python)
    c.contestants.push_back(numpy_entry(
        h, "sort_by_key:" + std::to_string(n), numpy_type<key>, [=](auto const&) { return judge(); }, put));
  return c;
}

template <class K>
contest argsort_contest(hall& h, crowd kind) {
  auto const x = std::make_shared<placed_keys<K, index_t>>(h, kind);
  auto const n = static_cast<index_t>(x->keys.size());
  auto const put = [x] { x->put(); };
  auto const judge = [x] { return x->are_sorting(x->places.data()); };
  contest c{n * static_cast<index_t>(sizeof(K) + sizeof(index_t)), {}, as_fast_as_any};
  auto const ours = [x, team = h.cpu] {
    auto found = argsort(borrow(team, x->keys));
    team.sync();
    return found;
  };
  c.contestants.push_back(entry("prorata", role::ours, put, ours,
                                [x](auto const& found) { return x->are_sorting(found.parts()[0].data); }));
  for (auto const& other : argsort_peers<K>())
    c.contestants.push_back(entry(
        other.name, role::peer, put, [=] { other.argsort(x->places.data(), x->keys.data(), n); }, judge));
  if (h.python)
    c.contestants.push_back(numpy_entry(
        h, "argsort:" + std::to_string(n), numpy_type<K>, [=](auto const&) { return judge(); }, put));
  return c;
}

}  // namespace

void add_pairs(hall& h) {
  h.add("sort by key/random/u64", [&h] { return sort_by_key_contest(h, crowd::random); });
  h.add("sort by key/few/u64", [&h] { return sort_by_key_contest(h, crowd::few); });
  h.add("argsort/random/u32", [&h] { return argsort_contest<std::uint32_t>(h, crowd::random); });
  h.add("argsort/random/f64", [&h] { return argsort_contest<double>(h, crowd::random); });
  h.add("argsort/few/f64", [&h] { return argsort_contest<double>(h, crowd::few); });
}

}  // namespace prorata::bench
