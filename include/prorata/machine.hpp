// Teams of what a machine has.
#pragma once

#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace prorata {

/// The CPU as `shards` ranks that share its cores. Several ranks on one CPU show how work would be split;
/// they are no faster than one.
///   threads  of each rank; 0 means every core
inline team<host::stream> cpu_team(int shards = 1, int threads = 0) {
  require(shards >= 1, "a team has at least one rank");
  std::vector<host::stream> streams;
  for (int k = 0; k < shards; ++k) streams.emplace_back(host::stream_options{.threads = threads});
  return team<host::stream>(std::move(streams));
}

namespace detail {
inline team<host::stream> machine(std::type_identity<host::stream>) { return cpu_team(); }
}  // namespace detail

}  // namespace prorata
