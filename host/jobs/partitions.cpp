// Each way of sharing, and the caps it has to keep.
#include <algorithm>
#include <host/dynamic/number.hpp>
#include <host/io/printable.hpp>
#include <host/jobs/costs.hpp>
#include <host/jobs/partitions.hpp>
#include <host/jobs/texts.hpp>
#include <prorata/error.hpp>

namespace prorata::jobs {

using dynamic::shortest;

namespace {

/// Refuses shares beyond what --cap allows; `what` they are.
void require_caps(dynamic::shares const& s, job_options const& o, partition_request const& request,
                  char const* what) {
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

dynamic::shares in_ranges(io::job_files& files, partition_request const& request,
                          std::vector<double> const& weights, job_options const& o) {
  dynamic::shares s;
  partition parts;
  if (o.costs.empty()) {
    parts = cuts_of(request.n, weights, o, request.granularity, request.room);
  } else {
    require(request.room.empty(), "plan: --room limits elements, which --costs does not; use --cap");
    auto const file = open_costs(files, o);
    auto cut = cut_by_costs(dynamic::element_costs(*file), weights, o, request.granularity);
    parts = std::move(cut.parts);
    s.loads = std::move(cut.loads);
    s.bottleneck = cut.bottleneck;
  }
  s.cuts = parts.cuts;
  s.rule = "rank r has the elements from cut r up to cut r + 1";
  for (int r = 0; r < parts.ranks(); ++r) s.counts.push_back(parts.size(r));
  if (s.loads.empty()) {
    s.loads.assign(s.counts.begin(), s.counts.end());
    s.bottleneck = dynamic::largest_time(s.loads, weights);
  }
  return s;
}

}  // namespace

namespace {

constexpr std::pair<sharing, char const*> names[] = {{sharing::contiguous, "contiguous"},
                                                     {sharing::cyclic, "cyclic"},
                                                     {sharing::block_cyclic, "block-cyclic"},
                                                     {sharing::hash, "hash"},
                                                     {sharing::range, "range"},
                                                     {sharing::lpt, "lpt"}};

}  // namespace

sharing parse_sharing(std::string_view text) {
  for (auto const& [how, name] : names)
    if (text == name) return how;
  throw usage_error("--partition '" + io::printable(text, 60) +
                    "': expected contiguous, cyclic, block-cyclic, hash, range or lpt");
}
char const* name_of(sharing how) {
  return std::find_if(std::begin(names), std::end(names), [&](auto const& n) { return n.first == how; })
      ->second;
}

dynamic::shares share_out(io::job_files& files, partition_request const& request,
                          std::vector<double> const& weights, job_options const& o) {
  if (request.how == sharing::contiguous) return in_ranges(files, request, weights, o);
  dynamic::shares s;
  if (request.how == sharing::lpt) {
    require(!o.costs.empty(), "plan --partition lpt: say what the tasks cost, with --costs FILE");
    auto const file = open_costs(files, o);
    s = dynamic::shares_of_tasks(dynamic::element_costs(*file), weights);
  } else {
    require(o.costs.empty(), std::string("plan: --costs decides contiguous and lpt partitions; ") +
                                 name_of(request.how) + " looks at places or keys alone");
    if (request.how == sharing::hash) {
      s = dynamic::shares_by_hash(request.n, weights);
    } else if (request.how == sharing::range) {
      require(request.keys.size() == 1, "plan --partition range: name the file that holds the keys");
      s = dynamic::shares_by_value(input(files, request.keys.front(), o), weights);
    } else {
      s = dynamic::shares_in_turns(request.n, weights,
                                   request.how == sharing::cyclic ? index_t{1} : request.block);
    }
    s.bottleneck = dynamic::largest_time(s.loads, weights);
  }
  require_caps(s, o, request, request.how == sharing::lpt ? "of costs" : "elements");
  return s;
}

}  // namespace prorata::jobs
