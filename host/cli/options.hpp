// Options of commands that read arrays.
#pragma once

#include <host/cli/print.hpp>
#include <host/jobs/options.hpp>
#include <string>
#include <vector>

namespace prorata::cli {

using namespace jobs;  // commands speak of nothing else

/// Those of jobs, and what goes in and comes out.
struct options : job_options {
  options() { words = noted_words(); }
  std::vector<std::string> inputs;
  std::string output;
  bool exact = false, json = false, raw = false;
};

}  // namespace prorata::cli
