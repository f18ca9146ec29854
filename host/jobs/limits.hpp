// What a job asks of the machine, cut to what the machine and the budget bear.
#pragma once

#include <host/jobs/options.hpp>
#include <prorata/config.hpp>

namespace prorata::jobs {

/// Cores of this machine; at least one.
int cores();

/// How many threads, or ranks at work at a time, --memory bears: one for each 4 MiB; at least one.
int borne_by_memory(job_options const& o);

/// --threads, or less where the machine (eight threads a core, 16 on small ones) or --memory bears less; then a
/// note says so, once. 0 means every core.
///   throws  usage_error where it is not from 0 to 4096
int threads_of(job_options const& o);

}  // namespace prorata::jobs
