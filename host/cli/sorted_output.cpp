// The frame around `sort` and `argsort`.
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/cli/sorted_output.hpp>
#include <host/io/printable.hpp>
#include <host/io/spill.hpp>
#include <host/jobs/launched.hpp>
#include <host/jobs/limits.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

sorting_job::sorting_job(command_line& app, std::optional<io::dtype> type, io::job_files& files)
    : files_(files), command_(app.name()) {
  add_input(app, options_, "1");
  add_output(app, options_);
  app.flag("--descending", descending_);
  app.option("--temp", folder_);
  app.flag("--raw", options_.raw);
  add_memory_option(app, options_);
  app.flag("--json", options_.json);
  app.option("--progress", options_.progress, parse_shown);
  app.option("--report", options_.report);
  add_device_options(app, options_);
  add_raw_options(app, options_);
  app.parse();
  require(options_.memory.bytes >= index_t{16} << 20, "--memory: sorting needs at least 16M");
  options_.threads = threads_of(options_);

  ranks_.emplace(options_);
  in_ = std::make_unique<input>(files, options_.inputs.front(), options_);
  static_cast<void>(cuts());  // refuses what --weights, --method and --cap cannot do
  type_ = type.value_or(in_->array().type);
  out_.emplace(open_array(files, options_, type_, {count()}));
  report_.open(files, options_);
  if (!folder_.empty()) io::spill{folder_};  // a bad name must not cost a job
  if (folder_.empty()) folder_ = folder_of(options_.output);
}

void sorting_job::begins_moving(char const*, index_t bytes) {
  start_ = std::chrono::steady_clock::now();
  bar_ = bar(options_.progress, command_, bytes);
  report_.begins(command_, bytes);
}

void sorting_job::finish(index_t ranges) {
  all_processes().together([&] { in_->file().check_unchanged(); });
  report_.ends();
  report_.prepare(files_);
  bar_.reset();
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  index_t const bytes = count() * (io::size_of(in_->array().type) + io::size_of(type_));
  double const speed = static_cast<double>(bytes) / std::max(seconds, 1e-9) / 1e9;
  nlohmann::json const said{{"op", command_},
                            {"n", count()},
                            {"dtype", io::describe(type_).code},
                            {"descending", descending_},
                            {"output", options_.output},
                            {"ranges", ranges},
                            {"plan", pictures::plan_json(plan_of(ranks_->devices, ranks_->weights, cuts()))},
                            {"seconds", seconds},
                            {"bytes", bytes},
                            {"gb_per_s", speed}};
  report_.describe(said);
  if (options_.json) {
    print("{}\n", said.dump());
  } else {
    print("{}: {} of {}{}\n  {:.3g} s, {:.2f} GB/s read and written\n", io::printable(options_.output),
          count_text(count(), "element"), io::name_of(type_),
          ranges > 0 ? fmt::format(", by way of the disk in {} ranges", ranges) : "", seconds, speed);
  }
}

}  // namespace prorata::cli
