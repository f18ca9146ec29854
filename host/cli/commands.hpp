// The commands of `prorata`: each says its options, opens its files in `files`, and returns when outputs are complete.
// The caller publishes them.
#pragma once

#include <host/cli/command_line.hpp>
#include <host/io/job_files.hpp>
#include <span>
#include <string>

namespace prorata::cli {

struct command {
  char const* name;
  void (*run)(command_line&, io::job_files&);
};

/// All of them, by name.
std::span<command const> commands();

/// The manual, help.md, or the section of one command.
///   throws  usage_error when there is no such command
std::string help_text(std::string const& command);

/// Has freed memory given back to the system, so that what a job holds is what --memory bounds. For programs.
void bound_heap() noexcept;

}  // namespace prorata::cli
