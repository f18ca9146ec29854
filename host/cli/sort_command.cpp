// prorata sort: the elements of a file in order.
#include <host/cli/commands.hpp>
#include <host/cli/sorted_output.hpp>

namespace prorata::cli {

void sort_command(command_line& command, io::job_files& files) {
  sorting_job job(command, {}, files);
  host::with_keys(job.in(), job.way(), [&]<class U>(host::key_source<U> const& source) {
    job.finish(host::sort_file(source, *job.sorter<U>(), job.out(), job.limits(), job));
  });
}

}  // namespace prorata::cli
