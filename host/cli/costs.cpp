// Reading costs and caps.
#include <algorithm>
#include <host/cli/costs.hpp>
#include <host/cli/number_json.hpp>
#include <host/cli/progress.hpp>
#include <host/io/printable.hpp>
#include <host/parallel.hpp>
#include <host/run/gpu/elements.hpp>
#include <limits>
#include <prorata/error.hpp>

namespace prorata::cli {

namespace {
constexpr index_t at_once = 1024;  // costs that are read

bool is_cost(double x) { return x >= 0 && x <= std::numeric_limits<double>::max(); }
}  // namespace

element_costs::element_costs(io::job_files& files, options const& o) {
  options as_named = o;  // --dtype and its like say what headerless files hold; a .npy file says so itself
  if (o.costs.ends_with(".npy")) as_named.dtype = as_named.shape = as_named.offset = "";
  file_ = std::make_unique<input>(files, o.costs, as_named);
}

void element_costs::read(index_t first, index_t n, double* to) const {
  read_unchecked(first, n, to);
  if (!std::all_of(to, to + n, is_cost)) refuse_first_below(first + n);
}

void element_costs::refuse_first_below(index_t end) const {
  double costs[at_once];
  for (index_t first = 0; first < end; first += at_once) {
    index_t const n = std::min(at_once, end - first);
    read_unchecked(first, n, costs);
    auto const* const bad = std::find_if_not(costs, costs + n, is_cost);
    if (bad != costs + n)
      throw input_error(io::printable(file_->array().path) + ": cost " +
                        std::to_string(first + (bad - costs)) + " is " + shortest(number(*bad)) +
                        "; costs are finite and not negative");
  }
  check_unchanged();
  throw input_error(io::printable(file_->array().path) + ": it was changed while it was read");
}

void element_costs::read_unchecked(index_t first, index_t n, double* to) const {
  require(n <= at_once, "costs are read 1024 at a time");
  auto const& array = file_->array();
  io::visit(array.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T elements[at_once];
    std::span const bytes(reinterpret_cast<std::byte*>(elements), static_cast<std::size_t>(n) * sizeof(T));
    file_->file().read(array.data_offset + first * static_cast<index_t>(sizeof(T)), bytes);
    if (array.swapped) io::swap_bytes(bytes.data(), n, sizeof(T));
    for (index_t i = 0; i < n; ++i) to[i] = static_cast<double>(io::value_of(elements[i]));
    return 0;
  });
}

std::vector<double> element_costs::all() const {
  std::vector<double> values(static_cast<std::size_t>(count()));
  host::for_each_block((count() + at_once - 1) / at_once, [&](index_t k) {
    read(k * at_once, std::min(at_once, count() - k * at_once), values.data() + k * at_once);
  });
  check_unchanged();
  return values;
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
  index_t const size = costs.bytes() / std::max<index_t>(costs.count(), 1);
  progress bar(o.progress, "costs", 2 * costs.bytes());
  auto const read = [&](index_t first, index_t n, double* to) {
    costs.read(first, n, to);
    bar.add(n * size);
  };
  auto cut = partition_by_costs(costs.count(), read, weights, with);
  costs.check_unchanged();
  return cut;
}

}  // namespace prorata::cli
