// oneTBB's concurrent_unordered_map: one table for all threads.
#include <tbb/concurrent_unordered_map.h>

#include <bench/peers/table_peers.hpp>

namespace prorata::bench {
namespace {

template <class K>
class shared_by_all final : public peer_table<K> {
 public:
  explicit shared_by_all(std::int64_t pairs) : map_(static_cast<std::size_t>(pairs)) {}
  void insert(K const* keys, K const* values, std::int64_t n) override {
    on_every_core([&](unsigned k, unsigned cores) {
      for (std::int64_t i = k * n / cores; i < (k + 1) * n / cores; ++i) map_.insert({keys[i], values[i]});
    });
  }
  void find(K const* keys, std::int64_t n, K* values, bool* found) const override {
    on_every_core([&](unsigned k, unsigned cores) {
      for (std::int64_t i = k * n / cores; i < (k + 1) * n / cores; ++i) {
        auto const at = map_.find(keys[i]);
        found[i] = at != map_.end();
        values[i] = found[i] ? at->second : K{0};
      }
    });
  }

 private:
  tbb::concurrent_unordered_map<K, K> map_;
};

bool const joined = join_tables([]<class K>(K) {
  return table_peer<K>{"oneTBB", [](std::int64_t pairs) -> std::unique_ptr<peer_table<K>> {
                         return std::make_unique<shared_by_all<K>>(pairs);
                       }};
});

}  // namespace
}  // namespace prorata::bench
