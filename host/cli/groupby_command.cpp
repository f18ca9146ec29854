// prorata groupby: aggregates of all rows that share a key, from files to files, in bounded memory.
#include <fmt/core.h>
#include <sys/stat.h>

#include <chrono>
#include <cmath>
#include <host/cli/parse.hpp>
#include <host/cli/report.hpp>
#include <host/cli/use_cpus.hpp>
#include <host/cli/word_source.hpp>
#include <host/group_by.hpp>
#include <host/io/atomic_file.hpp>
#include <host/io/npy.hpp>
#include <nlohmann/json.hpp>
#include <prorata/group_by.hpp>

namespace prorata::cli {

namespace {

/// A column of the result by the name that users know it by.
struct named_column {
  char const* name;
  group_column column;
  bool root = false;  ///< of the column: a standard deviation
};
constexpr named_column known[] = {{"count", group_column::count},        {"sum", group_column::sum},
                                  {"mean", group_column::mean},          {"var", group_column::variance},
                                  {"std", group_column::variance, true}, {"min", group_column::least},
                                  {"max", group_column::greatest}};

std::vector<named_column> columns_named(std::string const& list) {
  std::vector<named_column> columns{{"key", group_column::key}};
  for (std::size_t from = 0; from <= list.size();) {
    std::size_t const comma = std::min(list.find(',', from), list.size());
    std::string const name = list.substr(from, comma - from);
    auto const* const found =
        std::find_if(std::begin(known), std::end(known), [&](auto const& c) { return name == c.name; });
    if (found == std::end(known))
      throw usage_error("--agg: unknown aggregate '" + io::printable(name, 60) +
                        "'; there are count sum mean var std min max");
    columns.push_back(*found);
    from = comma + 1;
  }
  return columns;
}

io::dtype type_of(named_column const& c, io::dtype keys, io::dtype values, addend kind) {
  switch (c.column) {
    case group_column::key:
      return keys;
    case group_column::count:
      return io::dtype::i64;
    case group_column::sum:
      return kind == addend::real             ? io::dtype::f64
             : kind == addend::signed_integer ? io::dtype::i64
                                              : io::dtype::u64;
    case group_column::mean:
    case group_column::variance:
      return io::dtype::f64;
    default:
      return values;
  }
}

/// Words of a column as elements of its type.
std::vector<std::byte> elements_of(named_column const& c, io::dtype type,
                                   std::span<std::uint64_t const> words) {
  return io::visit(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<std::byte> bytes(words.size() * sizeof(T));
    for (std::size_t i = 0; i < words.size(); ++i) {
      T const x = [&] {
        if (c.column == group_column::key) return key_of_word<T>(words[i]);
        if constexpr (std::is_same_v<T, double>)
          if (c.root) return std::sqrt(std::bit_cast<double>(words[i]));
        return detail::word_to_value<T>{}(words[i]);
      }();
      std::memcpy(bytes.data() + i * sizeof(T), &x, sizeof x);
    }
    return bytes;
  });
}

number number_of(io::dtype type, std::byte const* bytes) {
  return io::visit(type, [&](auto tag) -> number {
    using T = typename decltype(tag)::type;
    T x;
    std::memcpy(&x, bytes, sizeof x);
    if constexpr (std::is_same_v<T, boolean8>) {
      return x.byte != 0;
    } else if constexpr (std::is_same_v<T, half>) {
      return to_float(x);
    } else if constexpr (std::is_floating_point_v<T>) {
      return x;
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<std::int64_t>(x);
    } else {
      return static_cast<std::uint64_t>(x);
    }
  });
}

/// A column on its way to a file, and its first elements for the terminal.
struct output_column {
  named_column named;
  io::dtype type;
  std::string path;
  std::unique_ptr<io::atomic_file> file;
  std::vector<std::byte> head{};
};

/// Rows of keys in [begin, end) fit memory together: the parts are grouped one after the other.
struct key_part {
  std::uint64_t begin = 0, end = 0;  ///< end 0: no end
  bool holds(std::uint64_t key) const { return key >= begin && (end == 0 || key < end); }
};

std::vector<key_part> parts_of(std::vector<std::uint64_t> const& sorted_sample, index_t parts) {
  std::vector<std::uint64_t> begins{0};
  for (index_t p = 1; p < parts && !sorted_sample.empty(); ++p) {
    auto const at = static_cast<std::size_t>(p) * sorted_sample.size() / static_cast<std::size_t>(parts);
    if (sorted_sample[at] > begins.back()) begins.push_back(sorted_sample[at]);
  }
  std::vector<key_part> all;
  for (std::size_t k = 0; k < begins.size(); ++k)
    all.push_back({begins[k], k + 1 < begins.size() ? begins[k + 1] : 0});
  return all;
}

/// More groups, or more rows to be set aside, than --memory allows: the job begins again in smaller parts.
struct over_budget {};

/// The job: samples, parts, groups, columns.
class group_job {
 public:
  group_job(session& job, input const& keys, input const* values, group_plan const& plan, index_t budget)
      : job_(job), keys_(keys_of(keys)), key_file_(keys), value_file_(values), plan_(plan), budget_(budget) {
    if (values != nullptr) values_ = values_of(*values);
  }

  /// Gives the groups of part after part to take(grouping), in ascending order of keys.
  template <class Take, class Again>
  void run(Take const& take, Again const& again) {
    sample();
    for (index_t parts = 1;; parts *= 4) {
      try {
        auto const start = std::chrono::steady_clock::now();
        for (auto const& part : parts_of(sorted_, parts)) {
          auto const groups = host::grouping::make(plan_);
          group(part, *groups);
          groups->finish(job_.team().streams().front());
          take(*groups);
          ++passes_;
        }
        seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        return;
      } catch (over_budget const&) {
        if (parts > 4096)
          throw out_of_memory("groupby: the groups of one part of the keys do not fit --memory; raise it");
        again();
        passes_ = 0;
      }
    }
  }

  index_t passes() const { return passes_; }
  double seconds() const { return seconds_; }

 private:
  static constexpr index_t block = host::group_block;

  void prepare(index_t begin, index_t end) const {
    key_file_.prepare(begin, end);
    if (value_file_ != nullptr) value_file_->prepare(begin, end);
  }
  void read(index_t begin, index_t n, std::uint64_t* keys, std::uint64_t* values) const {
    keys_->read(begin, n, keys);
    if (values_) {
      values_->read(begin, n, values);
    } else {
      std::fill_n(values, n, 0);
    }
  }

  void sample() {
    constexpr index_t run = 64, places = 256;
    index_t const n = job_.cuts().n;
    auto const take = [&](index_t begin, index_t end) {
      std::uint64_t keys[block], values[block];
      for (; begin < end; begin += block) {
        index_t const count = std::min(block, end - begin);
        prepare(begin, begin + count);
        read(begin, count, keys, values);
        sample_keys_.insert(sample_keys_.end(), keys, keys + count);
        sample_values_.insert(sample_values_.end(), values, values + count);
      }
    };
    if (n <= run * places) {
      take(0, n);
    } else {
      for (index_t p = 0; p < places; ++p)
        take((n - run) / (places - 1) * p, (n - run) / (places - 1) * p + run);
    }
    sorted_ = sample_keys_;
    std::sort(sorted_.begin(), sorted_.end());
  }

  void group(key_part const& part, host::grouping& to) {
    std::vector<std::uint64_t> keys, values;
    for (std::size_t i = 0; i < sample_keys_.size(); ++i)
      if (part.holds(sample_keys_[i])) {
        keys.push_back(sample_keys_[i]);
        values.push_back(sample_values_[i]);
      }
    index_t const n = job_.cuts().n;
    double const share = sample_keys_.empty()
                             ? 0
                             : static_cast<double>(keys.size()) / static_cast<double>(sample_keys_.size());
    index_t const rows = sample_keys_.size() == static_cast<std::size_t>(n)
                             ? static_cast<index_t>(keys.size())
                             : static_cast<index_t>(static_cast<double>(n) * share) + 1;
    to.expect(std::move(keys), values, rows);
    bool const whole = part.begin == 0 && part.end == 0;
    auto const work = [&](piece p) {
      prepare(p.begin, p.end);
      {
        auto const mine = to.taker();
        std::uint64_t key[block], value[block];
        for (index_t first = p.begin; first < p.end; first += block) {
          index_t const count = std::min(block, p.end - first);
          read(first, count, key, value);
          index_t kept = count;
          if (!whole) {
            kept = 0;
            for (index_t i = 0; i < count; ++i) {
              key[kept] = key[i];
              value[kept] = value[i];
              kept += part.holds(key[i]);
            }
          }
          mine->take(key, value, kept);
        }
      }
      if (to.bytes() > budget_) throw over_budget{};
    };
    try {
      job_.run("group", work, [&](host::stream const&, gpu_rank&, piece p) { work(p); });
    } catch (over_budget const&) {
      job_.team().sync();  // other ranks may have given up as well
      throw;
    }
  }

  session& job_;
  std::unique_ptr<word_source> keys_, values_;
  input const& key_file_;
  input const* value_file_;
  group_plan plan_;
  index_t budget_, passes_ = 0;
  double seconds_ = 0;
  std::vector<std::uint64_t> sample_keys_, sample_values_, sorted_;
};

/// DIR/key.npy, …, where OUT is a folder or ends in a slash; else OUT.key.npy, …
std::string path_for(std::string const& out, char const* name) {
  struct stat about {};
  bool const folder = out.ends_with('/') || (stat(out.c_str(), &about) == 0 && S_ISDIR(about.st_mode));
  return fmt::format("{}{}{}.npy", out, !folder ? "." : out.ends_with('/') ? "" : "/", name);
}

void print_table(std::vector<output_column> const& columns, index_t rows) {
  std::vector<std::vector<std::string>> cells;
  for (auto const& c : columns) {
    cells.push_back({c.named.name});
    for (index_t k = 0; k < rows; ++k)
      cells.back().push_back(shortest(number_of(c.type, c.head.data() + k * io::size_of(c.type))));
  }
  for (std::size_t row = 0; row <= static_cast<std::size_t>(rows); ++row) {
    std::string line = " ";
    for (auto const& column : cells) {
      std::size_t width = 0;
      for (auto const& text : column) width = std::max(width, text.size());
      line += fmt::format(" {:>{}}", column[row], width + 1);
    }
    fmt::print("{}\n", line);
  }
}

}  // namespace

void groupby_command(arguments const& args) {
  CLI::App command("", "groupby");
  options o;
  std::string list;
  index_t ddof = 0, shown = 10;
  command.add_option("inputs", o.inputs);
  command.add_option("--agg", list);
  command.add_option("--ddof", ddof);
  command.add_option("--head", shown);
  command.add_option("-o,--output", o.output);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  parse(command, args);
  require(
      o.inputs.size() == 1 || o.inputs.size() == 2,
      "groupby takes a file of keys and a file of values, not " + std::to_string(o.inputs.size()) + " files");
  require(ddof >= 0, "--ddof is at least 0");
  require(shown >= 0 && shown <= 1000000, "--head is a number of rows from 0 to 1000000");
  auto const wanted = columns_named(!list.empty() ? list : o.inputs.size() == 2 ? "count,sum" : "count");
  use_cpus(o, "groupby");

  auto const in = open_inputs(o);
  input const* const values = in.size() > 1 ? in[1].get() : nullptr;
  group_plan plan{values != nullptr ? addend_in(*values) : addend::unsigned_integer, {0, false}, ddof};
  for (auto const& c : wanted) {
    require(values != nullptr || c.column == group_column::key || c.column == group_column::count,
            std::string("groupby: ") + c.name + " needs a file of values after the file of keys");
    if (c.column == group_column::sum || c.column == group_column::mean)
      plan.wants.moments = std::max(plan.wants.moments, 1);
    if (c.column == group_column::variance) plan.wants.moments = 2;
    if (c.column == group_column::least || c.column == group_column::greatest) plan.wants.extremes = true;
  }
  io::dtype const key_type = in[0]->array().type;
  io::dtype const value_type = values != nullptr ? values->array().type : io::dtype::u64;

  std::vector<io::file_identity> read;
  std::vector<input const*> files;
  index_t bytes = 0;
  for (auto const& i : in) {
    read.push_back(i->file().identity());
    files.push_back(i.get());
    bytes += io::size_of(i->array().type);
  }
  std::vector<output_column> columns;
  for (auto const& c : wanted) {
    columns.push_back({c, type_of(c, key_type, value_type, plan.kind), "", nullptr});
    if (o.output.empty()) continue;
    columns.back().path = path_for(o.output, c.name);
    columns.back().file = std::make_unique<io::atomic_file>(columns.back().path, std::nullopt, read);
  }

  session job(o, files, bytes, "groupby");
  index_t const n = job.cuts().n;
  // 1-D headers have one size, whatever the number of groups
  auto const header = [](io::dtype type, index_t groups) { return io::npy_header(type, {groups}); };
  index_t groups = 0;
  constexpr index_t least = 16 << 20;  // bytes: tables of every thread, before any grows
  group_job work(job, *in[0], values, plan, std::max(parse_bytes(o.memory, "--memory") / 2, least));
  work.run(
      [&](host::grouping const& found) {
        for (auto& c : columns) {
          index_t at = groups;
          index_t const size = io::size_of(c.type);
          auto const begin = static_cast<index_t>(header(c.type, n).size());
          for (auto const& words : found.column(c.named.column)) {
            constexpr std::size_t stretch = std::size_t{1} << 20;
            for (std::size_t k = 0; k < words.size(); k += stretch) {
              auto const elements =
                  elements_of(c.named, c.type, words.subspan(k, std::min(stretch, words.size() - k)));
              index_t const head = static_cast<index_t>(c.head.size()) / size;
              if (head < shown)
                c.head.insert(c.head.end(), elements.begin(),
                              elements.begin() + std::min<index_t>((shown - head) * size,
                                                                   static_cast<index_t>(elements.size())));
              if (c.file) c.file->write(begin + at * size, elements);
              at += static_cast<index_t>(elements.size()) / size;
            }
          }
        }
        groups += found.groups();
      },
      [&] {
        groups = 0;
        for (auto& c : columns) {
          c.head.clear();
          if (c.file) c.file->resize(0);
        }
      });
  for (auto& c : columns) {
    if (!c.file) continue;
    std::string const text = header(c.type, groups);
    c.file->write(0, std::as_bytes(std::span(text.data(), text.size())));
  }
  for (auto& c : columns)
    if (c.file) c.file->commit();
  job.finish();

  index_t const rows = std::min(shown, groups);
  double const speed = work.seconds() > 0 ? static_cast<double>(job.bytes()) / work.seconds() / 1e9 : 0;
  if (o.json) {
    nlohmann::json first = nlohmann::json::object(), outputs = nlohmann::json::object();
    for (auto const& c : columns) {
      auto list_of = nlohmann::json::array();
      for (index_t k = 0; k < rows; ++k)
        list_of.push_back(
            nlohmann::json(finding{"", number_of(c.type, c.head.data() + k * io::size_of(c.type))})["value"]);
      first[c.named.name] = list_of;
      if (c.file) outputs[c.named.name] = c.path;
    }
    fmt::print("{}\n", nlohmann::json{{"op", "groupby"},
                                      {"n", n},
                                      {"groups", groups},
                                      {"key_dtype", io::describe(key_type).code},
                                      {"head", first},
                                      {"outputs", outputs},
                                      {"parts", work.passes()},
                                      {"plan", plan_json(job.devices(), job.weights(), job.cuts())},
                                      {"seconds", work.seconds()},
                                      {"bytes", job.bytes()},
                                      {"gb_per_s", speed}}
                           .dump());
    return;
  }
  fmt::print("{} rows, {} groups of {}\n", n, groups, io::name_of(key_type));
  print_table(columns, rows);
  if (rows < groups) fmt::print("  … {} more\n", groups - rows);
  for (auto const& c : columns)
    if (c.file) fmt::print("  {} → {}\n", c.named.name, io::printable(c.path));
  if (work.passes() > 1) fmt::print("  read {} times, to stay within --memory {}\n", work.passes(), o.memory);
  fmt::print("  {:.3g} s, {:.2f} GB/s\n", work.seconds(), speed);
}

}  // namespace prorata::cli
