// Teams of host ranks: shards of one CPU. Under mpirun they are those of all processes, which have one rank
// more or less.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <vector>
#ifdef PRORATA_TEST_MPI
#include <prorata/mpi.hpp>
#endif

namespace prorata::conformance {

/// The number of this process under mpirun; −1 without.
inline int process_of_job() {
#ifdef PRORATA_TEST_MPI
  if (char const* const number = std::getenv("OMPI_COMM_WORLD_RANK")) return std::atoi(number);
#endif
  return -1;
}

template <int Ranks, int Threads>
struct host_ranks {
  using stream_type = host::stream;
  static std::vector<host::stream> streams() {
    std::vector<host::stream> all;
    int const ranks = Ranks + (process_of_job() % 2 == 1);
    for (int r = 0; r < ranks; ++r) all.emplace_back(host::stream_options{.threads = Threads});
    return all;
  }
  /// Processes share this machine's cores, and differ from threads in how bytes travel alone.
  static index_t large(index_t n) { return process_of_job() >= 0 ? n / 20 : n; }
  static prorata::team<host::stream> devices() {
#ifdef PRORATA_TEST_MPI
    if (process_of_job() >= 0) return mpi_team(streams());
#endif
    return prorata::team<host::stream>(streams());
  }
};

using providers = testing::Types<host_ranks<1, 3>, host_ranks<4, 1>, host_ranks<3, 2>>;

}  // namespace prorata::conformance
