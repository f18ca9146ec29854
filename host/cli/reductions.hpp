// The reductions that `prorata reduce` and `stats` offer, by name.
#pragma once

#include <host/cli/answer.hpp>
#include <host/cli/inputs.hpp>
#include <host/cli/session.hpp>
#include <span>

namespace prorata::cli {

/// How a reduction is asked for.
struct reduce_options {
  bool exact = false;  ///< the correctly rounded result
  bool wrap = false;   ///< sums of integers modulo 2^64
  index_t ddof = 0;    ///< what variances divide by is n − ddof
};

/// One reduction of the command line.
struct named_reduction {
  char const* name;
  int inputs;      ///< arrays it takes
  bool has_exact;  ///< --exact gives the correctly rounded result
  bool has_empty;  ///< an empty array has a result
  answer (*run)(session& job, std::span<std::unique_ptr<input> const> in, reduce_options const& how);
};

/// Every reduction, in the order of the help text.
std::span<named_reduction const> reductions();

/// By name.
///   throws  usage_error listing the names
named_reduction const& find_reduction(std::string const& name);

// One file each: their loops are compiled for twelve element types.
answer run_sum(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_product(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_mean(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_norm(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_min(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_max(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_minmax(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_argmin(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_argmax(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_var(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_std(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_any(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_all(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_count(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_dot(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_wmean(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_wvar(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);
answer run_stats(session&, std::span<std::unique_ptr<input> const>, reduce_options const&);

}  // namespace prorata::cli
