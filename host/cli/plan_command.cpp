// prorata plan: who would get what, without touching data.
#include <fmt/core.h>

#include <host/cli/loads.hpp>
#include <host/cli/parse.hpp>
#include <host/cli/report.hpp>
#include <nlohmann/json.hpp>
#include <prorata/costs.hpp>

namespace prorata::cli {

namespace {

/// The costs of elements as a file gives them, read whole.
std::vector<double> costs_in(std::string const& path, options const& o) {
  input const file(path, o);
  std::vector<double> costs(static_cast<std::size_t>(file.count()));
  file.prepare(0, file.count());
  with_load<as_real>(file, [&](auto const& load) {
    for (index_t i = 0; i < file.count(); ++i) costs[static_cast<std::size_t>(i)] = load(i);
    return 0;
  });
  return costs;
}

}  // namespace

void plan_command(arguments const& args) {
  options o;
  CLI::App command("", "plan");
  std::string n, granularity = "1024", costs_path;
  command.add_option("inputs", o.inputs);
  command.add_option("--n", n);
  command.add_option("--granularity", granularity);
  command.add_option("--costs", costs_path);
  command.add_flag("--json", o.json);
  add_device_options(command, o);
  add_raw_options(command, o);
  parse(command, args);
  require(
      !n.empty() + !o.inputs.empty() + !costs_path.empty() == 1,
      "plan: say how many elements: with --n N, an input file, or the costs of elements with --costs FILE");
  index_t const grain = parse_index(granularity, "--granularity");
  require(grain >= 1, "--granularity is at least 1");

  std::vector<device_spec> devices;
  if (o.devices.empty() && !o.weights.empty() && o.weights != "equal" && o.weights != "auto") {
    for (double const w : parse_numbers(o.weights, "--weights")) {  // weights alone are enough for a plan
      (void)w;
      devices.push_back({device_kind::cpu, 0, 1, "rank " + std::to_string(devices.size())});
    }
  } else {
    devices = parse_devices(o.devices);
  }
  auto const weights = weights_of(devices, o);
  if (!costs_path.empty()) {
    auto const costs = costs_in(costs_path, o);
    std::vector<double> caps;
    if (!o.cap.empty()) caps = parse_numbers(o.cap, "--cap");
    if (caps.size() == 1) caps.assign(weights.size(), caps.front());
    auto const plan =
        partition_by_costs(costs, weights, {.caps = caps, .granularity = grain, .normalised = false});
    if (o.json) {
      fmt::print("{}\n", nlohmann::json{{"op", "plan"},
                                        {"n", plan.parts.n},
                                        {"granularity", grain},
                                        {"cuts", plan.parts.cuts},
                                        {"loads", plan.loads},
                                        {"bottleneck", plan.bottleneck},
                                        {"plan", plan_json(devices, weights, plan.parts)}}
                             .dump());
    } else {
      fmt::print("{} elements cut by their costs, bottleneck {:.6g} (the largest load / weight)\n",
                 plan.parts.n, plan.bottleneck);
      print_plan(devices, weights, plan.parts);
    }
    return;
  }
  index_t const count = n.empty() ? open_inputs(o).front()->count() : parse_index(n, "--n");
  auto const cuts = cuts_of(count, weights, o, grain);
  if (o.json) {
    fmt::print("{}\n", nlohmann::json{{"op", "plan"},
                                      {"n", count},
                                      {"method", o.method},
                                      {"granularity", grain},
                                      {"cuts", cuts.cuts},
                                      {"plan", plan_json(devices, weights, cuts)}}
                           .dump());
  } else {
    fmt::print("{} elements, method {}, cuts at multiples of {}\n", count, o.method, grain);
    print_plan(devices, weights, cuts);
  }
}

}  // namespace prorata::cli
