// A page about a job: what it was asked, what it answered, and what each device did when.
#pragma once

#include <host/pictures/timeline.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace prorata::pictures {

/// What a page tells.
struct report_facts {
  std::vector<std::string> words;  ///< the command line
  nlohmann::json const& said;      ///< the object that --json prints: every number of the page is one of it
  timeline const& events;
  std::vector<std::string> devices;  ///< a row of the timeline each
  std::vector<double> weights;       ///< one each; or none
};

/// One page of HTML that is also well-formed XML: styles and pictures are in it, and it fetches nothing and runs
/// nothing. Dark where the reader's system is, and as wide as a phone where that is. Names and expressions are text,
/// whatever they contain.
///   size   bounded: 20 of a list, 64 devices, 400 steps a row
std::string html_page(report_facts const& facts);

}  // namespace prorata::pictures
