// The table of reductions.
#include <host/dynamic/reductions.hpp>
#include <host/io/printable.hpp>

namespace prorata::dynamic {

std::span<named_reduction const> reductions() {
  static constexpr named_reduction table[] = {
      {.name = "sum", .inputs = 1, .has_exact = true, .has_wrap = true, .has_empty = true, .run = run_sum},
      {.name = "product", .inputs = 1, .has_empty = true, .run = run_product},
      {.name = "mean", .inputs = 1, .has_exact = true, .run = run_mean},
      {.name = "var", .inputs = 1, .has_exact = true, .has_ddof = true, .run = run_var},
      {.name = "std", .inputs = 1, .has_exact = true, .has_ddof = true, .run = run_std},
      {.name = "norm", .inputs = 1, .has_exact = true, .has_empty = true, .run = run_norm},
      {.name = "min", .inputs = 1, .run = run_min},
      {.name = "max", .inputs = 1, .run = run_max},
      {.name = "minmax", .inputs = 1, .run = run_minmax},
      {.name = "argmin", .inputs = 1, .run = run_argmin},
      {.name = "argmax", .inputs = 1, .run = run_argmax},
      {.name = "any", .inputs = 1, .has_empty = true, .run = run_any},
      {.name = "all", .inputs = 1, .has_empty = true, .run = run_all},
      {.name = "count", .inputs = 1, .has_empty = true, .run = run_count},
      {.name = "dot", .inputs = 2, .has_exact = true, .has_empty = true, .run = run_dot},
      {.name = "wmean", .inputs = 2, .has_exact = true, .run = run_wmean},
      {.name = "wvar", .inputs = 2, .run = run_wvar},
  };
  return table;
}

named_reduction const& statistics() {
  static constexpr named_reduction stats{
      .name = "stats", .inputs = 1, .has_wrap = true, .has_ddof = true, .run = run_stats};
  return stats;
}

named_reduction const& find_reduction(std::string const& name) {
  std::string names;
  for (auto const& r : reductions()) {
    if (name == r.name) return r;
    names += std::string(names.empty() ? "" : " ") + r.name;
  }
  throw usage_error("reduce: unknown operation '" + io::printable(name, 60) + "'; there are " + names);
}

}  // namespace prorata::dynamic
