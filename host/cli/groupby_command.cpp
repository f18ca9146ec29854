// prorata groupby: aggregates of all rows that share a key, from files to files, in bounded memory.
#include <fmt/core.h>
#include <chrono>
#include <cmath>
#include <cstring>
#include <host/algorithms/group_file.hpp>
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/printable.hpp>
#include <host/io/spill.hpp>
#include <host/jobs/limits.hpp>
#include <host/run/encoded_column.hpp>
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
        if (c.column == group_column::key) return decoded_key<T>(words[i]);
        if constexpr (std::is_same_v<T, double>)
          if (c.root) return std::sqrt(std::bit_cast<double>(words[i]));
        return detail::word_to_value<T>{}(words[i]);
      }();
      std::memcpy(bytes.data() + i * sizeof(T), &x, sizeof x);
    }
    return bytes;
  });
}

/// A column on its way to a file, and its first elements for the terminal.
class output_column {
 public:
  output_column(named_column const& n, io::dtype t, std::string p, io::atomic_file* f, index_t shown)
      : named(n),
        type(t),
        path(std::move(p)),
        sink(f != nullptr ? io::array_sink(*f, t, {0}) : io::array_sink(t)),
        head_(static_cast<std::size_t>(shown * io::size_of(t))) {}

  /// Words of its elements from `place` on. From any thread.
  void write(index_t place, std::span<std::uint64_t const> words) {
    auto const elements = elements_of(named, type, words);
    sink.write(place, elements);
    auto const begin = static_cast<std::size_t>(place * io::size_of(type));
    if (begin < head_.size())
      std::memcpy(head_.data() + begin, elements.data(), std::min(elements.size(), head_.size() - begin));
  }
  /// Element k, of those that are shown.
  number shown(index_t k) const { return number_at(type, head_.data() + k * io::size_of(type)); }

  named_column named;
  io::dtype type;
  std::string path;
  io::array_sink sink;

 private:
  std::vector<std::byte> head_;
};

void print_table(std::vector<output_column> const& columns, index_t rows) {
  std::vector<std::vector<std::string>> cells;
  for (auto const& c : columns) {
    cells.push_back({c.named.name});
    for (index_t k = 0; k < rows; ++k) cells.back().push_back(shortest(c.shown(k)));
  }
  for (std::size_t row = 0; row <= static_cast<std::size_t>(rows); ++row) {
    std::string line = " ";
    for (auto const& column : cells) {
      std::size_t width = 0;
      for (auto const& text : column) width = std::max(width, text.size());
      line += fmt::format(" {:>{}}", column[row], width + 1);
    }
    print("{}\n", line);
  }
}

}  // namespace

void groupby_command(arguments const& args, io::job_files& files) {
  command_line command("groupby");
  options o;
  std::string list, folder;
  index_t ddof = 0, shown = 10;
  command.option("inputs", o.inputs);
  command.option("--agg", list);
  command.option("--ddof", ddof);
  command.option("--head", shown);
  command.option("-o,--output", o.output);
  command.option("--temp", folder);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  command.parse(args);
  refuse_verify(o, "groupby");
  require(
      o.inputs.size() == 1 || o.inputs.size() == 2,
      "groupby takes a file of keys and a file of values, not " + std::to_string(o.inputs.size()) + " files");
  require(ddof >= 0, "--ddof is at least 0");
  require(shown >= 0 && shown <= 1000000, "--head is a number of rows from 0 to 1000000");
  auto const wanted = columns_named(!list.empty() ? list : o.inputs.size() == 2 ? "count,sum" : "count");

  auto const in = open_inputs(files, o.inputs, o, numbering::any, folder);
  input const* const values = in.size() > 1 ? in[1].get() : nullptr;
  group_plan plan{values != nullptr ? host::addend_in(*values) : addend::unsigned_integer, {0, false}, ddof};
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

  std::vector<io::file_column const*> arrays;
  index_t bytes = 0;
  for (auto const& i : in) {
    arrays.push_back(i.get());
    bytes += io::size_of(i->array().type);
  }
  std::vector<output_column> columns;
  for (auto const& c : wanted) {
    std::string const path = o.output.empty() ? "" : column_path(o.output, c.name);
    columns.emplace_back(c, type_of(c, key_type, value_type, plan.kind), path,
                         path.empty() ? nullptr : &open_output(files, o, path), shown);
  }
  if (!folder.empty()) io::spill{folder};  // a bad name must not cost a job
  if (folder.empty()) folder = folder_of(columns.front().path);

  session job(files, o, arrays, bytes, "groupby");
  auto const outcome = host::group_file(job.passes(), host::file_rows::stored(*in[0], values), plan,
                                        {folder, o.memory.bytes, threads_of(o)},
                                        [&](index_t place, host::group_column_words const& words) {
                                          for (auto& c : columns)
                                            c.write(place, words[static_cast<std::size_t>(c.named.column)]);
                                        });
  for (auto& c : columns) c.sink.finish(outcome.groups);
  job.finish();
  index_t const n = job.cuts().n, rows = std::min(shown, outcome.groups);
  if (is_described(job, o)) {
    nlohmann::json first = nlohmann::json::object(), outputs = nlohmann::json::object();
    for (auto const& c : columns) {
      auto list_of = nlohmann::json::array();
      for (index_t k = 0; k < rows; ++k) list_of.push_back(json_value(c.shown(k)));
      first[c.named.name] = list_of;
      if (!c.path.empty()) outputs[c.named.name] = c.path;
    }
    if (said_as_json(job, o, [&] {
          return job_json(job, "groupby",
                          {{"n", n},
                           {"groups", outcome.groups},
                           {"key_dtype", io::describe(key_type).code},
                           {"head", first},
                           {"outputs", outputs},
                           {"parts", outcome.parts},
                           {"spilled", outcome.spilled}});
        }))
      return;
  }
  print("{}, {} of {}\n", count_text(n, "row"), count_text(outcome.groups, "group"), io::name_of(key_type));
  print_table(columns, rows);
  if (rows < outcome.groups) print("  … {} more\n", outcome.groups - rows);
  for (auto const& c : columns)
    if (!c.path.empty()) print("  {} → {}\n", c.named.name, io::printable(c.path));
  if (outcome.spilled > 0)
    print("  by way of the disk in {} parts, {}, to stay within --memory {}\n", outcome.parts,
          bytes_text(outcome.spilled), o.memory.text);
  print("  {:.3g} s, {:.2f} GB/s\n", job.seconds(), job.gb_per_s());
}

}  // namespace prorata::cli
