// prorata reduce and prorata stats: files in, numbers out.
#include <host/cli/command_line.hpp>
#include <host/cli/report.hpp>
#include <host/dynamic/reductions.hpp>
#include <host/io/array_file.hpp>
#include <host/io/printable.hpp>
#include <numeric>

namespace prorata::cli {

namespace {

void run(io::job_files& files, command_line& command, options& o, dynamic::named_reduction const& op) {
  dynamic::reduce_options how;
  add_job_options(command, o, {.verify = true});
  command.option("--ddof", how.ddof);
  command.flag("--wrap", how.wrap);
  command.parse();
  require(static_cast<int>(o.inputs.size()) == op.inputs,
          std::string(op.name) + " takes " + std::to_string(op.inputs) +
              (op.inputs == 1 ? " file" : " files") + ", not " + std::to_string(o.inputs.size()));
  require(!o.exact || op.has_exact,
          std::string(op.name) + " has no --exact form; sum, mean, var, std, dot, norm and wmean have");
  auto const in = open_inputs(files, o.inputs, o);
  if (in.front()->count() == 0 && !op.has_empty)
    throw input_error(io::printable(in.front()->array().path) + ": the array is empty; " + op.name +
                      " of nothing has no value");
  require(how.ddof >= 0, "--ddof is at least 0");
  require(how.ddof == 0 || op.has_ddof, "--ddof is for variances: reduce var and std, and stats");
  require(!how.wrap || (op.has_wrap && !o.exact && !io::is_floating(in.front()->array().type)),
          "--wrap is for sums of integers: reduce sum, and stats");
  how.exact = o.exact;
  if (op.has_ddof && &op != &dynamic::statistics() && in.front()->count() <= how.ddof)
    throw input_error(io::printable(in.front()->array().path) + ": " + op.name +
                      " needs more than --ddof elements");
  auto const arrays = columns_of(in);
  session job(files, o, arrays, bytes_of(arrays), op.name);
  auto const found = op.run(job.passes(), arrays, how);
  job.finish();
  report(job, o, op.name, *in.front(), found);
}

}  // namespace

void reduce_command(command_line& command, io::job_files& files) {
  auto const& op = dynamic::find_reduction(
      command.take_first("reduce: name an operation first, as in: prorata reduce sum x.npy"));
  options o;
  command.option("inputs", o.inputs);
  command.flag("--exact", o.exact);
  run(files, command, o, op);
}

void stats_command(command_line& command, io::job_files& files) {
  options o;
  command.option("inputs", o.inputs);
  run(files, command, o, dynamic::statistics());
}

}  // namespace prorata::cli
