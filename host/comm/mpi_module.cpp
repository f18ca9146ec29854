// The one function of the module; everything else of prorata it finds in the program that loads it.
#include <host/comm/mpi_module.hpp>
#include <prorata/mpi.hpp>
#include <type_traits>
#include <utility>

extern "C" void prorata_mpi_team(std::string const& version, std::vector<prorata::host::stream>& streams,
                                 std::unique_ptr<prorata::team<prorata::host::stream>>& to) {
  if (version != prorata::version_string)
    throw prorata::device_error(std::string(prorata::mpi_module_name) + " is of prorata " +
                                prorata::version_string + ", and this is prorata " + version);
  to = std::make_unique<prorata::team<prorata::host::stream>>(prorata::mpi_team(std::move(streams)));
}

static_assert(std::is_same_v<decltype(prorata_mpi_team), prorata::mpi_module_team>);
