// MPI is a module beside the program, so that the program starts where MPI is not installed.
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <host/comm/mpi_module.hpp>
#include <host/jobs/launched.hpp>
#include <memory>
#include <prorata/error.hpp>
#include <string>
#include <system_error>

namespace prorata::jobs {

namespace {

namespace fs = std::filesystem;

mpi_module_team* make_team = nullptr;
std::unique_ptr<host::processes> joined;

/// How many processes of one job the launcher says that it has started: what Open MPI, MPICH and Slurm tell them. Slurm
/// also starts what is no such job; then it gives them no PMIX_RANK.
int launched() {
  for (char const* const name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (char const* const count = std::getenv(name)) return std::atoi(count);
  char const* const count = std::getenv("SLURM_STEP_NUM_TASKS");
  return count != nullptr && std::getenv("PMIX_RANK") != nullptr ? std::atoi(count) : 1;
}

/// Beside the program, or where an installation has it.
void* open_module() {
  std::error_code unknown;
  auto const here = fs::read_symlink("/proc/self/exe", unknown).parent_path();
  std::string why = "it is not there";
  for (auto const& folder : {here, here / "../lib/prorata"}) {
    auto const path = folder / mpi_module_name;
    if (!fs::exists(path, unknown)) continue;
    // RTLD_GLOBAL: MPI loads parts of itself, which look for the others
    if (void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) return module;
    why = ::dlerror();
  }
  throw device_error("several processes were started, and " + std::string(mpi_module_name) +
                     ", by which they would talk, cannot be loaded: " + why +
                     "; build prorata where MPI is installed, or start one process");
}

}  // namespace

void join_processes() {
  int const count = launched();
  if (count < 2) return;
  make_team = reinterpret_cast<mpi_module_team*>(::dlsym(open_module(), mpi_module_entry));
  if (make_team == nullptr) throw device_error(std::string(mpi_module_name) + " is of another prorata");
  std::vector<host::stream> one;
  one.emplace_back(host::stream_options{.threads = 1, .name = "job"});
  joined = std::make_unique<host::processes>(team_of_job(std::move(one)));
  if (joined->count() != count)
    throw device_error(std::to_string(count) + " processes were started, and MPI knows of " +
                       std::to_string(joined->count()) +
                       "; start them by the mpirun of the MPI that prorata was built with");
}

host::processes const& all_processes() { return joined ? *joined : host::processes::one(); }

std::unique_ptr<pictures::progress> bar(pictures::shown when, std::string const& label, index_t bytes) {
  return std::make_unique<pictures::progress>(when, label, bytes, all_processes().first());
}

prorata::team<host::stream> team_of_job(std::vector<host::stream> streams) {
  if (make_team == nullptr) return prorata::team<host::stream>(std::move(streams));
  std::unique_ptr<prorata::team<host::stream>> team;
  make_team(version_string, streams, team);
  return *team;
}

}  // namespace prorata::jobs
