// The processes of this job: mpirun may have started several of this program.
#pragma once

#include <host/pictures/progress.hpp>
#include <host/run/processes.hpp>
#include <memory>
#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <vector>

namespace prorata::jobs {

/// Joins the processes that a launcher (mpirun, srun) has started with this one, by MPI, which is loaded then and only
/// then: the program needs none to run alone.
///   throws  device_error where there are others and MPI is not there
void join_processes();

/// All processes of the job, of which each has the same command line. Before join_processes(), and alone: this one.
host::processes const& all_processes();

/// How far a stage of the job is, on standard error: the first process draws it.
std::unique_ptr<pictures::progress> bar(pictures::shown when, std::string const& label, index_t bytes);

/// The team of all ranks of the job, of which these are this process's.
prorata::team<host::stream> team_of_job(std::vector<host::stream> streams);

}  // namespace prorata::jobs
