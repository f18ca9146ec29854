// prorata plan: who would get what, without touching data.
#include <host/cli/command_line.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/jobs/partitions.hpp>
#include <nlohmann/json.hpp>
#include <prorata/apportion.hpp>

namespace prorata::cli {

namespace {

/// --room as elements that fit each device.
std::vector<index_t> room_of(std::string const& text, std::size_t ranks, index_t element_bytes) {
  std::vector<index_t> room;
  if (text.empty()) return room;
  for (auto const word : split_at_commas(text))
    room.push_back(parse_bytes(word, "--room").bytes / element_bytes);
  if (room.size() == 1) room.assign(ranks, room.front());
  require(room.size() == ranks,
          "--room has " + std::to_string(room.size()) + " sizes for " + std::to_string(ranks) + " devices");
  return room;
}

/// One line a rank.
void print_shares(std::vector<device_spec> const& devices, std::vector<double> const& weights,
                  dynamic::shares const& s) {
  std::size_t width = 6;
  for (auto const& d : devices) width = std::max(width, d.name.size());
  bool const by_keys = !s.splitters.empty();
  auto const more = [&](std::size_t r) -> std::string {
    if (!s.slots.empty()) return fmt::format(" {:>7}", s.slots[r]);
    if (!by_keys || r == 0) return "";
    return "  " + (s.splitters[r - 1] ? shortest(*s.splitters[r - 1]) : "none");
  };
  print("  {}\n  rank  {:<{}}     weight               count           load{}\n", s.rule, "device", width,
        !s.slots.empty() ? "   slots"
        : by_keys        ? "  from key"
                         : "");
  for (std::size_t r = 0; r < devices.size(); ++r)
    print("  {:>4}  {:<{}} {:>10.6g} {:>19} {:>14.6g}{}\n", r, devices[r].name, width, weights[r],
          s.counts[r], s.loads[r], more(r));
}

/// One object a rank.
nlohmann::json shares_json(std::vector<device_spec> const& devices, std::vector<double> const& weights,
                           dynamic::shares const& s) {
  auto plan = nlohmann::json::array();
  for (std::size_t r = 0; r < devices.size(); ++r) {
    plan.push_back({{"rank", r},
                    {"device", devices[r].name},
                    {"weight", weights[r]},
                    {"count", s.counts[r]},
                    {"load", s.loads[r]}});
    if (!s.slots.empty()) plan.back()["slots"] = s.slots[r];
  }
  return plan;
}

}  // namespace

void plan_command(command_line& command, io::job_files& files) {
  options o;
  std::optional<index_t> n;
  std::string room;
  partition_request request;
  auto const from = [](char const* option, index_t least) {
    return [=](auto const& text) { return parse_index(text, option, least); };
  };
  command.option("inputs", o.inputs);
  command.option("--n", n, from("--n", 0));
  command.option("--granularity", request.granularity, from("--granularity", 0));
  command.option("--partition", request.how, parse_sharing);
  command.option("--block", request.block, from("--block", 0));
  command.option("--room", room);
  command.flag("--json", o.json);
  add_device_options(command, o);
  add_raw_options(command, o);
  command.parse();
  require(
      n.has_value() + !o.inputs.empty() + !o.costs.empty() == 1,
      "plan: say how many elements: with --n N, an input file, or the costs of elements with --costs FILE");
  index_t const grain = request.granularity;
  require(grain >= 1, "--granularity is at least 1");

  std::vector<device_spec> devices;
  std::vector<double> weights;
  if (o.devices.empty() && o.weights.how == weight_choice::kind::given) {
    weights = o.weights.given;  // they are enough for a plan
    require_weights(weights, true);
    for (std::size_t k = 0; k < weights.size(); ++k)
      devices.push_back({device_kind::cpu, 0, 1, "rank " + std::to_string(k)});
  } else {
    job_ranks const ranks(o);
    devices = ranks.devices, weights = ranks.weights;
  }
  index_t element_bytes = o.raw_inputs ? io::size_of(o.raw_inputs->element.type) : 8;
  if (!o.inputs.empty()) {
    auto const in = open_inputs(files, o.inputs, o);
    request.n = in.front()->count();
    element_bytes = io::size_of(in.front()->array().type);
  } else if (n) {
    request.n = *n;
  } else {
    request.n = input(files, o.costs, o).count();
  }
  request.keys = o.inputs;
  request.room = room_of(room, weights.size(), element_bytes);
  auto const found = share_out(files, request, weights, o);
  bool const ranges = !found.cuts.empty();
  partition const cuts = ranges ? partition_by_cuts(found.cuts) : partition{};
  std::vector<double> const loads = o.costs.empty() ? std::vector<double>{} : found.loads;
  if (o.json) {
    nlohmann::json out{{"op", "plan"},
                       {"n", request.n},
                       {"partition", name_of(request.how)},
                       {"loads", found.loads},
                       {"bottleneck", found.bottleneck},
                       {"plan", ranges ? pictures::plan_json(plan_of(devices, weights, cuts, loads))
                                       : shares_json(devices, weights, found)}};
    if (ranges) {
      out["method"] = name_of(o.method);
      out["granularity"] = grain;
      out["cuts"] = found.cuts;
    } else {
      out["counts"] = found.counts;
    }
    if (request.how == sharing::block_cyclic) out["block"] = request.block;
    if (request.how == sharing::range) {
      out["splitters"] = nlohmann::json::array();
      for (auto const& x : found.splitters) out["splitters"].push_back(x ? json_of(*x) : nlohmann::json());
    }
    print("{}\n", out.dump());
    return;
  }
  std::string const elements = count_text(request.n, "element");
  char const* const most = "(the largest load / weight)";
  if (!ranges) {
    print("{}, partition {}, bottleneck {:.6g} {}\n", elements, name_of(request.how), found.bottleneck, most);
    return print_shares(devices, weights, found);
  }
  if (o.costs.empty()) {
    print("{}, method {}, cuts at multiples of {}, bottleneck {:.6g} {}\n", elements, name_of(o.method),
          grain, found.bottleneck, most);
  } else {
    print("{} cut by their costs, bottleneck {:.6g} {}\n", elements, found.bottleneck, most);
  }
  print("{}", pictures::plan_table(plan_of(devices, weights, cuts, loads)));
}

}  // namespace prorata::cli
