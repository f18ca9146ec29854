// prorata map: an expression over files, written to a file.
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/dynamic/expressions.hpp>
#include <host/io/printable.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

void map_command(command_line& command, io::job_files& files) {
  options o;
  std::string text;
  std::optional<io::dtype> to;
  add_expression(command, text, o);
  add_output(command, o);
  command.option("--to", to, [](auto const& name) { return io::parse_dtype(name).type; });
  command.flag("--raw", o.raw);
  add_job_options(command, o, {.verify = true});
  command.parse();

  // Everything a user can get wrong is refused before the output is begun.
  auto const in = open_inputs(files, o.inputs, o, numbering::any, folder_of(o.output));
  auto const arrays = columns_of(in);
  dynamic::file_expression const values(text, arrays, to);
  auto const& first = in.front()->array();

  session job(files, o, arrays, bytes_of(arrays) + io::size_of(values.type()), "map", bits::differ_by_kind);
  require(o.verify == 0 || std::all_of(job.devices().begin(), job.devices().end(),
                                       [&](auto const& d) { return d.kind == job.devices().front().kind; }),
          "map: --verify compares bits, and GPUs and CPUs have other last bits of exp and its like; name "
          "devices of one kind");
  auto const out = open_array(files, o, values.type(), first.shape, first.fortran_order);
  dynamic::map(job.passes(), values, out);
  job.finish();
  if (!said_as_json(job, o, [&] {
        return job_json(
            job, "map",
            {{"n", first.count}, {"dtype", io::describe(values.type()).code}, {"output", o.output}});
      })) {
    print("{}: {} of {}\n  {:.3g} s, {:.2f} GB/s read and written\n", io::printable(o.output),
          count_text(first.count, "element"), io::name_of(values.type()), job.seconds(), job.gb_per_s());
  }
}

}  // namespace prorata::cli
