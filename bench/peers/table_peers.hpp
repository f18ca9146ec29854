// Hash tables of other libraries, as batches of plain arrays on every core. oneTBB's is not among them: it takes 18
// times as long as ours, and would take most of the time of a contest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace prorata::bench {

template <class K>
struct peer_table {
  virtual ~peer_table() = default;
  virtual void insert(K const* keys, K const* values, std::int64_t n) = 0;
  virtual void find(K const* keys, std::int64_t n, K* values, bool* found) const = 0;
};

template <class K>
struct table_peer {
  char const* name;
  std::unique_ptr<peer_table<K>> (*make)(std::int64_t pairs);
};

template <class K>
std::vector<table_peer<K>>& table_peers() {
  static std::vector<table_peer<K>> all;
  return all;
}

template <class F>
bool join_tables(F f) {
  table_peers<std::uint32_t>().push_back(f(std::uint32_t{}));
  table_peers<std::uint64_t>().push_back(f(std::uint64_t{}));
  return true;
}

/// f(k) on a thread for each core.
template <class F>
void on_every_core(F const& f) {
  unsigned const cores = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (unsigned k = 1; k < cores; ++k) threads.emplace_back(f, k, cores);
  f(0u, cores);
  for (auto& t : threads) t.join();
}

/// A table that one thread may change: one for each core, and a key's table by a hash that the tables do not use.
template <class K, class Map>
class sharded final : public peer_table<K> {
 public:
  explicit sharded(std::int64_t pairs) : shards_(std::max(1u, std::thread::hardware_concurrency())) {
    on_every_core([&](unsigned k, unsigned cores) {
      shards_[k].reserve(static_cast<std::size_t>(pairs / cores + pairs / cores / 64 + 64));
    });
  }
  void insert(K const* keys, K const* values, std::int64_t n) override {
    on_every_core([&](unsigned k, unsigned) {
      auto& mine = shards_[k];
      for (std::int64_t i = 0; i < n; ++i)
        if (shard_of(keys[i]) == k) mine[keys[i]] = values[i];
    });
  }
  void find(K const* keys, std::int64_t n, K* values, bool* found) const override {
    on_every_core([&](unsigned k, unsigned cores) {
      std::int64_t const end = (k + 1) * n / cores;
      for (std::int64_t i = k * n / cores; i < end; ++i) {
        auto const& map = shards_[shard_of(keys[i])];
        auto const at = map.find(keys[i]);
        bool const is = at != map.end();
        found[i] = is;
        values[i] = is ? at->second : K{0};
      }
    });
  }

 private:
  std::size_t shard_of(K key) const {
    auto const h = static_cast<std::uint32_t>(static_cast<std::uint64_t>(key) * 0xd6e8feb86659fd93u >> 32);
    return static_cast<std::size_t>(static_cast<std::uint64_t>(h) * shards_.size() >> 32);
  }
  std::vector<Map> shards_;
};

}  // namespace prorata::bench
