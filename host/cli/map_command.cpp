// prorata map: an expression over files, written to a file.
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/expression/cuda_source.hpp>
#include <host/expression/parser.hpp>
#include <host/expression/program.hpp>
#include <host/io/file_window.hpp>
#include <host/io/printable.hpp>
#include <host/run/store.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

void map_command(arguments const& args, io::job_files& files) {
  options o;
  command_line command("map");
  std::string text, to;
  command.expression("expression", text);
  command.option("inputs", o.inputs);
  command.option("-o,--output", o.output);
  command.option("--to", to);
  command.flag("--raw", o.raw);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  command.parse(args);
  require(!o.inputs.empty(), "map: name at least one input file after the expression");
  require(!o.output.empty(), "map: name the output with -o FILE");

  // Everything a user can get wrong is refused before the output is begun.
  auto const in = open_inputs(files, o.inputs, o, numbering::any, folder_of(o.output));
  std::vector<io::element_type> types;
  std::vector<io::file_column const*> arrays;
  index_t bytes = 0;
  for (auto const& i : in) {
    types.push_back({i->array().type, i->array().swapped});
    arrays.push_back(i.get());
    bytes += io::size_of(i->array().type);
  }
  std::optional<io::dtype> output_type;
  if (!to.empty()) output_type = io::parse_dtype(to).type;
  auto const tree = expression::parse(text, types);
  expression::program const program(tree, output_type);
  index_t const size = io::size_of(program.output());
  auto const& first = in.front()->array();

  session job(files, o, arrays, bytes + size, "map", bits::differ_by_kind);
  require(o.verify == 0 || std::all_of(job.devices().begin(), job.devices().end(),
                                       [&](auto const& d) { return d.kind == job.devices().front().kind; }),
          "map: --verify compares bits, and GPUs and CPUs have other last bits of exp and its like; name "
          "devices of one kind");
  auto const out = open_array(files, o, program.output(), first.shape, first.fortran_order);
  auto const computed = [&](piece p) {
    expression::program::workspace space(program);
    auto result =
        std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>((p.end - p.begin) * size));
    std::vector<io::file_window> windows(in.size());
    std::vector<void const*> data;
    for (std::size_t i = 0; i < in.size(); ++i) data.push_back(windows[i].read(*in[i], p.begin, p.end));
    program.run(data, result.get(), p.end - p.begin, space);
    return result;
  };
  auto const bytes_of = [&](piece p, std::byte const* results) {
    return std::span(results, static_cast<std::size_t>((p.end - p.begin) * size));
  };
  auto const on_host = [&](piece p) { out.write(p.begin, bytes_of(p, computed(p).get())); };
  host::gpu_map const kernel{expression::emit_cuda(tree, output_type), arrays, size};
  auto const on_gpu = [&](host::stream const& s, host::gpu_rank& gpu, piece p) {
    gpu.map(s, kernel, p,
            [&](piece slot, std::byte const* results) { host::store_elements(s, out, slot, results); });
  };
  job.passes().run("map", on_host, on_gpu, host::if_lost::do_again);
  auto const compare = [&](piece p, std::byte const* results) {
    std::vector<std::byte> written(static_cast<std::size_t>((p.end - p.begin) * size));
    out.read(p.begin, written);
    if (!std::ranges::equal(written, bytes_of(p, results))) throw job.passes().disagreement(p);
  };
  job.passes().verify(
      [&](piece p) { compare(p, computed(p).get()); },
      [&](host::stream const& s, host::gpu_rank& gpu, piece p) { gpu.map(s, kernel, p, compare); });
  job.finish();
  if (!said_as_json(job, o, [&] {
        return job_json(
            job, "map",
            {{"n", first.count}, {"dtype", io::describe(program.output()).code}, {"output", o.output}});
      })) {
    print("{}: {} of {}\n  {:.3g} s, {:.2f} GB/s read and written\n", io::printable(o.output),
          count_text(first.count, "element"), io::name_of(program.output()), job.seconds(), job.gb_per_s());
  }
}

}  // namespace prorata::cli
