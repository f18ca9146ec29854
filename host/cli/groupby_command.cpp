// prorata groupby: aggregates of all rows that share a key, from files to files, in bounded memory.
#include <fmt/core.h>
#include <chrono>
#include <host/algorithms/group_file.hpp>
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/dynamic/group_columns.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/printable.hpp>
#include <host/io/spill.hpp>
#include <host/jobs/limits.hpp>
#include <host/pictures/amounts.hpp>
#include <host/run/encoded_column.hpp>
#include <nlohmann/json.hpp>
#include <prorata/group_by.hpp>

namespace prorata::cli {

namespace {

/// A column, and where it goes.
struct output_column : dynamic::group_output {
  output_column(dynamic::named_column const& named, io::dtype type, std::string to, io::atomic_file* file,
                index_t shown)
      : group_output(named, type, file != nullptr ? io::array_sink(*file, type, {0}) : io::array_sink(type),
                     shown),
        path(std::move(to)) {}
  std::string path;
};

/// The first rows, each column under its name.
std::string table_of(std::vector<output_column> const& columns, index_t rows) {
  std::vector<std::vector<std::string>> cells;
  for (auto const& c : columns) {
    cells.push_back({c.named().name});
    for (index_t k = 0; k < rows; ++k) cells.back().push_back(shortest(c.shown(k)));
  }
  return pictures::table(cells);
}

}  // namespace

void groupby_command(command_line& command, io::job_files& files) {
  options o;
  std::string list, folder;
  index_t ddof = 0, shown = 10;
  command.option("inputs", o.inputs);
  command.option("--agg", list);
  command.option("--ddof", ddof);
  command.option("--head", shown);
  command.option("-o,--output", o.output);
  command.option("--temp", folder);
  add_job_options(command, o);
  command.parse();
  require(
      o.inputs.size() == 1 || o.inputs.size() == 2,
      "groupby takes a file of keys and a file of values, not " + std::to_string(o.inputs.size()) + " files");
  require(ddof >= 0, "--ddof is at least 0");
  require(shown >= 0 && shown <= 1000000, "--head is a number of rows from 0 to 1000000");
  auto const wanted = dynamic::columns_named(!list.empty()          ? list
                                             : o.inputs.size() == 2 ? "count,sum"
                                                                    : "count");

  auto const in = open_inputs(files, o.inputs, o, numbering::any, folder);
  input const* const values = in.size() > 1 ? in[1].get() : nullptr;
  for (auto const& c : wanted)
    require(values != nullptr || !c.needs_values(),
            std::string("groupby: ") + c.name + " needs a file of values after the file of keys");
  group_plan const plan{values != nullptr ? host::addend_in(*values) : addend::unsigned_integer,
                        dynamic::wants_of(wanted), ddof};
  io::dtype const key_type = in[0]->array().type;
  io::dtype const value_type = values != nullptr ? values->array().type : io::dtype::u64;

  auto const arrays = columns_of(in);
  std::vector<output_column> columns;
  for (auto const& c : wanted) {
    std::string const path = o.output.empty() ? "" : column_path(o.output, c.name);
    columns.emplace_back(c, dynamic::type_of(c, key_type, value_type, plan.kind), path,
                         path.empty() ? nullptr : &open_output(files, o, path), shown);
  }
  if (!folder.empty()) io::spill{folder};  // a bad name must not cost a job
  if (folder.empty()) folder = folder_of(columns.front().path);

  session job(files, o, arrays, bytes_of(arrays), "groupby");
  auto const outcome = host::group_file(job.passes(), host::file_rows::stored(*in[0], values), plan,
                                        {folder, o.memory.bytes, threads_of(o)},
                                        [&](index_t place, host::group_column_words const& words) {
                                          for (auto& c : columns)
                                            c.write(place, words[static_cast<std::size_t>(c.named().column)]);
                                        });
  for (auto& c : columns) c.finish(outcome.groups);
  job.finish();
  index_t const n = job.cuts().n, rows = std::min(shown, outcome.groups);
  if (is_described(job, o)) {
    nlohmann::json first = nlohmann::json::object(), outputs = nlohmann::json::object();
    for (auto const& c : columns) {
      auto list_of = nlohmann::json::array();
      for (index_t k = 0; k < rows; ++k) list_of.push_back(json_value(c.shown(k)));
      first[c.named().name] = list_of;
      if (!c.path.empty()) outputs[c.named().name] = c.path;
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
  print("{}", table_of(columns, rows));
  if (rows < outcome.groups) print("  … {} more\n", outcome.groups - rows);
  for (auto const& c : columns)
    if (!c.path.empty()) print("  {} → {}\n", c.named().name, io::printable(c.path));
  if (outcome.spilled > 0)
    print("  by way of the disk in {} parts, {}, to stay within --memory {}\n", outcome.parts,
          bytes_text(outcome.spilled), o.memory.text);
  print("  {:.3g} s, {:.2f} GB/s\n", job.seconds(), job.gb_per_s());
}

}  // namespace prorata::cli
