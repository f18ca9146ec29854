// boost::unordered_flat_map.
#include <bench/peers/table_peers.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

namespace prorata::bench {
namespace {
bool const joined = join_tables([]<class K>(K) {
  return table_peer<K>{"boost::unordered_flat_map", [](std::int64_t pairs) -> std::unique_ptr<peer_table<K>> {
                         return std::make_unique<sharded<K, boost::unordered_flat_map<K, K>>>(pairs);
                       }};
});
}  // namespace
}  // namespace prorata::bench
