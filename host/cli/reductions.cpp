// The table of reductions.
#include <host/cli/reductions.hpp>
#include <host/io/printable.hpp>

namespace prorata::cli {

std::span<named_reduction const> reductions() {
  static constexpr named_reduction table[] = {
      {"sum", 1, true, true, run_sum},         {"product", 1, false, true, run_product},
      {"mean", 1, true, false, run_mean},      {"var", 1, true, false, run_var},
      {"std", 1, true, false, run_std},        {"norm", 1, true, true, run_norm},
      {"min", 1, false, false, run_min},       {"max", 1, false, false, run_max},
      {"minmax", 1, false, false, run_minmax}, {"argmin", 1, false, false, run_argmin},
      {"argmax", 1, false, false, run_argmax}, {"any", 1, false, true, run_any},
      {"all", 1, false, true, run_all},        {"count", 1, false, true, run_count},
      {"dot", 2, true, true, run_dot},         {"wmean", 2, true, false, run_wmean},
      {"wvar", 2, false, false, run_wvar},
  };
  return table;
}

named_reduction const& find_reduction(std::string const& name) {
  std::string names;
  for (auto const& r : reductions()) {
    if (name == r.name) return r;
    names += std::string(names.empty() ? "" : " ") + r.name;
  }
  throw usage_error("reduce: unknown operation '" + io::printable(name, 60) + "'; there are " + names);
}

}  // namespace prorata::cli
