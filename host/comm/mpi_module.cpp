// The one function of the module; everything else of prorata it finds in the program that loads it.
#include <host/comm/mpi_module.hpp>
#include <prorata/mpi.hpp>
#include <utility>

extern "C" void prorata_mpi_team(std::vector<prorata::host::stream>& streams,
                                 std::unique_ptr<prorata::team<prorata::host::stream>>& to) {
  to = std::make_unique<prorata::team<prorata::host::stream>>(prorata::mpi_team(std::move(streams)));
}
