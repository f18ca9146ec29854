// Reading costs a block at a time, and refusing those that are none.
#include <algorithm>
#include <host/dynamic/element_costs.hpp>
#include <host/dynamic/number.hpp>
#include <host/io/decoded.hpp>
#include <host/io/printable.hpp>
#include <host/parallel.hpp>
#include <limits>
#include <prorata/error.hpp>

namespace prorata::dynamic {

namespace {
constexpr index_t at_once = 1024;  // costs that are read

bool is_cost(double x) { return x >= 0 && x <= std::numeric_limits<double>::max(); }
}  // namespace

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
      throw input_error(io::printable(file_.array().path) + ": cost " +
                        std::to_string(first + (bad - costs)) + " is " + shortest(number(*bad)) +
                        "; costs are finite and not negative");
  }
  check_unchanged();
  throw input_error(io::printable(file_.array().path) + ": it was changed while it was read");
}

void element_costs::read_unchecked(index_t first, index_t n, double* to) const {
  require(n <= at_once, "costs are read 1024 at a time");
  auto const& array = file_.array();
  io::visit(array.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T elements[at_once];
    std::span const bytes(reinterpret_cast<std::byte*>(elements), static_cast<std::size_t>(n) * sizeof(T));
    file_.file().read(array.data_offset + first * static_cast<index_t>(sizeof(T)), bytes);
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

}  // namespace prorata::dynamic
