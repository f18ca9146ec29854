// prorata select: the elements of a file for which an expression holds, written to a file.
#include <fmt/core.h>

#include <host/cli/parse.hpp>
#include <host/cli/report.hpp>
#include <host/cli/tiles.hpp>
#include <host/expression/parser.hpp>
#include <host/expression/program.hpp>
#include <host/io/atomic_file.hpp>
#include <host/io/npy.hpp>
#include <host/select.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

namespace {

using host::detail::kept_bits;

/// The condition, as a tree that answers with truth: an expression of numbers holds where it is not zero.
expression::tree condition_of(std::string const& text, std::vector<io::element_type> const& types) {
  auto tree = expression::parse(text, types);
  if (tree.result_dtype() == io::dtype::boolean) return tree;
  return expression::parse("(" + text + ") != 0", types);
}

/// Which elements are kept, asked of the expression, or of what it answered before.
class kept_elements {
 public:
  kept_elements(expression::tree const& condition, std::vector<std::unique_ptr<input>> const& in, index_t n,
                index_t budget)
      : condition_(condition, io::dtype::boolean),
        in_(in),
        before_(static_cast<std::size_t>(tiles(n)) + 1, 0) {
    if (n / 8 <= budget / 4) answers_.resize(static_cast<std::size_t>(tiles(n)));
  }

  /// Asks about the piece and counts its tiles; from many threads at once.
  void count(piece p) {
    each_answer(p, [&](index_t first, kept_bits const& bits) {
      auto const t = static_cast<std::size_t>(first / tile);
      before_[t + 1] = bits.count();
      if (!answers_.empty()) answers_[t] = bits;
    });
  }

  /// Once everything is counted: how many are kept in all.
  index_t total() {
    for (std::size_t t = 1; t < before_.size(); ++t) before_[t] += before_[t - 1];
    return before_.back();
  }

  /// Those kept before the tile that begins at `first`; what is kept of a piece, tile by tile.
  index_t before(index_t first) const { return before_[static_cast<std::size_t>(first / tile)]; }
  template <class F>
  void each(piece p, F const& f) const {
    if (answers_.empty()) return each_answer(p, f);
    for (index_t first = p.begin; first < p.end; first += tile)
      f(first, answers_[static_cast<std::size_t>(first / tile)]);
  }

 private:
  static index_t tiles(index_t n) { return (n + tile - 1) / tile; }

  template <class F>
  void each_answer(piece p, F const& f) const {
    expression::program::workspace space(condition_);
    std::vector<void const*> data;
    for (auto const& i : in_) {
      i->prepare(p.begin, p.end);
      data.push_back(i->data() + p.begin * io::size_of(i->array().type));
    }
    index_t const n = p.end - p.begin;
    std::vector<unsigned char> flags(static_cast<std::size_t>((n + tile - 1) / tile * tile), 0);
    condition_.run(data, flags.data(), n, space);
    for (index_t k = 0; k < n; k += tile) {
      kept_bits bits;
      for (index_t w = 0; w < kept_bits::words; ++w)
        bits.word[w] = host::detail::bits_of_bytes(flags.data() + k + 64 * w);
      f(p.begin + k, bits);
    }
  }

  expression::program condition_;
  std::vector<std::unique_ptr<input>> const& in_;
  std::vector<index_t> before_;
  std::vector<kept_bits> answers_;  // where memory allows; else the expression is asked again
};

/// Writes what is kept of a piece to its place.
template <class T>
void write_values(kept_elements const& kept, input const& in, piece p, io::atomic_file const& out,
                  index_t data_begin) {
  std::vector<T> values(static_cast<std::size_t>(p.end - p.begin + host::detail::compact_slack));
  tile_reader<T> reader(in);
  in.prepare(p.begin, p.end);
  T* to = values.data();
  kept.each(p, [&](index_t first, kept_bits const& bits) {
    if (bits.count() == 0) return;
    T const* const from = reader.read(first, std::min(tile, p.end - first));
    for (index_t w = 0; w < kept_bits::words; ++w)
      to = host::detail::compact(bits.word[w], from + 64 * w, to);
  });
  auto const count = static_cast<std::size_t>(to - values.data());
  out.write(data_begin + kept.before(p.begin) * static_cast<index_t>(sizeof(T)),
            std::as_bytes(std::span(values.data(), count)));
}

void write_indices(kept_elements const& kept, piece p, io::atomic_file const& out, index_t data_begin) {
  std::vector<index_t> indices;
  kept.each(p, [&](index_t first, kept_bits const& bits) {
    for (index_t w = 0; w < kept_bits::words; ++w)
      for (std::uint64_t rest = bits.word[w]; rest != 0; rest &= rest - 1)
        indices.push_back(first + 64 * w + std::countr_zero(rest));
  });
  out.write(data_begin + kept.before(p.begin) * static_cast<index_t>(sizeof(index_t)),
            std::as_bytes(std::span(indices)));
}

}  // namespace

void select_command(arguments const& args) {
  options o;
  CLI::App command("", "select");
  std::string text;
  bool raw = false, indices = false;
  command.add_option("expression", text)->required();
  command.add_option("inputs", o.inputs);
  command.add_option("-o,--output", o.output);
  command.add_flag("--indices", indices);
  command.add_flag("--raw", raw);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  parse(command, args);
  require(!o.inputs.empty(), "select: name at least one input file after the expression");
  require(!o.output.empty(), "select: name the output with -o FILE");

  auto const in = open_inputs(o);
  std::vector<io::element_type> types;
  std::vector<io::file_identity> identities;
  std::vector<input const*> files;
  index_t bytes = 0;
  for (auto const& i : in) {
    types.push_back({i->array().type, i->array().swapped});
    identities.push_back(i->file().identity());
    files.push_back(i.get());
    bytes += io::size_of(i->array().type);
  }
  auto const& first = in.front()->array();
  auto const tree = condition_of(text, types);
  { io::atomic_file const refused_early(o.output, {}, identities); }

  session job(o, files, bytes, "select");
  kept_elements kept(tree, in, first.count, parse_bytes(o.memory, "--memory"));
  run_on_threads(job, "count", [&](piece p) { kept.count(p); });
  double seconds = job.seconds();
  index_t const total = kept.total();

  io::dtype const type = indices ? io::dtype::i64 : first.type;
  std::string const header = raw ? "" : io::npy_header(type, {total});
  auto const data_begin = static_cast<index_t>(header.size());
  io::atomic_file out(o.output, data_begin + total * io::size_of(type), identities);
  if (!raw) out.write(0, std::as_bytes(std::span(header.data(), header.size())));
  run_on_threads(job, "write", [&](piece p) {
    if (indices) return write_indices(kept, p, out, data_begin);
    switch (io::size_of(type)) {
      case 1:
        return write_values<std::uint8_t>(kept, *in.front(), p, out, data_begin);
      case 2:
        return write_values<std::uint16_t>(kept, *in.front(), p, out, data_begin);
      case 4:
        return write_values<std::uint32_t>(kept, *in.front(), p, out, data_begin);
      default:
        return write_values<std::uint64_t>(kept, *in.front(), p, out, data_begin);
    }
  });
  seconds += job.seconds();
  out.commit();
  job.finish();
  double const speed = seconds > 0 ? static_cast<double>(job.bytes()) / seconds / 1e9 : 0;
  if (o.json) {
    fmt::print("{}\n", nlohmann::json{{"op", "select"},
                                      {"n", first.count},
                                      {"selected", total},
                                      {"dtype", io::describe(type).code},
                                      {"output", o.output},
                                      {"plan", plan_json(job.devices(), job.weights(), job.cuts())},
                                      {"seconds", seconds},
                                      {"bytes", job.bytes()},
                                      {"gb_per_s", speed}}
                           .dump());
  } else {
    fmt::print("{}: {} of {} elements{}\n  {:.3g} s, {:.2f} GB/s\n", io::printable(o.output), total,
               first.count, indices ? ", their indices" : "", seconds, speed);
  }
}

}  // namespace prorata::cli
