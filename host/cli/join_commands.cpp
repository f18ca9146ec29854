// prorata lookup and prorata join: rows of one side by the keys of another, from files to files, in bounded memory.
#include <fmt/core.h>

#include <chrono>
#include <host/algorithms/join_file.hpp>
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/dynamic/element_text.hpp>
#include <host/io/emergency.hpp>
#include <host/io/printable.hpp>
#include <host/io/spill.hpp>
#include <host/jobs/inputs.hpp>
#include <host/jobs/launched.hpp>
#include <host/jobs/limits.hpp>
#include <list>
#include <map>
#include <nlohmann/json.hpp>

namespace prorata::cli {

namespace {

using column_kind = host::join_column::kind;
/// What --missing says, as an element of a type; without it 0, or NaN.
///   throws  usage_error where the type does not have it
dynamic::stored_element missing_element(io::dtype type, std::string const& text) {
  auto const element = text.empty() ? dynamic::absent_element(type) : dynamic::element_in(text, type);
  if (!element)
    throw usage_error("--missing '" + io::printable(text, 60) + "': expected a value of type " +
                      io::name_of(type));
  return *element;
}

/// What both commands are told, and how they go on.
class join_job final : public host::run_observer {
 public:
  join_job(command_line& command, io::job_files& files) : name_(command.name()), files_(files) {
    command.required("-o,--output", o.output);
    command.option("--missing", missing);
    command.option("--temp", folder_);
    command.option("--threads", o.threads);
    add_memory_option(command, o);
    command.flag("--json", o.json);
    command.option("--progress", o.progress, parse_shown);
    command.option("--report", o.report);
  }

  /// When the command line was read.
  void begin() {
    require(o.memory.bytes >= index_t{16} << 20, "--memory: " + name_ + " needs at least 16M");
    require(all_processes().alone(), name_ + ": this command is for one process; start it without mpirun");
    o.threads = threads_of(o);
    if (!folder_.empty()) io::spill{folder_};  // a bad name must not cost a job
    if (folder_.empty()) folder_ = folder_of(o.output);
    io::emergency::doing(name_);
  }

  input& open(std::string const& path) { return inputs_.emplace_back(files_, path, o); }
  /// One whose rows are numbered.
  input& open_rows(std::string const& path) {
    auto& in = open(path);
    in.store_in_c_order(folder_, o);
    return in;
  }
  /// A column of a side.
  input& open_column(std::string const& path, input const& keys) {
    auto& in = open_rows(path);
    if (in.count() != keys.count())
      throw input_error(fmt::format("{}: it has {}, and {} has {}", io::printable(path),
                                    count_text(in.count(), "element"), io::printable(keys.array().path),
                                    count_text(keys.count(), "key")));
    return in;
  }
  /// Keys; floats are refused.
  input& keys(input& in) {
    if (!host::joins_by(in.array().type))
      throw input_error(fmt::format("{}: keys are integers or booleans, and its elements are {}",
                                    io::printable(in.array().path), io::name_of(in.array().type)));
    return in;
  }

  io::array_sink& sink(std::string const& path, io::dtype type) {
    return sinks_.emplace_back(open_output(files_, o, path), type, std::vector<index_t>{0});
  }
  io::array_sink& sink(std::string const& path, io::dtype type, input const& like) {
    auto const& a = like.array();
    auto const header = io::npy_header(type, a.shape, a.fortran_order);
    auto& file = open_output(files_, o, path, std::ssize(header) + a.count * io::size_of(type));
    return sinks_.emplace_back(file, type, a.shape, a.fortran_order);
  }

  host::join_outcome run(host::join_sides const& sides, host::join_kind kind,
                         std::vector<host::join_column> const& columns) {
    page_.open(files_, o);
    auto const start = std::chrono::steady_clock::now();
    auto const outcome = join_files(sides, kind, columns, {folder_, o.memory.bytes, o.threads}, *this);
    for (auto const& in : inputs_) {
      in.file().check_unchanged();
      bytes_ += in.array().data_bytes;
    }
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return outcome;
  }
  void finish_sinks(index_t rows) {
    for (auto& s : sinks_) s.finish(rows);
  }

  void report(host::join_outcome const& outcome, nlohmann::json own, std::string const& said) {
    page_.prepare(files_);
    double const speed = static_cast<double>(bytes_) / std::max(seconds_, 1e-9) / 1e9;
    own["op"] = name_;
    own["missing"] = outcome.missing;
    own["parts"] = outcome.parts;
    own["spilled"] = outcome.spilled;
    own["seconds"] = seconds_;
    own["bytes"] = bytes_;
    own["gb_per_s"] = speed;
    page_.describe(own);
    if (o.json) {
      print("{}\n", own.dump());
      return;
    }
    print("{}", said);
    if (outcome.parts > 0)
      print("  by way of the disk in {} parts, {}, to stay within --memory {}\n", outcome.parts,
            bytes_text(outcome.spilled), o.memory.text);
    print("  {:.3g} s, {:.2f} GB/s\n", seconds_, speed);
  }

  options o;
  std::string missing;

 private:
  void begins_moving(char const* what, index_t bytes) override {
    bar_ = bar(o.progress, name_ + ": " + what, bytes);
    page_.begins(what, bytes);
  }
  void moved(index_t bytes) override { bar_->add(bytes); }
  void ends() override {
    bar_.reset();
    page_.ends();
  }

  std::string name_, folder_;
  io::job_files& files_;
  index_t bytes_ = 0;
  double seconds_ = 0;
  std::list<input> inputs_;
  std::list<io::array_sink> sinks_;
  std::unique_ptr<pictures::progress> bar_;
  stages_page page_;
};

host::join_kind kind_named(std::string const& how) {
  if (how == "inner") return host::join_kind::inner;
  if (how == "left") return host::join_kind::left;
  if (how == "semi") return host::join_kind::semi;
  if (how == "anti") return host::join_kind::anti;
  throw usage_error("--how '" + io::printable(how, 60) + "': there are inner left semi anti");
}

/// A column of values as it is typed: FILE, or NAME=FILE.
struct named_file {
  std::string name, path;

  explicit named_file(std::string const& text) {
    auto const equals = text.find('=');
    if (equals != std::string::npos && text.find('/') > equals) {
      name = text.substr(0, equals);
      path = text.substr(equals + 1);
    } else {
      path = text;
      name = path.substr(path.rfind('/') + 1);
      if (name.ends_with(".npy")) name.resize(name.size() - 4);
    }
    require(!name.empty() && !path.empty() && name.find('/') == std::string::npos,
            "join: '" + io::printable(text, 60) + "' is not a column; write FILE or NAME=FILE");
  }
};

}  // namespace

void lookup_command(command_line& command, io::job_files& files) {
  join_job job(command, files);
  std::string keys_path, values_path, queries_path, found_path;
  command.required("--keys", keys_path);
  command.required("--values", values_path);
  command.required("--queries", queries_path);
  command.option("--found", found_path);
  command.parse();
  job.begin();
  auto const& keys = job.keys(job.open_rows(keys_path));
  auto const& values = job.open_column(values_path, keys);
  auto const& queries = job.keys(job.open(queries_path));
  io::dtype const type = values.array().type;
  std::vector<host::join_column> columns{{column_kind::right, &values, &job.sink(job.o.output, type, queries),
                                          missing_element(type, job.missing)}};
  if (!found_path.empty())
    columns.push_back({column_kind::found, nullptr, &job.sink(found_path, io::dtype::boolean, queries)});

  auto const outcome = job.run({queries, keys, host::counted_rows::last}, host::join_kind::left, columns);
  nlohmann::json own{{"n", queries.count()},
                     {"keys", keys.count()},
                     {"dtype", io::describe(type).code},
                     {"output", job.o.output}};
  if (!found_path.empty()) own["found"] = found_path;
  job.report(outcome, own,
             fmt::format("{}: {} of {}, looked up in {}; {} not there\n", io::printable(job.o.output),
                         count_text(queries.count(), "element"), io::name_of(type),
                         count_text(keys.count(), "key"), outcome.missing));
}

void join_command(command_line& command, io::job_files& files) {
  join_job job(command, files);
  std::string left_path, right_path, how = "inner";
  std::vector<std::string> left_values, right_values;
  bool rows = false;
  command.required("left keys", left_path);
  command.required("right keys", right_path);
  command.option("--how", how);
  command.list("--left-value", left_values);
  command.list("--right-value", right_values);
  command.flag("--rows", rows);
  command.parse();
  auto const kind = kind_named(how);
  bool const pairs = kind == host::join_kind::inner || kind == host::join_kind::left;
  require(pairs || right_values.empty(),
          "join: --how " + how + " has rows of the left side alone; leave out --right-value");
  require(kind == host::join_kind::left || job.missing.empty(),
          "join: --missing is for --how left, whose rows may lack a right one; leave it out");
  job.begin();

  auto const& left = job.keys(job.open_rows(left_path));
  auto const& right = job.keys(job.open_rows(right_path));
  std::vector<host::join_column> columns;
  std::vector<std::string> names;
  std::map<std::string, std::string> outputs;
  auto const add = [&](std::string const& name, column_kind from, input const* column, io::dtype type) {
    std::string const path = column_path(job.o.output, name.c_str());
    if (!outputs.emplace(name, path).second)
      throw usage_error("join: two columns are called " + io::printable(name, 60) +
                        "; name one of them, as in NAME=FILE");
    names.push_back(name);
    auto const missing = from == column_kind::right && kind == host::join_kind::left
                             ? missing_element(type, job.missing)
                             : dynamic::stored_element{};
    columns.push_back({from, column, &job.sink(path, type), missing});
  };
  add("key", column_kind::left, &left, left.array().type);
  for (auto const& [values, from, keys] :
       {std::tuple(&left_values, column_kind::left, &left), {&right_values, column_kind::right, &right}})
    for (auto const& text : *values) {
      named_file const file(text);
      auto const& column = job.open_column(file.path, *keys);
      add(file.name, from, &column, column.array().type);
    }
  if (rows) add("left_row", column_kind::left_row, nullptr, io::dtype::i64);
  if (rows && pairs) add("right_row", column_kind::right_row, nullptr, io::dtype::i64);
  if (kind == host::join_kind::left) add("found", column_kind::found, nullptr, io::dtype::boolean);

  auto const outcome = job.run({left, right}, kind, columns);
  job.finish_sinks(outcome.rows);
  std::string said = fmt::format("{} join of {} and {}: {}\n", how, count_text(left.count(), "row"),
                                 count_text(right.count(), "row"), count_text(outcome.rows, "row"));
  for (auto const& name : names)
    said += fmt::format("  {} → {}\n", io::printable(name), io::printable(outputs[name]));
  job.report(outcome,
             {{"how", how},
              {"left", left.count()},
              {"right", right.count()},
              {"rows", outcome.rows},
              {"outputs", outputs}},
             said);
}

}  // namespace prorata::cli
