// Reading costs and caps.
#include <algorithm>
#include <host/cli/costs.hpp>
#include <host/cli/value_source.hpp>
#include <host/parallel.hpp>
#include <prorata/canonical.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

element_costs::element_costs(io::job_files& files, options const& o) {
  options as_named = o;  // --dtype and its like say what headerless files hold; a .npy file says so itself
  if (o.costs.ends_with(".npy")) as_named.dtype = as_named.shape = as_named.offset = "";
  file_ = std::make_unique<input>(files, o.costs, as_named);
  index_t const n = file_->count();
  file_->prepare(0, n);
  bool const aligned = reinterpret_cast<std::uintptr_t>(file_->data()) % alignof(double) == 0;
  if (file_->array().type == io::dtype::f64 && !file_->array().swapped && aligned) {
    values_ = {reinterpret_cast<double const*>(file_->data()), static_cast<std::size_t>(n)};
    return;
  }
  converted_.resize(static_cast<std::size_t>(n));
  constexpr index_t grain = 128 * tile;
  auto const source = value_source_of<double>(*file_);
  host::for_each_block((n + grain - 1) / grain, [&](index_t k) {
    index_t const first = k * grain;
    source->read(first, std::min(grain, n - first), converted_.data() + first);
  });
  values_ = converted_;
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

cost_partition cut_by_costs(element_costs const& costs, std::vector<double> const& weights, options const& o,
                            index_t granularity) {
  cost_options with{.caps = {}, .granularity = granularity, .normalised = false};
  with.caps = caps_of(o.cap, weights.size(), with.normalised);
  require(with.caps.empty() || with.caps.size() == weights.size(),
          "--cap has " + std::to_string(with.caps.size()) + " numbers for " + std::to_string(weights.size()) +
              " devices");
  return partition_by_costs(costs.values(), weights, with);
}

}  // namespace prorata::cli
