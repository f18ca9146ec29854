// Tables for people and JSON for programs: plans and findings.
#pragma once

#include <functional>
#include <host/cli/session.hpp>
#include <host/dynamic/reductions.hpp>
#include <nlohmann/json_fwd.hpp>

namespace prorata::cli {

/// One object a rank: device, weight, begin, count, and load where elements have costs.
nlohmann::json plan_json(std::vector<device_spec> const& devices, std::vector<double> const& weights,
                         partition const& cuts, std::vector<double> const& loads = {});

/// What every command says of its job: op, plan, seconds, bytes, gb_per_s and what each device did, beside members of
/// its own. All processes ask together.
nlohmann::json job_json(session const& job, std::string const& op, nlohmann::json own);

/// The plan as a table on stdout.
void print_plan(std::vector<device_spec> const& devices, std::vector<double> const& weights,
                partition const& cuts, std::vector<double> const& loads = {});

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

/// Says what make() has to say of a job to --report, and on stdout with --json: whether it did that.
bool said_as_json(session& job, options const& o, std::function<nlohmann::json()> const& make);

/// "1 element", "5 elements".
std::string count_text(index_t count, std::string const& noun);

/// "1.00 GiB", "37 bytes".
std::string bytes_text(index_t bytes);

}  // namespace prorata::cli
