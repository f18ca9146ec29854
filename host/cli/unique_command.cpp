// prorata unique: the distinct elements of a file, in memory or by way of the disk, and what is known of
// them.
#include <host/algorithms/unique_file.hpp>
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/printable.hpp>
#include <host/io/spill.hpp>
#include <host/jobs/launched.hpp>
#include <host/jobs/limits.hpp>
#include <host/jobs/sorters.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

namespace {

struct unique_outputs {
  std::string counts, index, inverse;
};

}  // namespace

void unique_command(command_line& command, io::job_files& files) {
  options o;
  unique_outputs also;
  add_input(command, o);
  add_output(command, o);
  command.option("--counts", also.counts);
  command.option("--index", also.index);
  command.option("--inverse", also.inverse);
  std::string folder;
  command.option("--temp", folder);
  add_job_options(command, o, {.guided = false});
  command.parse();
  if (!folder.empty()) io::spill{folder};  // a bad name must not cost a job
  if (folder.empty()) folder = folder_of(o.output);
  bool const numbered = !also.index.empty() || !also.inverse.empty();
  auto const in = std::move(
      open_inputs(files, o.inputs, o, numbered ? numbering::c_order : numbering::any, folder).front());

  auto const open = [&](std::string const& name) {
    return name.empty() ? nullptr : &open_output(files, o, name);
  };
  auto* const out = open(o.output);
  auto *const counts = open(also.counts), *const index = open(also.index),
              *const inverse = open(also.inverse);

  session job(files, o, {in.get()}, io::size_of(in->array().type), "unique");
  auto const growing = [](io::atomic_file* file, io::dtype type) {
    return file != nullptr ? io::array_sink(*file, type, {0}) : io::array_sink(type);
  };
  auto values = growing(out, in->array().type), counted = growing(counts, io::dtype::i64),
       first = growing(index, io::dtype::i64);
  std::optional<io::array_sink> numbers;
  if (inverse != nullptr) numbers.emplace(*inverse, io::dtype::i64, std::vector{in->count()});
  host::unique_outputs const outputs{values, counted, first, index != nullptr, numbers ? &*numbers : nullptr};
  auto const find = [&]<class U>(host::key_source<U> const& source) {
    return host::unique_file(job.passes(), source,
                             *open_sorter<U>(job.ranks().own, job.ranks().own_weights(), o), outputs,
                             {folder, o.memory.bytes, threads_of(o)});
  };
  index_t const distinct = host::with_keys(*in, direction::ascending, host::alike::equal, find);
  values.finish(distinct), counted.finish(distinct), first.finish(distinct);
  all_processes().together([&] { in->file().check_unchanged(); });
  job.finish();
  double const seconds = job.seconds();
  if (!said_as_json(job, o, [&] {
        return nlohmann::json{
            {"op", "unique"},
            {"n", in->count()},
            {"distinct", distinct},
            {"dtype", io::describe(in->array().type).code},
            {"output", o.output},
            {"plan", pictures::plan_json(plan_of(job.devices(), job.weights(), job.cuts()))},
            {"seconds", seconds},
            {"bytes", job.bytes()}};
      })) {
    print("{}: {} distinct of {}\n  {:.3g} s\n", io::printable(o.output), distinct,
          count_text(in->count(), "element"), seconds);
  }
}

}  // namespace prorata::cli
