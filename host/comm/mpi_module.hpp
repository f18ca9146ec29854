// What a program that loads MPI while it runs asks of prorata_mpi.so, which is built with it.
#pragma once

#include <memory>
#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <string>
#include <vector>

namespace prorata {

inline constexpr char const* mpi_module_name = "prorata_mpi.so";
inline constexpr char const* mpi_module_entry = "prorata_mpi_team";

/// mpi_team of these streams.
///   version  of prorata, in the program
///   throws   device_error where the module is of another one; as mpi_team
using mpi_module_team = void(std::string const& version, std::vector<host::stream>& streams,
                             std::unique_ptr<team<host::stream>>& to);

}  // namespace prorata
