// CLI11 behind a door of our own, its complaints turned into our one-line errors.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <host/cli/command_line.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

command_line::command_line(std::string const& name) : app_(std::make_unique<CLI::App>("", name)) {
  app_->set_help_flag();
}
command_line::~command_line() = default;

void command_line::option(std::string const& name, std::string& to) { app_->add_option(name, to); }
void command_line::option(std::string const& name, std::vector<std::string>& to) {
  app_->add_option(name, to);
}
void command_line::option(std::string const& name, int& to) { app_->add_option(name, to); }
void command_line::option(std::string const& name, index_t& to) { app_->add_option(name, to); }
void command_line::option(std::string const& name, std::uint64_t& to) { app_->add_option(name, to); }
void command_line::option(std::string const& name, double& to) { app_->add_option(name, to); }
void command_line::required(std::string const& name, std::string& to) {
  app_->add_option(name, to)->required();
}
void command_line::flag(std::string const& name, bool& to) { app_->add_flag(name, to); }

void command_line::parse(arguments args) {
  std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
  try {
    app_->parse(args);
  } catch (CLI::Error const& e) {
    std::string what = e.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    throw usage_error(app_->get_name() + ": " + io::printable(what) + "; see prorata help " +
                      app_->get_name());
  }
}

void add_device_options(command_line& command, options& o) {
  command.option("--devices", o.devices);
  command.option("--weights", o.weights);
  command.option("--method", o.method);
  command.option("--costs", o.costs);
  command.option("--cap", o.cap);
  command.option("--threads", o.threads);
}

void add_raw_options(command_line& command, options& o) {
  command.option("--dtype", o.dtype);
  command.option("--shape", o.shape);
  command.option("--offset", o.offset);
}

void add_stream_options(command_line& command, options& o) {
  command.option("--memory", o.memory);
  command.option("--chunk", o.chunk);
  command.flag("--json", o.json);
  command.option("--progress", o.progress);
  command.option("--trace", o.trace);
  command.option("--verify", o.verify);
}

void refuse_verify(options const& o, std::string const& command) {
  require(o.verify == 0, command +
                             ": --verify is for stats, reduce and map, whose chunks can be computed again "
                             "and compared; leave it out");
}

}  // namespace prorata::cli
