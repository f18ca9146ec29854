// Who gets what of an array: as a table for people, and as JSON for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <prorata/partition.hpp>
#include <string>
#include <vector>

namespace prorata::pictures {

/// The ranks of a job, and their shares.
struct plan {
  std::vector<std::string> devices;  ///< names
  std::vector<double> weights;
  partition cuts;
  std::vector<double> loads{};  ///< where elements have costs
};

/// One object a rank: device, weight, share, begin, count, and load where elements have costs.
nlohmann::json plan_json(plan const& of);

/// The same as lines of text.
std::string plan_table(plan const& of);

}  // namespace prorata::pictures
