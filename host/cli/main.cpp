// The program `prorata`: finds the command, and turns every failure into one line and an exit code.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <host/cli/commands.hpp>
#include <host/io/emergency.hpp>
#include <host/io/printable.hpp>
#include <new>
#include <prorata/error.hpp>

namespace {

using namespace prorata;

constexpr char const* known[] = {"argsort", "devices", "generate", "groupby", "help",   "histogram",
                                 "map",     "plan",    "quantile", "reduce",  "scan",   "select",
                                 "sort",    "stats",   "topk",     "unique",  "version"};

/// What the shell is told: 0 ok, 2 usage, 3 bad input, 4 device, 5 memory or disk, 6 infeasible.
int fail(int code, std::string_view what) {
  std::fflush(stdout);
  std::string line(what);  // what users typed in it is already printable
  std::replace(line.begin(), line.end(), '\n', ' ');
  fmt::print(stderr, "prorata: {}\n", line);
  return code;
}

void run(std::string const& command, cli::arguments const& args) {
  for (auto const& a : args)
    if (a == "--help" || a == "-h") return fmt::print("{}", cli::help_text(command));
  if (command == "argsort") return cli::argsort_command(args);
  if (command == "devices") return cli::devices_command(args);
  if (command == "generate") return cli::generate_command(args);
  if (command == "groupby") return cli::groupby_command(args);
  if (command == "histogram") return cli::histogram_command(args);
  if (command == "map") return cli::map_command(args);
  if (command == "plan") return cli::plan_command(args);
  if (command == "quantile") return cli::quantile_command(args);
  if (command == "reduce") return cli::reduce_command(args);
  if (command == "scan") return cli::scan_command(args);
  if (command == "select") return cli::select_command(args);
  if (command == "sort") return cli::sort_command(args);
  if (command == "stats") return cli::stats_command(args);
  if (command == "topk") return cli::topk_command(args);
  if (command == "unique") return cli::unique_command(args);
  if (command == "version") return fmt::print("prorata {} ({})\n", version_string, order_name);
  if (command == "help" || command == "--help" || command == "-h")
    return fmt::print("{}", cli::help_text(args.empty() ? "" : args.front()));
  std::string names;
  for (auto const* name : known) names += std::string(names.empty() ? "" : " ") + name;
  throw usage_error("unknown command '" + io::printable(command, 60) + "'; there are " + names);
}

}  // namespace

int main(int argc, char** argv) {
  io::emergency::install_sigbus_guard();
  io::emergency::install_termination_guard();
  try {
    if (argc < 2) return fail(2, "name a command, as in: prorata stats x.npy; prorata help lists them");
    run(argv[1], {argv + 2, argv + argc});
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      return fail(5, "standard output: cannot be written");
    return 0;
  } catch (usage_error const& e) { return fail(2, e.what()); } catch (input_error const& e) {
    return fail(3, e.what());
  } catch (out_of_memory const& e) { return fail(5, e.what()); } catch (infeasible const& e) {
    return fail(6, e.what());
  } catch (device_error const& e) { return fail(4, e.what()); } catch (communication_error const& e) {
    return fail(4, e.what());
  } catch (std::bad_alloc const&) {
    return fail(5, "out of memory; lower --memory or --chunk");
  } catch (std::exception const& e) { return fail(4, e.what()); }
}
