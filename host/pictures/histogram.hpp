// Histograms as pictures: bars for a terminal, and a standalone SVG.
#pragma once

#include <string>
#include <vector>

namespace prorata::pictures {

/// What is drawn. Bars follow the edges; where these are not even, an area stands for a height.
struct histogram {
  std::string title;
  std::vector<double> edges;
  std::vector<double> heights;  ///< one a bin: its count, or the sum of its weights
  bool even = true;
  std::string what = "count";  ///< of the heights
  struct line {
    std::string label, number, note;
  };
  std::vector<line> apart{};  ///< lines without a bar: what lies in no bin

  /// One line a bar, at most `rows` of them: neighbouring bins share a line where there are more.
  ///   fine   eighths of a block, as Unicode has them; else '#'
  std::string lines(int width, int rows, bool fine) const;

  /// A picture of 800 × 480 with axes; all text is escaped.
  std::string svg() const;
};

}  // namespace prorata::pictures
