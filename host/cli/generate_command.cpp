// prorata generate: a reproducible array to try things on.
#include <chrono>
#include <host/cli/command_line.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/dynamic/generate.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/printable.hpp>
#include <host/io/raw.hpp>
#include <host/jobs/launched.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

void generate_command(command_line& command, io::job_files& files) {
  std::string dtype = "f4", shape, output;
  std::uint64_t seed = 1;
  bool json = false;
  command.option("--dtype", dtype);
  command.required("--shape,--count", shape);
  command.option("--seed", seed);
  command.required("-o,--output", output);
  command.flag("--json", json);
  options o;
  command.option("--progress", o.progress, parse_shown);
  command.option("--report", o.report);
  command.parse();
  auto const type = io::parse_dtype(dtype).type;
  auto const dimensions = io::parse_shape(shape);
  index_t const count = io::count_of(dimensions), size = io::size_of(type);
  require(count >= 0 && count <= (index_t{1} << 60) / size, "--shape: more elements than a file can hold");
  auto const header_bytes = std::ssize(io::npy_header(type, dimensions));
  auto const start = std::chrono::steady_clock::now();
  io::array_sink const out(files.write(output, header_bytes + count * size), type, dimensions);
  stages_page page;
  page.open(files, o);
  page.begins("generate", count * size);
  {
    constexpr index_t grain = 128 * tile;
    piece const grains = host::process_shares(all_processes(), 1).mine((count + grain - 1) / grain);
    auto const shown = bar(o.progress, "generate", (grains.end - grains.begin) * grain * size);
    dynamic::generate(out, type, seed, {grains.begin * grain, std::min(grains.end * grain, count), count},
                      [&](index_t bytes) { shown->add(bytes); });
  }
  page.ends();
  page.prepare(files);
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  nlohmann::json const said{{"op", "generate"},      {"n", count},        {"dtype", io::describe(type).code},
                            {"shape", dimensions},   {"seed", seed},      {"output", io::printable(output)},
                            {"bytes", count * size}, {"seconds", seconds}};
  page.describe(said);
  if (json) {
    print("{}\n", said.dump());
  } else {
    print("{}: {} of {}, seed {}\n", io::printable(output), count_text(count, "element"), io::name_of(type),
          seed);
  }
}

}  // namespace prorata::cli
