// prorata histogram: how many elements of a file lie in each bin, as numbers and as a picture.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/dynamic/histogram.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/printable.hpp>
#include <host/jobs/launched.hpp>
#include <host/pictures/histogram.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

namespace {

/// "10", "sqrt", "sturges", "rice".
void read_bins(std::string const& text, dynamic::bins_wanted& to) {
  for (auto const& [name, rule] : {std::pair("sqrt", dynamic::bin_count::sqrt),
                                   {"sturges", dynamic::bin_count::sturges},
                                   {"rice", dynamic::bin_count::rice}})
    if (text == name) to.rule = rule;
  if (to.rule != dynamic::bin_count::said) return;
  if (std::isalpha(static_cast<unsigned char>(text.front())))
    throw usage_error("--bins '" + io::printable(text, 60) + "': expected a number, sqrt, sturges or rice");
  to.bins = parse_index(text, "--bins");
}

std::pair<double, double> range_of(std::string const& text) {
  auto const ends = parse_numbers(text, "--range");
  require(ends.size() == 2, "--range takes two numbers, as in --range 0,100");
  return {ends[0], ends[1]};
}

/// Refuses more bins than --memory is for.
void require_room(options const& o, index_t bins, bool weighted) {
  constexpr index_t always = 16 << 20;  // bytes
  if (bins > std::max(o.memory.bytes, always) / dynamic::bytes_of_bins(1, weighted))
    throw out_of_memory("histogram: " + std::to_string(bins) + " bins need --memory " +
                        std::to_string((dynamic::bytes_of_bins(bins, weighted) >> 20) + 1) + "M, which is " +
                        o.memory.text + "; raise it or ask for fewer");
}

void write_npy(io::atomic_file& out, dynamic::file_histogram const& found) {
  bool const weighted = found.is_weighted();
  index_t const bins = found.edges.bins();
  io::dtype const type = !weighted || found.kind == addend::signed_integer ? io::dtype::i64
                         : found.kind == addend::real                      ? io::dtype::f64
                                                                           : io::dtype::u64;
  auto const data =
      weighted ? std::as_bytes(std::span(found.weights)) : std::as_bytes(std::span(found.counts));
  io::array_sink(out, type, {bins}).write(0, data.first(static_cast<std::size_t>(bins) * 8));
}

}  // namespace

void histogram_command(command_line& command, io::job_files& files) {
  options o;
  dynamic::bins_wanted wanted;
  std::string bins_text, edges_path, by, svg;
  add_input(command, o);
  command.option("--bins", bins_text);
  command.option("--range", wanted.range, range_of);
  command.option("--edges", edges_path);
  command.option("--by", by);
  command.option("--svg", svg);
  command.option("-o,--output", o.output);
  add_job_options(command, o);
  command.parse();
  require(edges_path.empty() || (bins_text.empty() && !wanted.range),
          "histogram: --edges says all about the bins; leave out --bins and --range");
  require(by.empty() || all_processes().alone(),
          "histogram: --by adds up in one process, and there are several; start one");
  if (!by.empty()) o.inputs.push_back(by);

  if (!bins_text.empty()) read_bins(bins_text, wanted);

  auto const in = open_inputs(files, o.inputs, o);
  auto const arrays = columns_of(in);
  // Begun before the work: a bad name must not cost a job.
  auto const allowed = [&](index_t bins) { require_room(o, bins, !by.empty()); };
  if (!edges_path.empty()) {
    job_options const by_its_header;
    input const file(files, edges_path, by_its_header);
    allowed(file.count());
    wanted.edges = dynamic::edges_in(file);
  }
  io::atomic_file* const output = o.output.empty() ? nullptr : &open_output(files, o, o.output);
  io::atomic_file* const picture = svg.empty() ? nullptr : &files.write(svg);

  session job(files, o, arrays, bytes_of(arrays), "histogram");
  auto const found =
      dynamic::histogram(job.passes(), *in.front(), in.size() > 1 ? in[1].get() : nullptr, wanted, allowed);
  auto const& edges = found.edges;
  auto const bins = static_cast<std::size_t>(edges.bins());
  std::string const what = by.empty() ? "count" : "sum of " + io::printable(by);
  pictures::histogram drawn{io::printable(o.inputs.front()), {}, {}, edges_path.empty(), what};
  if (picture || !o.json) {
    drawn.edges = edges.edges();
    drawn.heights.reserve(bins);
    for (std::size_t k = 0; k < bins; ++k)
      drawn.heights.push_back(
          !found.is_weighted() ? static_cast<double>(found.counts[k])
                               : std::visit([](auto v) { return static_cast<double>(v); }, found.weight(k)));
  }
  if (output) write_npy(*output, found);
  if (picture) { picture->write_text(drawn.svg()); }
  job.finish();
  if (is_described(job, o)) {
    auto const at = [](index_t k) { return static_cast<std::size_t>(k); };
    auto const edge = [&](index_t k) { return json_value(edges.edges()[at(k)]); };
    auto const count = [&](index_t k) { return nlohmann::json(found.counts[at(k)]); };
    auto const weight = [&](index_t k) { return json_value(found.weight(at(k))); };
    auto const others = job_json(job, "histogram",
                                 {{"n", job.cuts().n},
                                  {"dtype", io::describe(in.front()->array().type).code},
                                  {"bins", edges.bins()},
                                  {"below", found.counts[bins]},
                                  {"above", found.counts[bins + 1]},
                                  {"nan", found.counts[bins + 2]}});
    auto all = with_list(with_list(others, "edges", edges.bins() + 1, edge), "counts", edges.bins(), count);
    if (found.is_weighted()) all = with_list(std::move(all), "weights", edges.bins(), weight);
    job.describe(all);
    if (o.json) {
      printed_object const out;
      out.list("edges", edges.bins() + 1, edge);
      out.list("counts", edges.bins(), count);
      if (found.is_weighted()) out.list("weights", edges.bins(), weight);
      return out.finish(others);
    }
  }
  print("{} of {}, {}, {}\n", count_text(job.cuts().n, "element"), io::name_of(in.front()->array().type),
        count_text(static_cast<index_t>(bins), "bin"), what);
  bool const terminal = isatty(STDOUT_FILENO) != 0, weighted = found.is_weighted();
  constexpr char const* names[] = {"below", "above", "NaN"};
  for (std::size_t k = 0; k < 3; ++k) {
    index_t const count = found.counts[bins + k];
    if (count == 0) continue;
    if (weighted)
      drawn.apart.push_back(
          {names[k], shortest(found.weight(bins + k)), "of " + count_text(count, "element")});
    else
      drawn.apart.push_back({names[k], std::to_string(count), ""});
  }
  print("{}",
        drawn.lines(pictures::columns_of(STDOUT_FILENO, 20, 80), 40, terminal && pictures::speaks_utf8()));
  print("  {:.3g} s, {:.2f} GB/s\n", job.seconds(), job.gb_per_s());
}

}  // namespace prorata::cli
