// ska::flat_hash_map.
#include <flat_hash_map.hpp>

#include <bench/peers/table_peers.hpp>

namespace prorata::bench {
namespace {
bool const joined = join_tables([]<class K>(K) {
  return table_peer<K>{"ska::flat_hash_map", [](std::int64_t pairs) -> std::unique_ptr<peer_table<K>> {
                         return std::make_unique<sharded<K, ska::flat_hash_map<K, K>>>(pairs);
                       }};
});
}  // namespace
}  // namespace prorata::bench
