// Reading caps, and cutting by what elements cost.
#include <algorithm>
#include <host/jobs/costs.hpp>
#include <host/jobs/launched.hpp>
#include <host/jobs/texts.hpp>
#include <prorata/error.hpp>

namespace prorata::jobs {

std::unique_ptr<input> open_costs(io::job_files& files, job_options const& o) {
  job_options as_named = o;  // a .npy file says itself what it holds
  if (o.costs.ends_with(".npy")) as_named.raw_inputs.reset();
  return std::make_unique<input>(files, o.costs, as_named);
}

namespace {

/// --cap as numbers: 4096 or 1e6,2e6; or 30% or 50%,25%,25%, which are fractions of the total.
std::vector<double> caps_of(std::string text, std::size_t ranks, bool& fractions) {
  fractions = text.find('%') != text.npos;
  if (fractions) {
    auto const numbers = static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) + 1;
    auto const signs = static_cast<std::size_t>(std::count(text.begin(), text.end(), '%'));
    require(signs == numbers, "--cap: write % after every number or after none");
    std::erase(text, '%');
  }
  std::vector<double> caps;
  if (!text.empty()) caps = parse_numbers(text, "--cap");
  if (fractions)
    for (double& c : caps) c /= 100;
  if (caps.size() == 1) caps.assign(ranks, caps.front());
  return caps;
}

}  // namespace

cost_partition cut_by_costs(dynamic::element_costs const& costs, std::vector<double> const& weights,
                            job_options const& o, index_t granularity) {
  cost_options with{.caps = {}, .granularity = granularity, .normalised = false};
  with.caps = caps_of(o.cap, weights.size(), with.normalised);
  require(with.caps.empty() || with.caps.size() == weights.size(),
          "--cap has " + std::to_string(with.caps.size()) + " numbers for " + std::to_string(weights.size()) +
              " devices");
  index_t const size = costs.bytes() / std::max<index_t>(costs.count(), 1);
  auto const shown = bar(o.progress, "costs", 2 * costs.bytes());
  auto const read = [&](index_t first, index_t n, double* to) {
    costs.read(first, n, to);
    shown->add(n * size);
  };
  auto cut = partition_by_costs(costs.count(), read, weights, with);
  costs.check_unchanged();
  return cut;
}

}  // namespace prorata::jobs
