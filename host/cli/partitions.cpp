// Each way of sharing, from the library's partitions, assignments and slots to numbers for people.
#include <algorithm>
#include <host/cli/costs.hpp>
#include <host/cli/key_ranges.hpp>
#include <host/cli/partitions.hpp>
#include <host/fp_environment.hpp>
#include <host/io/printable.hpp>
#include <prorata/assignments.hpp>
#include <prorata/error.hpp>
#include <prorata/slots.hpp>

namespace prorata::cli {

namespace {

double largest_time(std::vector<double> const& loads, std::vector<double> const& weights) {
  return host::canonically([&] {
    double most = 0;
    for (std::size_t r = 0; r < loads.size(); ++r)
      if (loads[r] > 0) most = std::max(most, loads[r] / weights[r]);
    return most;
  });
}

/// Refuses shares beyond what --cap allows; `what` they are.
void require_caps(shares const& s, options const& o, partition_request const& request, char const* what) {
  double const most = s.loads.empty() ? 0 : *std::max_element(s.loads.begin(), s.loads.end());
  auto caps = o.cap.empty() ? std::vector<double>{} : parse_numbers(o.cap, "--cap");
  if (caps.size() == 1) caps.assign(s.loads.size(), caps.front());
  require(caps.empty() || caps.size() == s.loads.size(), "--cap has " + std::to_string(caps.size()) +
                                                             " numbers for " +
                                                             std::to_string(s.loads.size()) + " devices");
  for (std::size_t r = 0; r < caps.size(); ++r)
    if (s.loads[r] > caps[r])
      throw infeasible("rank " + std::to_string(r) + " would get " + shortest(s.loads[r]) + ' ' + what +
                       ", and --cap allows " + shortest(caps[r]) + "; the smallest cap that would do is " +
                       shortest(most) + " for every rank");
  for (std::size_t r = 0; r < request.room.size(); ++r)
    if (s.counts[r] > request.room[r])
      throw infeasible("rank " + std::to_string(r) + " would get " + std::to_string(s.counts[r]) +
                       " elements, and its --room holds " + std::to_string(request.room[r]) +
                       "; only contiguous shares are clipped and spread again");
}

shares counted(std::vector<index_t> counts, std::string rule) {
  shares s{std::move(counts), {}, 0, {}, {}, {}, std::move(rule)};
  for (index_t const c : s.counts) s.loads.push_back(static_cast<double>(c));
  return s;
}

shares in_turns(partition_request const& request, std::vector<double> const& weights, index_t block) {
  std::vector<index_t> counts;
  bool const equal = std::all_of(weights.begin(), weights.end(), [&](double w) { return w == weights[0]; });
  std::string const turn = block == 1 ? "element i" : "block i / " + std::to_string(block);
  if (equal) {
    block_cyclic const cycle(request.n, static_cast<int>(weights.size()), block);
    for (int r = 0; r < static_cast<int>(weights.size()); ++r) counts.push_back(cycle.size(r));
    return counted(std::move(counts), turn + " modulo " + std::to_string(weights.size()) + " is the rank");
  }
  weighted_cyclic const wheel(request.n, weights, block);
  for (int r = 0; r < wheel.ranks(); ++r) counts.push_back(wheel.size(r));
  return counted(std::move(counts), turn + " modulo " + std::to_string(wheel.wheel().size()) +
                                        " is a place of a weighted wheel");
}

shares hashed(partition_request const& request, std::vector<double> const& weights) {
  slot_table const table(weights);
  std::vector<index_t> slots;
  for (int r = 0; r < table.ranks(); ++r) slots.push_back(table.slots(r));
  std::vector<double> const as_weights(slots.begin(), slots.end());
  auto s = counted(apportion(request.n, as_weights, apportionment::hamilton),
                   "the top 16 bits of a key's hash pick a slot, and a table of slots the rank; counts are "
                   "those to be expected of n different keys");
  s.slots = std::move(slots);
  return s;
}

shares by_tasks(io::job_files& files, std::vector<double> const& weights, options const& o) {
  require(!o.costs.empty(), "plan --partition lpt: say what the tasks cost, with --costs FILE");
  element_costs const costs(files, o);
  auto const assigned = assign_tasks(costs.all(), weights);
  shares s{std::vector<index_t>(weights.size(), 0),
           assigned.loads,
           assigned.makespan,
           {},
           {},
           {},
           "each task, the costliest first, goes where it would be done soonest"};
  for (int const r : assigned.rank_of) ++s.counts[static_cast<std::size_t>(r)];
  return s;
}

shares in_ranges(io::job_files& files, partition_request const& request, std::vector<double> const& weights,
                 options const& o) {
  shares s;
  partition parts;
  if (o.costs.empty()) {
    parts = cuts_of(request.n, weights, o, request.granularity, request.room);
  } else {
    require(request.room.empty(), "plan: --room limits elements, which --costs does not; use --cap");
    auto cut = cut_by_costs(element_costs(files, o), weights, o, request.granularity);
    parts = std::move(cut.parts);
    s.loads = std::move(cut.loads);
    s.bottleneck = cut.bottleneck;
  }
  s.cuts = parts.cuts;
  s.rule = "rank r has the elements from cut r up to cut r + 1";
  for (int r = 0; r < parts.ranks(); ++r) s.counts.push_back(parts.size(r));
  if (s.loads.empty()) {
    s.loads.assign(s.counts.begin(), s.counts.end());
    s.bottleneck = largest_time(s.loads, weights);
  }
  return s;
}

}  // namespace

shares share_out(io::job_files& files, partition_request const& request, std::vector<double> const& weights,
                 options const& o) {
  if (request.kind == "contiguous") return in_ranges(files, request, weights, o);
  shares s;
  if (request.kind == "lpt") {
    s = by_tasks(files, weights, o);
  } else {
    require(o.costs.empty(), "plan: --costs decides contiguous and lpt partitions; " +
                                 io::printable(request.kind, 60) + " looks at places or keys alone");
    if (request.kind == "cyclic") {
      s = in_turns(request, weights, 1);
    } else if (request.kind == "block-cyclic") {
      s = in_turns(request, weights, request.block);
    } else if (request.kind == "hash") {
      s = hashed(request, weights);
    } else if (request.kind == "range") {
      require(o.inputs.size() == 1, "plan --partition range: name the file that holds the keys");
      s = share_by_value(input(files, o.inputs.front(), o), weights);
    } else {
      throw usage_error("--partition '" + io::printable(request.kind, 60) +
                        "': expected contiguous, cyclic, block-cyclic, hash, range or lpt");
    }
    s.bottleneck = largest_time(s.loads, weights);
  }
  require_caps(s, o, request, request.kind == "lpt" ? "of costs" : "elements");
  return s;
}

}  // namespace prorata::cli
