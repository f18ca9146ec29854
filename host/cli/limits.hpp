// What a job asks of the machine, cut to what the machine and the budget bear.
#pragma once

#include <host/cli/options.hpp>
#include <prorata/config.hpp>

namespace prorata::cli {

/// Cores of this machine; at least one.
int cores();

/// How many threads, or ranks at work at a time, --memory bears: one for each 4 MiB; at least one.
int borne_by_memory(options const& o);

/// --threads, or less where the machine (eight threads a core, 16 on small ones) or --memory bears less; then a
/// line on stderr says so, once. 0 means every core.
///   throws  usage_error where it is not from 0 to 4096
int threads_of(options const& o);

/// Says something that went as asked, but not quite: one line on stderr.
void note(std::string const& line);

}  // namespace prorata::cli
