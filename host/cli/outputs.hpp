// The outputs of a command: opened before its work.
#pragma once

#include <host/cli/options.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/job_files.hpp>
#include <optional>
#include <string>

namespace prorata::cli {

/// Begins an output whose name is reported.
///   bytes   its size, where it is known
///   throws  usage_error (also where --json cannot say the name), as job_files::write
io::atomic_file& open_output(io::job_files& files, options const& o, std::string const& path,
                             std::optional<index_t> bytes = {});

/// Where a column of several goes: DIR/name.npy where OUT is a folder or ends in a slash; else OUT.name.npy.
std::string column_path(std::string const& out, char const* name);

/// The output of a command, an array whose size is known; without a header if --raw says so.
io::array_sink open_array(io::job_files& files, options const& o, io::dtype type,
                          std::vector<index_t> const& shape, bool fortran_order = false);

}  // namespace prorata::cli
