// prorata select: the elements of a file for which an expression holds, written to a file.
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/cli/tiles.hpp>
#include <host/expression/cuda_source.hpp>
#include <host/expression/parser.hpp>
#include <host/expression/program.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <host/select.hpp>
#include <nlohmann/json.hpp>
#include <numeric>

namespace prorata::cli {

namespace {

using host::detail::kept_bits;

/// The condition, as a tree that answers with truth: an expression of numbers holds where it is not zero.
expression::tree condition_of(std::string const& text, std::vector<io::element_type> const& types) {
  auto tree = expression::parse(text, types);
  if (tree.result_dtype() == io::dtype::boolean) return tree;
  return expression::parse("(" + text + ") != 0", types);
}

/// Which elements of a tile are kept, from a byte for each.
kept_bits bits_of_tile(unsigned char const* flags) {
  kept_bits bits;
  for (index_t w = 0; w < kept_bits::words; ++w) bits.word[w] = host::detail::bits_of_bytes(flags + 64 * w);
  return bits;
}

/// f(first, bits) for the tiles of a piece, of which `flags` are the answers.
template <class F>
void each_answered(piece p, unsigned char const* flags, F const& f) {
  index_t first = p.begin;
  for (; first + tile <= p.end; first += tile) f(first, bits_of_tile(flags + (first - p.begin)));
  if (first == p.end) return;
  unsigned char rest[tile] = {};
  std::copy(flags + (first - p.begin), flags + (p.end - p.begin), rest);
  f(first, bits_of_tile(rest));
}

/// Which elements are kept, asked of the expression, or of what it answered before.
class kept_elements {
 public:
  kept_elements(expression::tree const& condition, std::vector<std::unique_ptr<input>> const& in, index_t n,
                index_t budget)
      : condition_(condition, io::dtype::boolean), in_(in) {
    index_t const bytes = 2 * tiles(n) + tiles(n) / 8;
    if (bytes > std::max(budget / 2, index_t{1} << 20))
      throw out_of_memory("select: to place " + std::to_string(n) + " elements it needs --memory " +
                          std::to_string((2 * bytes >> 20) + 1) + "M; raise it");
    kept_.resize(static_cast<std::size_t>(tiles(n)));
    before_.resize(static_cast<std::size_t>(tiles(n) / together) + 2);
    if (n / 8 <= budget / 4) answers_.resize(static_cast<std::size_t>(tiles(n)));
  }

  /// Asks about the piece and counts its tiles; from many threads at once.
  void count(piece p) {
    each_answer(p, [&](index_t first, kept_bits const& bits) { note(first, bits); });
  }
  /// The same for a piece that was answered elsewhere.
  void count(piece p, unsigned char const* flags) {
    each_answered(p, flags, [&](index_t first, kept_bits const& bits) { note(first, bits); });
  }
  /// Whether what was answered is remembered.
  bool remembers() const { return !answers_.empty(); }

  /// Once everything is counted: how many are kept in all.
  index_t total() {
    for (std::size_t t = 0; t < kept_.size(); ++t) before_[t / together + 1] += kept_[t];
    for (std::size_t k = 1; k < before_.size(); ++k) before_[k] += before_[k - 1];
    return before_.back();
  }

  /// Those kept before the tile that begins at `first`; what is kept of a piece, tile by tile.
  index_t before(index_t first) const {
    auto const t = static_cast<std::size_t>(first / tile), from = t / together * together;
    return std::accumulate(kept_.begin() + static_cast<index_t>(from),
                           kept_.begin() + static_cast<index_t>(t), before_[t / together]);
  }
  template <class F>
  void each(piece p, F const& f) const {
    if (answers_.empty()) return each_answer(p, f);
    for (index_t first = p.begin; first < p.end; first += tile)
      f(first, answers_[static_cast<std::size_t>(first / tile)]);
  }

 private:
  static index_t tiles(index_t n) { return (n + tile - 1) / tile; }

  void note(index_t first, kept_bits const& bits) {
    auto const t = static_cast<std::size_t>(first / tile);
    kept_[t] = static_cast<std::uint16_t>(bits.count());
    if (!answers_.empty()) answers_[t] = bits;
  }

  template <class F>
  void each_answer(piece p, F const& f) const {
    expression::program::workspace space(condition_);
    std::vector<void const*> data;
    for (auto const& i : in_) {
      i->prepare(p.begin, p.end);
      data.push_back(i->data() + p.begin * io::size_of(i->array().type));
    }
    index_t const n = p.end - p.begin;
    std::vector<unsigned char> flags(static_cast<std::size_t>(n));
    condition_.run(data, flags.data(), n, space);
    each_answered(p, flags.data(), f);
  }

  expression::program condition_;
  std::vector<std::unique_ptr<input>> const& in_;
  static constexpr std::size_t together = 64;  // tiles that share a sum
  std::vector<std::uint16_t> kept_;            // of each tile
  std::vector<index_t> before_;                // those kept before each `together` tiles
  std::vector<kept_bits> answers_;             // where memory allows; else the expression is asked again
};

/// The elements that are kept of a piece; each(f) tells its tiles.
template <class T, class Each>
std::vector<T> values_of(input const& in, piece p, Each const& each) {
  std::vector<T> values(static_cast<std::size_t>(p.end - p.begin + host::detail::compact_slack));
  tile_reader<T> reader(in);
  in.prepare(p.begin, p.end);
  T* to = values.data();
  each([&](index_t first, kept_bits const& bits) {
    if (bits.count() == 0) return;
    T const* const from = reader.read(first, std::min(tile, p.end - first));
    for (index_t w = 0; w < kept_bits::words; ++w)
      to = host::detail::compact(bits.word[w], from + 64 * w, to);
  });
  values.resize(static_cast<std::size_t>(to - values.data()));
  return values;
}

template <class Each>
std::vector<index_t> indices_of(Each const& each) {
  std::vector<index_t> indices;
  each([&](index_t first, kept_bits const& bits) {
    for (index_t w = 0; w < kept_bits::words; ++w)
      for (std::uint64_t rest = bits.word[w]; rest != 0; rest &= rest - 1)
        indices.push_back(first + 64 * w + std::countr_zero(rest));
  });
  return indices;
}

}  // namespace

void select_command(arguments const& args, io::job_files& files) {
  options o;
  command_line command("select");
  std::string text;
  bool raw = false, indices = false;
  command.expression("expression", text);
  command.option("inputs", o.inputs);
  command.option("-o,--output", o.output);
  command.flag("--indices", indices);
  command.flag("--raw", raw);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  command.parse(args);
  refuse_verify(o, "select");
  require(!o.inputs.empty(), "select: name at least one input file after the expression");
  require(!o.output.empty(), "select: name the output with -o FILE");

  auto const in = open_inputs(files, o, numbering::c_order, folder_of(o.output));
  std::vector<io::element_type> types;
  std::vector<io::file_column const*> arrays;
  index_t bytes = 0;
  for (auto const& i : in) {
    types.push_back({i->array().type, i->array().swapped});
    arrays.push_back(i.get());
    bytes += io::size_of(i->array().type);
  }
  auto const& first = in.front()->array();
  auto const tree = condition_of(text, types);
  auto& out = open_output(files, o, o.output);  // begun before the work: a bad name must not cost a job

  session job(files, o, arrays, bytes, "select");
  kept_elements kept(tree, in, first.count, parse_bytes(o.memory, "--memory"));
  host::gpu_map const on_gpu{expression::emit_cuda(tree, io::dtype::boolean), arrays, 1};
  job.passes().run(
      "count", [&](piece p) { kept.count(p); },
      [&](host::stream const& s, host::gpu_rank& gpu, piece p) {
        gpu.map(s, on_gpu, p, [&](piece slot, std::byte const* flags) {
          host::each_grain(s, slot, [&](piece grain) {
            kept.count(grain, reinterpret_cast<unsigned char const*>(flags) + (grain.begin - slot.begin));
          });
        });
      });
  index_t const total = kept.total();

  io::dtype const type = indices ? io::dtype::i64 : first.type;
  std::string const header = raw ? "" : io::npy_header(type, {total});
  auto const data_begin = static_cast<index_t>(header.size());
  out.reserve(data_begin + total * io::size_of(type));
  if (!raw) out.write(0, std::as_bytes(std::span(header.data(), header.size())));
  auto const write = [&](piece p, auto const& each) {
    auto const put = [&]<class T>(std::vector<T> const& kept_ones) {
      out.write(data_begin + kept.before(p.begin) * static_cast<index_t>(sizeof(T)),
                std::as_bytes(std::span(kept_ones)));
    };
    if (indices) return put(indices_of(each));
    switch (io::size_of(type)) {
      case 1:
        return put(values_of<std::uint8_t>(*in.front(), p, each));
      case 2:
        return put(values_of<std::uint16_t>(*in.front(), p, each));
      case 4:
        return put(values_of<std::uint32_t>(*in.front(), p, each));
      default:
        return put(values_of<std::uint64_t>(*in.front(), p, each));
    }
  };
  auto const write_kept = [&](piece p) { write(p, [&](auto const& f) { kept.each(p, f); }); };
  if (kept.remembers()) {
    job.passes().run("write", write_kept);
  } else {  // a GPU is asked again about its share: exp and its like may have other bits on CPUs
    job.passes().run("write", write_kept, [&](host::stream const& s, host::gpu_rank& gpu, piece p) {
      gpu.map(s, on_gpu, p, [&](piece slot, std::byte const* flags) {
        host::each_grain(s, slot, [&](piece grain) {
          auto const* const mine = reinterpret_cast<unsigned char const*>(flags) + (grain.begin - slot.begin);
          write(grain, [&](auto const& f) { each_answered(grain, mine, f); });
        });
      });
    });
  }
  job.finish();
  double const seconds = job.seconds(),
               speed = seconds > 0 ? static_cast<double>(job.bytes()) / seconds / 1e9 : 0;
  if (o.json) {
    print("{}\n", nlohmann::json{{"op", "select"},
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
    print("{}: {} of {}{}\n  {:.3g} s, {:.2f} GB/s\n", io::printable(o.output), total,
          count_text(first.count, "element"), indices ? ", their indices" : "", seconds, speed);
  }
}

}  // namespace prorata::cli
