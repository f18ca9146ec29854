// A hash table against those of other libraries: pairs brought in, found, and found missing, at load 0.8.
#include <bench/peers/table_peers.hpp>
#include <bench/settings.hpp>
#include <prorata/hash_map.hpp>
#include <prorata/slots.hpp>

namespace prorata::bench {
namespace {

/// n pairs, of which key i is that of number i, and n keys to look for in another order.
template <class K>
struct pairs {
  index_t n;
  bool missing;
  std::vector<K> keys, values, asked, got;
  std::unique_ptr<bool[]> found;

  pairs(hall& h, bool look_for_others) : n(h.memory.bytes() / 64), missing(look_for_others) {
    auto const size = static_cast<std::size_t>(n);
    keys.resize(size), values.resize(size), asked.resize(size), got.resize(size);
    found = std::make_unique<bool[]>(size);
    for (index_t i = 0; i < n; ++i) {
      auto const at = static_cast<std::size_t>(i);
      keys[at] = key(i);
      values[at] = value(i);
      asked[at] = key(asked_number(i));
    }
    if (h.told.spoil) {
      keys[size / 2] = values[size / 2] = key(3 * n + 1);  // a number that nobody knows
      asked[size / 3] = missing ? keys[0] : key(4 * n + 3);
    }
  }

  /// Different keys for different numbers.
  static K key(index_t i) {
    if constexpr (sizeof(K) == 4) {  // the last steps of MurmurHash3
      auto h = static_cast<std::uint32_t>(i);
      h = (h ^ (h >> 16)) * 0x85ebca6bu;
      h = (h ^ (h >> 13)) * 0xc2b2ae35u;
      return h ^ (h >> 16);
    } else {
      return mix(static_cast<std::uint64_t>(i));
    }
  }
  static K value(index_t i) { return static_cast<K>(i + 12345); }
  index_t asked_number(index_t i) const {
    return static_cast<index_t>(mix(static_cast<std::uint64_t>(~i)) % static_cast<std::uint64_t>(n)) +
           (missing ? n : 0);
  }

  void forget() {
    std::fill(got.begin(), got.end(), K{1});
    std::fill_n(found.get(), n, missing);
  }
  bool answered() const {
    for (index_t i = 0; i < n; ++i) {
      auto const at = static_cast<std::size_t>(i);
      if (found[at] == missing || got[at] != (missing ? K{0} : value(asked_number(i)))) return false;
    }
    return true;
  }
};

template <class K>
struct our_table final : peer_table<K> {
  explicit our_table(index_t n) { map.reserve(n); }
  void insert(K const* keys, K const* values, std::int64_t n) override {
    map.insert_or_assign({keys, static_cast<std::size_t>(n)}, {values, static_cast<std::size_t>(n)});
  }
  void find(K const* keys, std::int64_t n, K* values, bool* found) const override {
    auto const size = static_cast<std::size_t>(n);
    map.find({keys, size}, {values, size}, {found, size});
  }
  hash_map<K, K> map;
};

enum class task { insert, find, miss };

template <class K>
contest table_contest(hall& h, task what) {
  auto const p = std::make_shared<pairs<K>>(h, what == task::miss);
  contest c{
      p->n * static_cast<index_t>(2 * sizeof(K)), {}, {{bar::fastest_peer, what == task::miss ? 1.2 : 2.5}}};
  auto const add = [&](char const* name, role part, auto make) {
    auto const table = std::make_shared<std::unique_ptr<peer_table<K>>>();
    auto const fill = [=] {
      *table = make(p->n);
      (*table)->insert(p->keys.data(), p->values.data(), p->n);
    };
    auto const look = [=] { (*table)->find(p->asked.data(), p->n, p->got.data(), p->found.get()); };
    auto const right = [=] { return p->answered(); };
    if (what == task::insert) {
      c.contestants.push_back(entry(
          name, part, [=] { table->reset(); }, fill, [=] { return p->forget(), look(), right(); }));
    } else {
      c.contestants.push_back(entry(
          name, part,
          [=] {
            if (!*table) fill();
            p->forget();
          },
          look, right));
    }
  };
  add("prorata", role::ours, [](index_t n) { return std::make_unique<our_table<K>>(n); });
  for (auto const& peer : table_peers<K>()) add(peer.name, role::peer, peer.make);
  return c;
}

template <class K>
void add_tables_of(hall& h, std::string const& type) {
  h.add("hash map/insert/" + type, [&h] { return table_contest<K>(h, task::insert); });
  h.add("hash map/find/" + type, [&h] { return table_contest<K>(h, task::find); });
  h.add("hash map/find what is missing/" + type, [&h] { return table_contest<K>(h, task::miss); });
}

}  // namespace

void add_hash_maps(hall& h) {
  add_tables_of<std::uint32_t>(h, "u32");
  add_tables_of<std::uint64_t>(h, "u64");
}

}  // namespace prorata::bench
