// Teams that span the processes of an MPI job: link prorata::mpi. No header of MPI is needed to use it.
#pragma once

#include <chrono>
#include <cstddef>
#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <vector>

namespace prorata {

/// How the processes of a job talk to each other.
struct mpi_options {
  /// For each operation. A process that has not come by then ends the job: what MPI still writes to cannot be
  /// taken back.
  std::chrono::milliseconds deadline{600'000};
  /// Of one message, at most 2^31 − 1; longer ones go in pieces.
  std::size_t most_bytes = 1 << 30;
};

/// The team of all processes of an MPI job (mpirun -n 4 …): `streams` are this process's ranks, as many as it
/// likes; they are numbered after those of the processes before it. All processes call the same verbs in the
/// same order, each with its own parts of the arrays. Started alone, without mpirun, a program is a job of
/// one process.
///   needs   every process of the job to call it; MPI_THREAD_MULTIPLE, where the program has started MPI
///           itself (where it has not, this does, and ends MPI when the program exits)
///   cost    an operation waits for all processes: they agree that nobody has failed, and on what is to be done
///   throws  communication_error; also later, from sync, in every process, where a rank of any process has
///           failed, or where the processes have called different operations
team<host::stream> mpi_team(std::vector<host::stream> streams, mpi_options const& options = {});

}  // namespace prorata
