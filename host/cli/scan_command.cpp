// prorata scan: running sums, products, minima and maxima of a file, written to a file.
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/dynamic/scans.hpp>
#include <host/io/printable.hpp>
#include <nlohmann/json.hpp>
#include <prorata/scan_tile.hpp>

namespace prorata::cli {

void scan_command(command_line& command, io::job_files& files) {
  std::string name =
      command.take_first("scan: name an operation first, as in: prorata scan sum x.npy -o sums.npy");
  if (name == "prod") name = "product";
  auto const op = dynamic::find_scan(name);
  options o;
  std::optional<io::dtype> to;
  bool exclusive = false;
  add_input(command, o);
  add_output(command, o);
  command.option("--to", to, [](auto const& text) { return io::parse_dtype(text).type; });
  command.flag("--raw", o.raw);
  command.flag("--exclusive", exclusive);
  add_job_options(command, o, {.guided = false});
  command.parse();

  // Everything a user can get wrong is refused before the output is begun.
  auto const in = open_inputs(files, o.inputs, o, numbering::c_order, folder_of(o.output));
  auto const& array = in.front()->array();
  io::dtype const type = to ? *to : dynamic::scan_result(array.type, op);
  require(!io::is_floating(array.type) || io::is_floating(type),
          "scan: --to " + std::string(io::name_of(type)) + " would cut off fractions; round with map first");
  session job(files, o, {in.front().get()}, io::size_of(array.type) + io::size_of(type), "scan");
  auto const out = open_array(files, o, type, array.shape, array.fortran_order);
  dynamic::scan(job.passes(), *in.front(), op, exclusive, out);
  job.finish();
  if (!said_as_json(job, o, [&] {
        return job_json(job, "scan " + name,
                        {{"n", array.count},
                         {"dtype", io::describe(type).code},
                         {"order", scan_order_name},
                         {"output", o.output}});
      })) {
    print("{}: {} of {}\n  {:.3g} s, {:.2f} GB/s read and written\n", io::printable(o.output),
          count_text(array.count, "element"), io::name_of(type), job.seconds(), job.gb_per_s());
  }
}

}  // namespace prorata::cli
