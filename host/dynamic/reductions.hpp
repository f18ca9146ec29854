// Reductions of files by name: element types and operation are chosen at run time, from loops compiled once.
#pragma once

#include <host/dynamic/first_place.hpp>
#include <host/dynamic/number.hpp>
#include <host/run/chunked_run.hpp>
#include <host/run/gpu/fold.hpp>
#include <span>

namespace prorata::dynamic {

/// How a reduction is asked for.
struct reduce_options {
  bool exact = false;  ///< the correctly rounded result
  bool wrap = false;   ///< sums of integers modulo 2^64
  index_t ddof = 0;    ///< what variances divide by is n − ddof
};

/// One result, by name.
struct finding {
  std::string name;
  number value;
  bool is_place = false;  ///< an element's index, in C order
  std::string note{};     ///< what has to be said about the value
};
using answer = std::vector<finding>;

/// The arrays of a reduction, of one length.
using columns = std::span<io::file_column const* const>;

/// One reduction.
struct named_reduction {
  char const* name;
  int inputs;              ///< arrays it takes
  bool has_exact = false;  ///< takes reduce_options::exact
  bool has_wrap = false;   ///< takes reduce_options::wrap, of integers
  bool has_ddof = false;   ///< takes reduce_options::ddof
  bool has_empty = false;  ///< an empty array has a result
  /// Over the files of the run, out of core, on its threads and GPUs.
  ///   throws  overflow where an integer sum has no 64 bits; as chunked_run::fold
  ///   cost    one read of each file; two of what is asked for exactly in two sums, and of argmin and argmax
  ///           where the file is in Fortran order
  answer (*run)(host::chunked_run& run, columns in, reduce_options const& how);
};

/// Every reduction but statistics(), in the order of the help text.
std::span<named_reduction const> reductions();

/// Count, sum, mean, standard deviation, least and greatest elements and their places, in one pass.
named_reduction const& statistics();

/// By name.
///   throws  usage_error listing the names
named_reduction const& find_reduction(std::string const& name);

/// The reduction of what load(i) gives over all elements, on the run's threads and GPUs. n ≥ 1.
template <class R, class Load>
typename R::result_type fold_on(host::chunked_run& run, R const& reduction, Load const& load) {
  typename R::result_type result;
  run.fold(host::gpu_fold<R, Load>(reduction, load, run), &result);
  return result;
}

/// first_place as a finding.
inline finding place(char const* name, host::chunked_run& run, io::file_column const& column, index_t i) {
  return {name, static_cast<std::int64_t>(first_place(run, column, i)), true};
}

// One file each: their loops are compiled for twelve element types.
answer run_sum(host::chunked_run&, columns, reduce_options const&);
answer run_product(host::chunked_run&, columns, reduce_options const&);
answer run_mean(host::chunked_run&, columns, reduce_options const&);
answer run_norm(host::chunked_run&, columns, reduce_options const&);
answer run_min(host::chunked_run&, columns, reduce_options const&);
answer run_max(host::chunked_run&, columns, reduce_options const&);
answer run_minmax(host::chunked_run&, columns, reduce_options const&);
answer run_argmin(host::chunked_run&, columns, reduce_options const&);
answer run_argmax(host::chunked_run&, columns, reduce_options const&);
answer run_var(host::chunked_run&, columns, reduce_options const&);
answer run_std(host::chunked_run&, columns, reduce_options const&);
answer run_any(host::chunked_run&, columns, reduce_options const&);
answer run_all(host::chunked_run&, columns, reduce_options const&);
answer run_count(host::chunked_run&, columns, reduce_options const&);
answer run_dot(host::chunked_run&, columns, reduce_options const&);
answer run_wmean(host::chunked_run&, columns, reduce_options const&);
answer run_wvar(host::chunked_run&, columns, reduce_options const&);
answer run_stats(host::chunked_run&, columns, reduce_options const&);

}  // namespace prorata::dynamic
