// Drawing: scales with round numbers, bars, and text that is safe inside XML.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <host/io/printable.hpp>
#include <host/pictures/histogram.hpp>
#include <limits>

namespace prorata::pictures {

namespace {

/// Neighbouring bins put together, so that at most `most` are left.
histogram coarser(histogram const& h, std::size_t most) {
  std::size_t const together = (h.heights.size() + most - 1) / most;
  if (together <= 1) return h;
  histogram c{h.title, {}, {}, h.even, h.what};
  for (std::size_t k = 0; k < h.heights.size(); k += together) {
    c.edges.push_back(h.edges[k]);
    double sum = 0;
    for (std::size_t j = k; j < std::min(k + together, h.heights.size()); ++j) sum += h.heights[j];
    c.heights.push_back(sum);
  }
  c.edges.push_back(h.edges.back());
  return c;
}

/// Round numbers from low to high, about `wanted` of them.
std::vector<double> ticks(double low, double high, int wanted) {
  std::vector<double> all;
  double const span = high - low;
  if (!(span > 0) || !std::isfinite(span)) return {low};
  double const rough = span / wanted, unit = std::pow(10.0, std::floor(std::log10(rough)));
  if (!(unit > 0) || !std::isfinite(unit)) return {low, high};
  double const step = rough <= unit       ? unit
                      : rough <= 2 * unit ? 2 * unit
                      : rough <= 5 * unit ? 5 * unit
                                          : 10 * unit;
  double const first = std::ceil(low / step), last = std::floor(high / step);
  if (last - first > 100) return {low, high};
  for (double k = first; k <= last; ++k) all.push_back(k == 0 ? 0 : k * step);
  return all;
}

constexpr char const* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

}  // namespace

std::string histogram::lines(int width, int rows, bool fine) const {
  auto const h = coarser(*this, static_cast<std::size_t>(std::max(rows, 1)));
  double const largest = std::max(0.0, *std::max_element(h.heights.begin(), h.heights.end()));
  std::vector<std::string> labels, numbers;
  std::size_t label_width = 0, number_width = 0;
  for (std::size_t k = 0; k < h.heights.size(); ++k) {
    bool const last = k + 1 == h.heights.size();
    labels.push_back(fmt::format("[{:.6g}, {:.6g}{}", h.edges[k], h.edges[k + 1], last ? ']' : ')'));
    numbers.push_back(fmt::format("{:.15g}", h.heights[k]));
    label_width = std::max(label_width, labels.back().size());
    number_width = std::max(number_width, numbers.back().size());
  }
  for (auto const& one : apart) {
    label_width = std::max(label_width, one.label.size());
    number_width = std::max(number_width, one.number.size());
  }
  int const room = std::max(8, width - static_cast<int>(label_width + number_width) - 6);
  std::string out;
  for (std::size_t k = 0; k < h.heights.size(); ++k) {
    double const share = largest > 0 ? std::max(0.0, h.heights[k]) / largest : 0;
    auto const eights = static_cast<int>(std::lround(share * room * 8));
    std::string bar;
    for (int j = 0; j < eights / 8; ++j) bar += fine ? "█" : "#";
    if (fine) bar += eighths[eights % 8];
    out += fmt::format("  {:<{}}  {:>{}}{}{}\n", labels[k], label_width, numbers[k], number_width,
                       bar.empty() ? "" : "  ", bar);
  }
  if (std::size_t const together = (heights.size() + h.heights.size() - 1) / h.heights.size(); together > 1)
    out += fmt::format("  each line is {} bins of {}\n", together, heights.size());
  for (auto const& one : apart)
    out += fmt::format("  {:<{}}  {:>{}}{}{}\n", one.label, label_width, one.number, number_width,
                       one.note.empty() ? "" : "  ", one.note);
  return out;
}

std::string histogram::svg() const {
  constexpr double width = 800, height = 480, left = 80, right = 20, top = 44, bottom = 52;
  auto h = coarser(*this, static_cast<std::size_t>(width - left - right));
  // bars that reach to infinity have no width to draw
  while (h.heights.size() > 1 && !std::isfinite(h.edges.front())) {
    h.edges.erase(h.edges.begin());
    h.heights.erase(h.heights.begin());
  }
  while (h.heights.size() > 1 && !std::isfinite(h.edges.back())) {
    h.edges.pop_back();
    h.heights.pop_back();
  }
  if (!h.even)
    for (std::size_t k = 0; k < h.heights.size(); ++k) {
      double const wide = h.edges[k + 1] - h.edges[k];
      h.heights[k] = wide > 0 && std::isfinite(wide) ? h.heights[k] / wide : 0;
    }
  double const from = h.edges.front(), to = h.edges.back(), span = to - from;
  auto const heights_of = std::minmax_element(h.heights.begin(), h.heights.end());
  double const least = std::min(0.0, *heights_of.first);
  double const most = *heights_of.second > least ? std::max(0.0, *heights_of.second) : least + 1;
  auto const x = [&](double v) {
    double const share = span > 0 && std::isfinite(span) ? (v - from) / span : 0;
    return left + std::clamp(share, 0.0, 1.0) * (width - left - right);
  };
  auto const y = [&](double v) {
    return height - bottom - (v - least) / (most - least) * (height - top - bottom);
  };

  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "<title>{2}</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<text x=\"{3}\" y=\"26\" font-size=\"15\">{2}</text>\n",
      width, height, io::xml_text(title), left);
  out += "<g stroke=\"#dddddd\">\n";
  auto const rises = ticks(least, most, 6);
  for (double const t : rises)
    out += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.2f}\" y2=\"{:.2f}\"/>\n", left, width - right, y(t),
                       y(t));
  out += "</g>\n<g fill=\"#4477aa\">\n";
  for (std::size_t k = 0; k < h.heights.size(); ++k) {
    double const a = x(h.edges[k]), b = x(h.edges[k + 1]), low = y(std::min(0.0, h.heights[k])),
                 high = y(std::max(0.0, h.heights[k]));
    if (low - high <= 0) continue;
    double const gap = b - a > 4 ? 1 : 0;
    out += fmt::format("<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"/>\n", a, high,
                       std::max(b - a - gap, 0.2), low - high);
  }
  out += fmt::format(
      "</g>\n<g stroke=\"black\">\n<line x1=\"{0}\" x2=\"{1}\" y1=\"{2:.2f}\" y2=\"{2:.2f}\"/>\n"
      "<line x1=\"{0}\" x2=\"{0}\" y1=\"{3}\" y2=\"{4}\"/>\n</g>\n",
      left, width - right, y(0), top, height - bottom);
  out += "<g text-anchor=\"middle\">\n";
  for (double const t : ticks(from, to, 8))
    out += fmt::format("<text x=\"{:.2f}\" y=\"{}\">{:.6g}</text>\n", x(t), height - bottom + 18, t);
  out += "</g>\n<g text-anchor=\"end\">\n";
  for (double const t : rises)
    out += fmt::format("<text x=\"{}\" y=\"{:.2f}\">{:.6g}</text>\n", left - 6, y(t) + 4, t);
  out += fmt::format(
      "</g>\n<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n"
      "<text transform=\"translate(18 {}) rotate(-90)\" text-anchor=\"middle\">{}{}</text>\n</svg>\n",
      (left + width - right) / 2, height - 12, "value", (top + height - bottom) / 2, io::xml_text(what),
      h.even ? "" : " per unit");
  return out;
}

}  // namespace prorata::pictures
