// prorata histogram: how many elements of a file lie in each bin, as numbers and as a picture.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <host/algorithms/binning.hpp>
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/decoded.hpp>
#include <host/io/file_window.hpp>
#include <host/io/printable.hpp>
#include <host/jobs/launched.hpp>
#include <host/pictures/histogram.hpp>
#include <host/run/encoded_column.hpp>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace prorata::cli {

namespace {

struct histogram_request {
  std::string bins, range, edges, by, svg;
};

/// Bins of a file, or their sums of weights: one or the other.
struct counted {
  std::vector<index_t> counts;         // bins, below, above, NaN
  std::vector<std::uint64_t> weights;  // the same as words of a sum; empty without --by
  addend kind = addend::real;

  number weight(std::size_t slot) const {
    if (kind == addend::real) return std::bit_cast<double>(weights[slot]);
    if (kind == addend::signed_integer) return static_cast<std::int64_t>(weights[slot]);
    return weights[slot];
  }
};

bool is_rule(std::string const& bins) { return bins == "sqrt" || bins == "sturges" || bins == "rice"; }

/// How many bins, where no rule of the elements says it.
index_t bins_asked(std::string const& text) {
  if (text.empty()) return 10;
  if (std::isalpha(static_cast<unsigned char>(text.front())))
    throw usage_error("--bins '" + io::printable(text, 60) + "': expected a number, sqrt, sturges or rice");
  return parse_index(text, "--bins");
}

/// high − low, of floats as a float.
double distance(double low, double high, bool floats) {
  return floats ? static_cast<double>(static_cast<float>(high) - static_cast<float>(low)) : high - low;
}

/// NumPy's rules (2.4): a width of bins, from how far apart the elements are and how many; no bin of integers is
/// narrower than 1. One bin where the elements are equal, or there are none.
index_t bins_by_rule(std::string const& rule, host::element_span const& of, double range, bool integers,
                     bool floats) {
  double const n = static_cast<double>(of.count);
  double const divisor = rule == "sqrt"      ? std::sqrt(n)
                         : rule == "sturges" ? std::log2(n) + 1
                                             : 2 * std::pow(n, 1.0 / 3);
  double width = of.count > 0 ? distance(of.low, of.high, floats) / divisor : 0;
  if (!(width > 0)) return 1;
  if (integers && width < 1) width = 1;
  double const bins = std::ceil(range / width);
  require(bins < 1e15,
          "--bins " + rule + ": the elements are too close together for the range; name a number of bins");
  return static_cast<index_t>(bins);
}

/// Refuses more bins than --memory is for: an edge, a count, a thread's count and what is drawn of each; with
/// --by a group, too.
void require_room(options const& o, index_t bins, bool weighted) {
  constexpr index_t always = 16 << 20;  // bytes
  index_t const each = weighted ? 160 : 48, most = std::max(o.memory.bytes, always);
  if (bins > most / each)
    throw out_of_memory("histogram: " + std::to_string(bins) + " bins need --memory " +
                        std::to_string((bins * each >> 20) + 1) + "M, which is " + o.memory.text +
                        "; raise it or ask for fewer");
}

std::vector<double> edges_in(io::job_files& files, std::string const& path, options const& o, bool weighted) {
  input const file(files, path, {});
  require_room(o, file.count(), weighted);
  std::vector<double> edges(static_cast<std::size_t>(file.count()));
  io::decoded<double> const numbers(file.array());
  io::each_window(file, 0, file.count(), [&](std::byte const* stored, index_t first, index_t n) {
    numbers.decode(stored, n, edges.data() + first);
  });
  file.file().check_unchanged();
  return edges;
}

bin_edges edges_of_file(std::string const& path, std::vector<double> const& given) {
  try {
    return bin_edges::custom(given);
  } catch (usage_error const& e) {  // it is the file that is wrong
    throw input_error(io::printable(path) + ": " + e.what());
  }
}

template <class X>
bin_edges edges_for(session& job, options const& o, histogram_request const& a,
                    std::vector<double> const& given, io::file_column const& column) {
  if (!a.edges.empty()) return edges_of_file(a.edges, given);
  bool const floats = std::is_same_v<X, float>, by_rule = is_rule(a.bins);
  index_t bins = by_rule ? 1 : bins_asked(a.bins);
  require_room(o, bins, !a.by.empty());
  double low = std::numeric_limits<double>::lowest(), high = std::numeric_limits<double>::max();
  if (!a.range.empty()) {
    auto const ends = parse_numbers(a.range, "--range");
    require(ends.size() == 2, "--range takes two numbers, as in --range 0,100");
    low = ends[0], high = ends[1];
    if (!by_rule) return bin_edges::even({low, high, bins}, floats);
    auto const one_bin = bin_edges::even({low, high, 1}, floats).edges();  // refuses what is no range
    low = one_bin.front(), high = one_bin.back();
  }
  host::element_span s{};
  if (job.cuts().n > 0) s = host::span_within<X>(job.passes(), column, low, high);
  if (a.range.empty()) {
    low = s.count > 0 ? s.low : 0;
    high = s.count > 0 ? s.high : 1;
  }
  if (by_rule) {
    double const range = distance(low, high, floats && a.range.empty());
    bins = bins_by_rule(a.bins, s, range, !io::is_floating(column.array().type), floats);
    require_room(o, bins, !a.by.empty());
  }
  return bin_edges::even({low, high, bins}, floats);
}

void write_npy(io::atomic_file& out, counted const& found, index_t bins) {
  bool const weighted = !found.weights.empty();
  io::dtype const type = !weighted || found.kind == addend::signed_integer ? io::dtype::i64
                         : found.kind == addend::real                      ? io::dtype::f64
                                                                           : io::dtype::u64;
  auto const data =
      weighted ? std::as_bytes(std::span(found.weights)) : std::as_bytes(std::span(found.counts));
  io::array_sink(out, type, {bins}).write(0, data.first(static_cast<std::size_t>(bins) * 8));
}

}  // namespace

void histogram_command(arguments const& args, io::job_files& files) {
  command_line command("histogram");
  options o;
  histogram_request a;
  command.option("inputs", o.inputs);
  command.option("--bins", a.bins);
  command.option("--range", a.range);
  command.option("--edges", a.edges);
  command.option("--by", a.by);
  command.option("--svg", a.svg);
  command.option("-o,--output", o.output);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  command.parse(args);
  refuse_verify(o, "histogram");
  require(o.inputs.size() == 1, "histogram takes one file, not " + std::to_string(o.inputs.size()));
  require(a.edges.empty() || (a.bins.empty() && a.range.empty()),
          "histogram: --edges says all about the bins; leave out --bins and --range");
  require(a.by.empty() || all_processes().alone(),
          "histogram: --by adds up in one process, and there are several; start one");
  if (!a.by.empty()) o.inputs.push_back(a.by);

  auto const in = open_inputs(files, o.inputs, o);
  std::vector<io::file_column const*> arrays;
  index_t bytes = 0;
  for (auto const& i : in) {
    arrays.push_back(i.get());
    bytes += io::size_of(i->array().type);
  }
  // Begun before the work: a bad name must not cost a job.
  auto const given = a.edges.empty() ? std::vector<double>{} : edges_in(files, a.edges, o, !a.by.empty());
  io::atomic_file* const output = o.output.empty() ? nullptr : &open_output(files, o, o.output);
  io::atomic_file* const picture = a.svg.empty() ? nullptr : &files.write(a.svg);

  session job(files, o, arrays, bytes, "histogram");
  counted found;
  bin_edges edges;
  auto const fill = [&]<class X>(std::type_identity<X>) {
    edges = edges_for<X>(job, o, a, given, *in.front());
    if (in.size() == 1) {
      found.counts = host::counts_in_bins<X>(job.passes(), *in.front(), edges.rule());
    } else {
      auto both = host::weights_in_bins<X>(job.passes(), *in.front(), edges.rule(), *in[1]);
      found = {std::move(both.counts), std::move(both.sums), host::addend_in(*in[1])};
    }
  };
  io::dtype const type = in.front()->array().type;
  if (type == io::dtype::f32 || type == io::dtype::f16) {
    fill(std::type_identity<float>{});
  } else {
    fill(std::type_identity<double>{});
  }

  auto const bins = static_cast<std::size_t>(edges.bins());
  std::string const what = a.by.empty() ? "count" : "sum of " + io::printable(a.by);
  pictures::histogram drawn{io::printable(o.inputs.front()), {}, {}, a.edges.empty(), what};
  if (picture || !o.json) {
    drawn.edges = edges.edges();
    drawn.heights.reserve(bins);
    for (std::size_t k = 0; k < bins; ++k)
      drawn.heights.push_back(
          found.weights.empty() ? static_cast<double>(found.counts[k])
                                : std::visit([](auto v) { return static_cast<double>(v); }, found.weight(k)));
  }
  if (output) write_npy(*output, found, edges.bins());
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
    if (!found.weights.empty()) all = with_list(std::move(all), "weights", edges.bins(), weight);
    job.describe(all);
    if (o.json) {
      printed_object const out;
      out.list("edges", edges.bins() + 1, edge);
      out.list("counts", edges.bins(), count);
      if (!found.weights.empty()) out.list("weights", edges.bins(), weight);
      return out.finish(others);
    }
  }
  print("{} of {}, {}, {}\n", count_text(job.cuts().n, "element"), io::name_of(in.front()->array().type),
        count_text(static_cast<index_t>(bins), "bin"), what);
  bool const terminal = isatty(STDOUT_FILENO) != 0, weighted = !found.weights.empty();
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
