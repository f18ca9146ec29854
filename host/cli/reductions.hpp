// The reductions that `prorata reduce` and `stats` offer, by name.
#pragma once

#include <host/cli/answer.hpp>
#include <host/cli/inputs.hpp>
#include <host/cli/session.hpp>
#include <span>

namespace prorata::cli {

/// One reduction of the command line.
struct named_reduction {
  char const* name;
  int inputs;      ///< arrays it takes
  bool has_exact;  ///< --exact gives the correctly rounded result
  bool has_empty;  ///< an empty array has a result
  answer (*run)(session& job, std::span<std::unique_ptr<input> const> in, bool exact, index_t ddof);
};

/// Every reduction, in the order of the help text.
std::span<named_reduction const> reductions();

/// By name.
///   throws  usage_error listing the names
named_reduction const& find_reduction(std::string const& name);

// One file each: their loops are compiled for twelve element types.
answer run_sum(session&, std::span<std::unique_ptr<input> const>, bool exact, index_t);
answer run_product(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_mean(session&, std::span<std::unique_ptr<input> const>, bool exact, index_t);
answer run_norm(session&, std::span<std::unique_ptr<input> const>, bool exact, index_t);
answer run_min(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_max(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_minmax(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_argmin(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_argmax(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_var(session&, std::span<std::unique_ptr<input> const>, bool, index_t ddof);
answer run_std(session&, std::span<std::unique_ptr<input> const>, bool, index_t ddof);
answer run_any(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_all(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_count(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_dot(session&, std::span<std::unique_ptr<input> const>, bool exact, index_t);
answer run_wmean(session&, std::span<std::unique_ptr<input> const>, bool exact, index_t);
answer run_wvar(session&, std::span<std::unique_ptr<input> const>, bool, index_t);
answer run_stats(session&, std::span<std::unique_ptr<input> const>, bool, index_t ddof);

}  // namespace prorata::cli
