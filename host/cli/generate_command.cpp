// prorata generate: a reproducible array to try things on.
#include <chrono>
#include <host/cli/command_line.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/printable.hpp>
#include <host/io/raw.hpp>
#include <host/jobs/launched.hpp>
#include <host/parallel.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

namespace {

/// Element i of the sequence of a seed: SplitMix64 (Steele, Lea, Flood 2014), so any element can be made
/// alone.
std::uint64_t random_bits(std::uint64_t seed, index_t i) {
  std::uint64_t z = seed + (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

template <class T>
T element(std::uint64_t bits) {
  if constexpr (std::is_same_v<T, boolean8>) {
    return {static_cast<unsigned char>(bits >> 63)};
  } else if constexpr (std::is_same_v<T, half>) {
    return to_half(static_cast<double>(bits >> 11) * 0x1p-53 - 0.5);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(static_cast<double>(bits >> 11) * 0x1p-53 - 0.5);
  } else {
    return static_cast<T>(bits >> (64 - 8 * sizeof(T)));
  }
}

}  // namespace

void generate_command(arguments const& args, io::job_files& files) {
  command_line command("generate");
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
  command.parse(args);
  auto const type = io::parse_dtype(dtype).type;
  auto const dimensions = io::parse_shape(shape);
  index_t const count = io::count_of(dimensions), size = io::size_of(type);
  require(count >= 0 && count <= (index_t{1} << 60) / size, "--shape: more elements than a file can hold");
  auto const header_bytes = std::ssize(io::npy_header(type, dimensions));
  auto const start = std::chrono::steady_clock::now();
  io::array_sink const out(files.write(output, header_bytes + count * size), type, dimensions);
  stages_report page;
  page.open(files, o);
  page.begins("generate", count * size);
  {
    constexpr index_t grain = 128 * tile;
    piece const grains = host::process_shares(all_processes(), 1).mine((count + grain - 1) / grain);
    auto const shown = bar(o.progress, "generate", (grains.end - grains.begin) * grain * size);
    host::for_each_block(grains.end - grains.begin, [&](index_t k) {
      index_t const begin = (grains.begin + k) * grain, end = std::min(begin + grain, count);
      io::visit(type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        std::vector<T> values(static_cast<std::size_t>(end - begin));
        for (index_t i = begin; i < end; ++i)
          values[static_cast<std::size_t>(i - begin)] = element<T>(random_bits(seed, i));
        out.write(begin, std::as_bytes(std::span(values)));
      });
      shown->add((end - begin) * size);
    });
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
