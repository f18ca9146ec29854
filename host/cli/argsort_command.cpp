// prorata argsort: where the elements of a file come from when they are in order.
#include <host/cli/commands.hpp>
#include <host/cli/sorted_output.hpp>

namespace prorata::cli {

void argsort_command(command_line& command, io::job_files& files) {
  sorting_job job(command, io::dtype::i64, files);
  job.number_in_c_order();
  host::with_keys(job.in(), job.way(), [&]<class U>(host::key_source<U> const& source) {
    job.finish(host::argsort_file(source, *job.sorter<U>(), job.out(), job.limits(), job));
  });
}

}  // namespace prorata::cli
