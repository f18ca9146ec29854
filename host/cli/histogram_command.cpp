// prorata histogram: how many elements of a file lie in each bin, as numbers and as a picture.
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <host/cli/command_line.hpp>
#include <host/cli/histogram_picture.hpp>
#include <host/cli/loads.hpp>
#include <host/cli/report.hpp>
#include <host/cli/tiles.hpp>
#include <host/group_by.hpp>
#include <host/histogram.hpp>
#include <host/io/atomic_file.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <mutex>
#include <nlohmann/json.hpp>

namespace prorata::cli {

namespace {

struct asked {
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

struct span {
  double low = INFINITY, high = -INFINITY;
};

/// The finite elements' least and greatest.
template <class Load>
span finite_span(session& job, Load const& load) {
  std::mutex mutex;
  span all;
  run_on_threads(job, "range", [&](piece p) {
    load.prepare(p.begin, p.end);
    span mine;
    for (index_t i = p.begin; i < p.end; ++i) {
      double const x = static_cast<double>(load(i));
      bool const finite = x - x == 0;
      mine.low = finite && x < mine.low ? x : mine.low;
      mine.high = finite && x > mine.high ? x : mine.high;
    }
    std::lock_guard const lock(mutex);
    all = {std::min(all.low, mine.low), std::max(all.high, mine.high)};
  });
  return all;
}

/// A number of bins, or one of NumPy's rules that need no more than n and the range.
index_t bins_for(std::string const& text, index_t n) {
  double const count = static_cast<double>(std::max<index_t>(n, 1));
  if (text.empty()) return 10;
  if (text == "sqrt") return static_cast<index_t>(std::ceil(std::sqrt(count)));
  if (text == "sturges") return static_cast<index_t>(std::ceil(std::log2(count) + 1));
  if (text == "rice") return static_cast<index_t>(std::ceil(2 * std::cbrt(count)));
  if (!text.empty() && std::isalpha(static_cast<unsigned char>(text.front())))
    throw usage_error("--bins '" + io::printable(text, 60) + "': expected a number, sqrt, sturges or rice");
  return parse_index(text, "--bins");
}

std::vector<double> edges_in(std::string const& path) {
  input const file(path, {});
  std::vector<double> edges(static_cast<std::size_t>(file.count()));
  file.prepare(0, file.count());
  return with_load<as_real>(file, [&](auto const& load) {
    for (index_t i = 0; i < file.count(); ++i) edges[static_cast<std::size_t>(i)] = load(i);
    return edges;
  });
}

template <class Load>
bin_edges edges_for(session& job, asked const& a, Load const& load, double& seconds) {
  if (!a.edges.empty()) return bin_edges::custom(edges_in(a.edges));
  index_t const bins = bins_for(a.bins, job.cuts().n);
  bool const floats = std::is_same_v<decltype(load(0)), float>;
  if (!a.range.empty()) {
    auto const ends = parse_numbers(a.range, "--range");
    require(ends.size() == 2, "--range takes two numbers, as in --range 0,100");
    return bin_edges::even({ends[0], ends[1], bins}, floats);
  }
  span s{0, 1};
  if (job.cuts().n > 0) {
    s = finite_span(job, load);
    seconds += job.seconds();
    if (s.low > s.high) s = {0, 1};
  }
  return bin_edges::even({s.low, s.high, bins}, floats);
}

template <class Load>
struct slot_load {
  Load const& load;
  bin_rule rule;
  index_t operator()(index_t i) const { return rule(load(i)); }
};

template <class Load>
void add_weights(session& job, bin_rule const& rule, Load const& load, input const& by, counted& result) {
  result.kind = io::is_floating(by.array().type)         ? addend::real
                : io::is_signed_integer(by.array().type) ? addend::signed_integer
                                                         : addend::unsigned_integer;
  group_plan const plan{result.kind, {1, false}, 0};
  auto const groups = host::grouping::make(plan);
  auto const add_as = [&]<class To>(To) {
    any_load<To> const weights(by);
    slot_load<Load> const slots{load, rule};
    std::vector<std::uint64_t> keys{key_word(index_t{0}), key_word(rule.slots() - 1)}, some;
    index_t const n = job.cuts().n, seen = std::min<index_t>(n, 4096);
    load.prepare(0, seen);
    weights.prepare(0, seen);
    for (index_t i = 0; i < seen; ++i) {
      keys.push_back(key_word(slots(i)));
      some.push_back(value_word(weights(i)));
    }
    groups->expect(std::move(keys), some, n);
    auto const work = [&](piece p) {
      load.prepare(p.begin, p.end);
      weights.prepare(p.begin, p.end);
      host::take_rows(*groups, slots, weights, p.begin, p.end);
    };
    job.run("histogram", work, [&](host::stream const& s, gpu_rank& gpu, piece p) {
      gpu.group(
          s, {load.from, &by, plan, &rule}, p, [&](record_run run) { groups->take_records(s, run); },
          [&](piece rows) { each_grain(s, rows, work); });
    });
  };
  if (result.kind == addend::real) add_as(double{});
  if (result.kind == addend::signed_integer) add_as(std::int64_t{});
  if (result.kind == addend::unsigned_integer) add_as(std::uint64_t{});
  groups->finish(job.team().streams().front());
  result.counts.assign(static_cast<std::size_t>(rule.slots()), 0);
  result.weights.assign(result.counts.size(), 0);  // the words of +0 and 0
  auto const keys = groups->column(group_column::key), counts = groups->column(group_column::count),
             sums = groups->column(group_column::sum);
  for (std::size_t piece = 0; piece < keys.size(); ++piece)
    for (std::size_t k = 0; k < keys[piece].size(); ++k) {
      auto const slot = static_cast<std::size_t>(key_of_word<index_t>(keys[piece][k]));
      result.counts[slot] = static_cast<index_t>(counts[piece][k]);
      result.weights[slot] = sums[piece][k];
    }
}

nlohmann::json json_of(number const& x) { return nlohmann::json(finding{"", x})["value"]; }

/// Columns of the terminal, where standard output is one.
int columns_of_terminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
  return 80;
}

/// Unicode, where the locale speaks it.
bool speaks_utf8() {
  for (char const* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    char const* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string text(value);
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
  }
  return false;
}

void write_npy(io::atomic_file& out, counted const& found, index_t bins) {
  bool const weighted = !found.weights.empty();
  io::dtype const type = !weighted || found.kind == addend::signed_integer ? io::dtype::i64
                         : found.kind == addend::real                      ? io::dtype::f64
                                                                           : io::dtype::u64;
  std::string const header = io::npy_header(type, {bins});
  out.write(0, std::as_bytes(std::span(header.data(), header.size())));
  auto const data =
      weighted ? std::as_bytes(std::span(found.weights)) : std::as_bytes(std::span(found.counts));
  out.write(static_cast<index_t>(header.size()), data.first(static_cast<std::size_t>(bins) * 8));
  out.commit();
}

}  // namespace

void histogram_command(arguments const& args) {
  command_line command("histogram");
  options o;
  asked a;
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
  require(o.inputs.size() == 1, "histogram takes one file, not " + std::to_string(o.inputs.size()));
  require(a.edges.empty() || (a.bins.empty() && a.range.empty()),
          "histogram: --edges says all about the bins; leave out --bins and --range");
  if (!a.by.empty()) o.inputs.push_back(a.by);

  auto const in = open_inputs(o);
  std::vector<io::file_identity> read;
  std::vector<input const*> files;
  index_t bytes = 0;
  for (auto const& i : in) {
    read.push_back(i->file().identity());
    files.push_back(i.get());
    bytes += io::size_of(i->array().type);
  }
  std::unique_ptr<io::atomic_file> output, picture;  // begun before the work: a bad name must not cost a job
  if (!o.output.empty()) output = std::make_unique<io::atomic_file>(o.output, std::nullopt, read);
  if (!a.svg.empty()) picture = std::make_unique<io::atomic_file>(a.svg, std::nullopt, read);

  session job(o, files, bytes, "histogram");
  double seconds = 0;
  counted found;
  bin_edges edges;
  with_load<as_itself>(*in.front(), [&](auto const& load) {
    edges = edges_for(job, a, load, seconds);
    auto const rule = edges.rule();
    if (in.size() > 1) {
      add_weights(job, rule, load, *in[1], found);
    } else {
      host::bin_counters counters(rule);
      found.counts.assign(static_cast<std::size_t>(rule.slots()), 0);
      std::mutex adding;
      job.run(
          "histogram",
          [&](piece p) {
            load.prepare(p.begin, p.end);
            counters.count(load, p.begin, p.end);
          },
          [&](host::stream const& s, gpu_rank& gpu, piece p) {
            std::vector<index_t> counts(found.counts.size(), 0);
            gpu.count_bins(s, *in.front(), rule, p, counts.data());
            std::lock_guard const lock(adding);
            for (std::size_t k = 0; k < counts.size(); ++k) found.counts[k] += counts[k];
          });
      counters.add_to(found.counts.data());
    }
    return 0;
  });
  seconds += job.seconds();

  auto const bins = static_cast<std::size_t>(edges.bins());
  std::string const what = a.by.empty() ? "count" : "sum of " + io::printable(a.by);
  histogram_picture drawn{io::printable(o.inputs.front()), edges.edges(), {}, a.edges.empty(), what};
  for (std::size_t k = 0; k < bins; ++k)
    drawn.heights.push_back(found.weights.empty()
                                ? static_cast<double>(found.counts[k])
                                : std::visit([](auto v) { return static_cast<double>(v); }, found.weight(k)));
  if (output) write_npy(*output, found, edges.bins());
  if (picture) {
    auto const text = drawn.svg();
    picture->write(0, std::as_bytes(std::span(text.data(), text.size())));
    picture->commit();
  }
  job.finish();
  if (o.json) {
    auto places = nlohmann::json::array(), weights = nlohmann::json::array();
    for (double const e : edges.edges()) places.push_back(json_of(e));
    for (std::size_t k = 0; k < found.weights.size() && k < bins; ++k)
      weights.push_back(json_of(found.weight(k)));
    nlohmann::json out{{"op", "histogram"},
                       {"n", job.cuts().n},
                       {"dtype", io::describe(in.front()->array().type).code},
                       {"bins", edges.bins()},
                       {"edges", places},
                       {"counts", std::vector<index_t>(found.counts.begin(), found.counts.end() - 3)},
                       {"below", found.counts[bins]},
                       {"above", found.counts[bins + 1]},
                       {"nan", found.counts[bins + 2]},
                       {"plan", plan_json(job.devices(), job.weights(), job.cuts())},
                       {"seconds", seconds},
                       {"bytes", job.bytes()},
                       {"gb_per_s", seconds > 0 ? static_cast<double>(job.bytes()) / seconds / 1e9 : 0}};
    if (!found.weights.empty()) out["weights"] = weights;
    fmt::print("{}\n", out.dump());
    return;
  }
  fmt::print("{} elements of {}, {} bins, {}\n", job.cuts().n, io::name_of(in.front()->array().type), bins,
             what);
  bool const terminal = isatty(STDOUT_FILENO) != 0;
  fmt::print("{}", drawn.lines(terminal ? columns_of_terminal() : 80, 40, terminal && speaks_utf8()));
  constexpr char const* names[] = {"below", "above", "NaN"};
  for (std::size_t k = 0; k < 3; ++k) {
    if (found.counts[bins + k] == 0) continue;
    fmt::print("  {:<6} {}", names[k], found.counts[bins + k]);
    if (!found.weights.empty()) fmt::print(", {}", shortest(found.weight(bins + k)));
    fmt::print("\n");
  }
  fmt::print("  {:.3g} s, {:.2f} GB/s\n", seconds,
             seconds > 0 ? static_cast<double>(job.bytes()) / seconds / 1e9 : 0);
}

}  // namespace prorata::cli
