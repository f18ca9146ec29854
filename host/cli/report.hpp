// Tables for people and JSON for programs: plans and findings.
#pragma once

#include <functional>
#include <host/cli/options.hpp>
#include <host/dynamic/number.hpp>
#include <host/dynamic/reductions.hpp>
#include <host/jobs/facts.hpp>
#include <host/pictures/amounts.hpp>
#include <host/pictures/number_json.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace prorata::cli {

using dynamic::number;
using dynamic::number_at;
using dynamic::shortest;
using pictures::bytes_text;
using pictures::count_text;
using pictures::json_of;
using pictures::json_value;

/// Prints what a job found: one JSON object with --json, else the plan, the findings and the speed. Writes --report.
void report(session& job, options const& o, std::string const& operation, input const& first,
            dynamic::answer const& found);

/// One JSON object on stdout, whose lists are printed as they are made: a list of a million numbers would take
/// hundreds of megabytes as a document.
class printed_object {
 public:
  printed_object();
  /// "name": [element(0), element(1), …], n of them, each as nlohmann::json.
  void list(char const* name, index_t n, std::function<nlohmann::json(index_t)> const& element) const;
  /// The other members, of which there is at least one; ends the object.
  void finish(nlohmann::json const& others) const;
};

/// The object with a list of n as --report shows it: the first ones, and how many there are.
nlohmann::json with_list(nlohmann::json object, char const* name, index_t n,
                         std::function<nlohmann::json(index_t)> const& element);

/// Whether somebody wants what --json says: --json itself, or --report.
inline bool is_described(session const& job, options const& o) { return o.json || job.has_page(); }

/// Says what make() has to say of a job to --report, and on stdout with --json: whether it did that.
bool said_as_json(session& job, options const& o, std::function<nlohmann::json()> const& make);

}  // namespace prorata::cli
