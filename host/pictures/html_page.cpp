// Writing a job's page.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <host/io/printable.hpp>
#include <host/pictures/html_page.hpp>
#include <nlohmann/json.hpp>
#include <prorata/error.hpp>
#include <set>
#include <string_view>

namespace prorata::pictures {

namespace {

using nlohmann::json;

constexpr std::size_t most_rows = 64, most_items = 20, most_lines = 8;
constexpr int steps = 400;  // of a row of the timeline

constexpr char const* style = R"(
:root { color-scheme: light dark; --page: #f6f6f4; --card: #ffffff; --text: #1b1b1a; --soft: #5f5e5a; --line: #dcdbd6;
  --c0: #2a78d6; --c1: #1baf7a; --c2: #e0a100; --c3: #d0508f; --c4: #6a58d0; --c5: #e34948; --c6: #2f8f2f; --c7: #e8702a;
  --compute: #2a78d6; --read: #1baf7a; --write: #e0a100; --waiting: #a0523d; --idle: #e9e8e4; }
@media (prefers-color-scheme: dark) { :root { --page: #161615; --card: #20201f; --text: #f2f2ef; --soft: #b3b2aa; --line: #3a3a37;
  --c0: #4a93e8; --c1: #2bbd88; --c2: #d9a520; --c3: #e070a8; --c4: #9a8cf0; --c5: #ec6b6a; --c6: #55b055; --c7: #ef8a4c;
  --compute: #4a93e8; --read: #2bbd88; --write: #d9a520; --waiting: #c9795f; --idle: #2e2e2b; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 16px; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; }
h1 { font-size: 22px; margin: 4px 0 12px; overflow-wrap: anywhere; } h2 { font-size: 16px; margin: 0 0 8px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; margin: 0 0 14px; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.4 ui-monospace, monospace; }
p { margin: 6px 0; color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 0; }
.figures div { min-width: 80px; } .figures dt { color: var(--soft); font-size: 13px; }
.figures dd { margin: 0; font-size: 19px; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 14px 3px 0; text-align: right; white-space: nowrap; } th { color: var(--soft); font-weight: normal; }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 70px; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; vertical-align: top; } .facts td:first-child { color: var(--soft); }
.row { display: grid; grid-template-columns: minmax(56px, 130px) 1fr; gap: 10px; align-items: center; margin: 3px 0; }
.row > span { overflow-wrap: anywhere; font-size: 13px; } .row svg { width: 100%; height: 30px; display: block; }
.row .tall { height: 200px; border-left: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.scale { display: flex; justify-content: space-between; color: var(--soft); font-size: 12px; }
.stages { position: relative; height: 20px; } .stages div { position: absolute; top: 0; height: 20px; overflow: hidden; white-space: nowrap;
  text-overflow: ellipsis; font-size: 12px; padding-left: 4px; border-left: 2px solid var(--soft); }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 8px 0 0; font-size: 13px; }
.key span { overflow-wrap: anywhere; }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; }
.back { fill: var(--idle); } .compute { fill: var(--compute); } .read { fill: var(--read); } .write { fill: var(--write); } .waiting { fill: var(--waiting); }
polyline { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; } .weight { stroke-dasharray: 4 4; stroke-width: 1; }
.bar { display: flex; height: 18px; border-radius: 4px; overflow: hidden; background: var(--idle); margin: 0 0 10px; } .bar div { height: 18px; }
summary { cursor: pointer; color: var(--soft); } small { color: var(--soft); margin-left: 10px; font-size: 13px; }
#asked pre { margin-bottom: 10px; } .top { align-self: start; }
@media (max-width: 560px) { body { padding: 8px; } section { padding: 12px; } th, td { padding-right: 10px; font-size: 14px; }
  .row { grid-template-columns: 1fr; gap: 1px; margin: 6px 0; } .row > span:empty { display: none; } .scale span:nth-child(even) { display: none; } }
)";

/// A text of others in the page.
std::string text_of(std::string const& raw) { return io::xml_text(io::printable(raw, 4000)); }

std::string dumped(json const& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// A value as --json says it; the first ones of a list.
std::string value_text(json const& value) {
  if (value.is_string()) return text_of(value.get<std::string>());
  if (!value.is_array()) return text_of(dumped(value));
  std::string out;
  for (std::size_t k = 0; k < std::min(value.size(), most_items); ++k)
    out += (k > 0 ? ", " : "") + value_text(value[k]);
  return value.size() > most_items ? out + fmt::format(", … {} more", value.size() - most_items) : out;
}

/// How a shell reads the words as they are.
std::string shell_line(std::vector<std::string> const& words) {
  std::string line;
  for (auto const& word : words) {
    bool const plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
      constexpr std::string_view harmless = "-_./=:,+%@";
      return std::isalnum(static_cast<unsigned char>(c)) || harmless.find(c) != std::string_view::npos;
    });
    std::string quoted = word;
    if (!plain) {
      quoted = "'";
      for (char const c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
      quoted += "'";
    }
    line += (line.empty() ? "" : " ") + quoted;
  }
  return line;
}

class page {
 public:
  explicit page(report_facts const& facts) : facts_(facts) {}

  std::string text() {
    std::string const op = text_of(facts_.said.value("op", "job"));
    add("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta "
        "charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>prorata " +
        op + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n<main>\n<h1>prorata " + op +
        "</h1>\n");
    asked();
    answered();
    plan();
    time_line();
    devices();
    speeds();
    throughput();
    add("<section>\n<details><summary>What --json says of this run</summary>\n<pre id=\"json\">" +
        escaped_whole(dumped(facts_.said)) + "</pre></details>\n</section>\n");
    add(fmt::format("<p>prorata {}, order {}</p>\n</main>\n</body>\n</html>\n", version_string, order_name));
    return std::move(out_);
  }

 private:
  void add(std::string const& text) { out_ += text; }
  void begin(char const* id, char const* title) {
    add(fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n", id, title));
  }
  void end() { add("</section>\n"); }

  /// All of it: printable() would shorten it. JSON has no control characters.
  static std::string escaped_whole(std::string const& raw) {
    std::string out;
    for (std::size_t from = 0; from < raw.size(); ++from) {
      char const c = raw[from];
      out += c == '&'      ? "&amp;"
             : c == '<'    ? "&lt;"
             : c == '>'    ? "&gt;"
             : c == '\x7f' ? " "
                           : std::string(1, c);
    }
    return out;
  }

  json const* said(char const* name) const {
    auto const found = facts_.said.find(name);
    return found == facts_.said.end() ? nullptr : &*found;
  }

  void asked() {
    begin("asked", "Asked");
    add("<pre>" + text_of(shell_line(facts_.words)) + "</pre>\n<dl class=\"figures\">\n");
    for (auto const& [name, title] : {std::pair("n", "elements"),
                                      {"dtype", "type"},
                                      {"bytes", "bytes"},
                                      {"seconds", "seconds"},
                                      {"gb_per_s", "GB/s"}})
      if (auto const* value = said(name)) {
        bool const rounded = value->is_number_float();
        add(fmt::format("<div><dt>{}</dt><dd id=\"{}\">{}</dd></div>\n", title, name,
                        rounded ? fmt::format("{:.4g}", value->get<double>()) : value_text(*value)));
      }
    add("</dl>\n");
    end();
  }

  /// A row of the answer; of a finding, its value and then what is known of it.
  void fact(std::string const& name, json const& value) {
    if (value.is_object() && value.contains("value")) {
      std::string more;
      for (auto const& [key, inner] : value.items())
        if (key != "value") more += (more.empty() ? "" : ", ") + value_text(inner);
      add("<tr><td>" + text_of(name) + "</td><td>" + value_text(value["value"]) +
          (more.empty() ? "" : "<small>" + more + "</small>") + "</td></tr>\n");
      return;
    }
    if (value.is_object() && !value.empty()) {
      for (auto const& [key, inner] : value.items()) fact(name.empty() ? key : name + " " + key, inner);
      return;
    }
    add("<tr><td>" + text_of(name) + "</td><td>" + value_text(value) + "</td></tr>\n");
  }

  void answered() {
    static std::set<std::string> const elsewhere{"op",      "n",     "dtype",   "plan",
                                                 "devices", "bytes", "seconds", "gb_per_s"};
    begin("answer", "Answer");
    add("<table class=\"facts\">\n");
    bool any = false;
    for (auto const& [name, value] : facts_.said.items())
      if (!elsewhere.contains(name))
        fact(name == "result" && value.is_object() && !value.contains("value") ? "" : name, value),
            any = true;
    if (!any) add("<tr><td>its numbers are above</td></tr>\n");
    add("</table>\n");
    end();
  }

  static std::string color(std::size_t k) { return fmt::format("var(--c{})", k % most_lines); }

  void plan() {
    auto const* const all = said("plan");
    if (all == nullptr || all->empty()) return;
    begin("plan", "Plan");
    add("<div class=\"bar\">");
    for (std::size_t k = 0; k < std::min(all->size(), most_rows); ++k)
      add(fmt::format("<div style=\"width:{:.3f}%;background:{}\"></div>",
                      (*all)[k].value("share", 0.0) * 100, color(k)));
    add("</div>\n<div class=\"wide\"><table>\n<tr><th>device</th><th>weight</th><th>share</th><th>begin</th>"
        "<th>elements</th></tr>\n");
    for (std::size_t k = 0; k < std::min(all->size(), most_rows); ++k) {
      auto const& one = (*all)[k];
      add(fmt::format("<tr><td>{}</td><td>{:.6g}</td><td>{:.2f} %</td><td>{}</td><td>{}</td></tr>\n",
                      text_of(one.value("device", "")), one.value("weight", 0.0),
                      one.value("share", 0.0) * 100, one.value("begin", index_t{0}),
                      one.value("count", index_t{0})));
    }
    add("</table></div>\n");
    left_out(all->size());
    if (!facts_.events.speeds().empty())
      add("<p>Devices took chunks as they became free: these shares were first guesses of their "
          "speeds.</p>\n");
    end();
  }

  void left_out(std::size_t count) {
    if (count > most_rows) add(fmt::format("<p>{} more are not shown.</p>\n", count - most_rows));
  }

  void scale(double seconds) {
    add("<div class=\"row\"><span></span><div class=\"scale\">");
    for (int k = 0; k <= 4; ++k) add(fmt::format("<span>{:.3g} s</span>", seconds * k / 4));
    add("</div></div>\n");
  }

  /// What part of each step a device spent on what.
  using step_parts = std::array<double, 4>;  // compute, read, write, waiting
  std::vector<step_parts> parts_of(std::vector<device_span> const& row, double seconds) const {
    std::vector<step_parts> parts(steps);
    double const step = seconds / steps;
    for (auto const& span : row) {
      double const length = span.to - span.from;
      if (span.work == nullptr || !(length > 0)) continue;
      auto const& s = span.work->spent;
      double const read = s.reading / length, write = s.writing / length, waiting = s.waiting / length;
      step_parts const rates{std::max(0.0, 1 - read - write - waiting), read, write, waiting};
      double const sum = rates[0] + rates[1] + rates[2] + rates[3];
      auto const last = std::min(steps - 1, static_cast<int>(span.to / step));
      for (int k = std::clamp(static_cast<int>(span.from / step), 0, steps - 1); k <= last; ++k) {
        double const both = std::min(span.to, (k + 1) * step) - std::max(span.from, k * step);
        for (std::size_t j = 0; j < rates.size(); ++j)
          parts[static_cast<std::size_t>(k)][j] += std::max(0.0, both / step) * rates[j] / sum;
      }
    }
    return parts;
  }

  void row(std::string const& name, std::vector<device_span> const& spans, double seconds) {
    constexpr char const* kinds[] = {"compute", "read", "write", "waiting"};
    auto const parts = parts_of(spans, seconds);
    add("<div class=\"row\"><span>" + text_of(name) +
        fmt::format("</span><svg viewBox=\"0 0 {} 100\" preserveAspectRatio=\"none\" role=\"img\" "
                    "aria-label=\"what {} did\">"
                    "<rect class=\"back\" width=\"{}\" height=\"100\"/>",
                    steps, text_of(name), steps));
    std::vector<double> below(steps, 0.0);
    for (std::size_t kind = 0; kind < std::size(kinds); ++kind) {
      std::string path;
      for (std::size_t k = 0; k < parts.size();) {
        auto const edge = [&](std::size_t at) {
          return std::pair(std::lround(100 - 100 * std::min(1.0, below[at])),
                           std::lround(100 - 100 * std::min(1.0, below[at] + parts[at][kind])));
        };
        auto const [bottom, top] = edge(k);
        std::size_t last = k + 1;
        while (last < parts.size() && edge(last) == std::pair(bottom, top)) ++last;
        if (top < bottom) path += fmt::format("M{} {}H{}V{}H{}z", k, bottom, last, top, k);
        k = last;
      }
      if (!path.empty()) add(fmt::format("<path class=\"{}\" d=\"{}\"/>", kinds[kind], path));
      for (std::size_t k = 0; k < parts.size(); ++k) below[k] += parts[k][kind];
    }
    add("</svg></div>\n");
  }

  void time_line() {
    double const seconds = facts_.events.seconds();
    if (!(seconds > 0)) return;
    begin("timeline", "Timeline");
    add("<div class=\"row\"><span></span><div class=\"stages\">");
    auto const& stages = facts_.events.stages();
    for (std::size_t k = 0; k < std::min(stages.size(), most_rows); ++k)
      add(fmt::format("<div title=\"{0}\" style=\"left:{1:.3f}%;width:{2:.3f}%\">{0}</div>",
                      text_of(stages[k].name), stages[k].from / seconds * 100,
                      (stages[k].to - stages[k].from) / seconds * 100));
    add("</div></div>\n");
    bool const has_chunks = !facts_.events.chunks().empty();
    if (has_chunks) {
      auto const rows = rows_of(facts_.events, facts_.devices.size());
      for (std::size_t k = 0; k < std::min(rows.size(), most_rows); ++k)
        row(facts_.devices[k], rows[k], seconds);
    }
    scale(seconds);
    if (!has_chunks) {
      add("<p>This command works in the stages above on all its devices together; it says of none alone what "
          "it did.</p>\n");
      return end();
    }
    left_out(facts_.devices.size());
    add("<div class=\"key\">");
    for (auto const* kind : {"compute", "read", "write", "waiting", "idle"})
      add(fmt::format("<span><i style=\"background:var(--{0})\"></i>{0}</span>", kind));
    add("</div>\n<p>The height is the part of a device's threads. Read is until data lay in memory, write "
        "until the "
        "system had taken results, waiting for a turn on cores that several devices share; a device that "
        "pretends to be "
        "slower computes longer. Within a chunk, these are spread evenly.</p>\n");
    end();
  }

  void devices() {
    auto const* const all = said("devices");
    if (all == nullptr || all->empty()) return;
    begin("devices", "Devices");
    add("<div "
        "class=\"wide\"><table>\n<tr><th>device</th><th>weight</th><th>chunks</th><th>elements</th><th>of "
        "all</th>"
        "<th>busy s</th><th>elements/s</th><th>speed : weight</th></tr>\n");
    double elements = 0, speeds = 0, weights = 0;
    auto const speed_of = [](json const& d) {
      double const busy = d.value("busy_seconds", 0.0);
      return busy > 0 ? d.value("elements", 0.0) / busy : 0.0;
    };
    for (auto const& d : *all) {
      elements += d.value("elements", 0.0);
      if (speed_of(d) > 0) speeds += speed_of(d), weights += d.value("weight", 0.0);
    }
    for (std::size_t k = 0; k < std::min(all->size(), most_rows); ++k) {
      auto const& d = (*all)[k];
      double const speed = speed_of(d), weight = d.value("weight", 0.0);
      add(fmt::format(
          "<tr><td>{}{}</td><td>{:.6g}</td><td>{}</td><td>{}</td><td>{:.2f} %</td><td>{:.4g}</td><td>{}</td>"
          "<td>{}</td></tr>\n",
          text_of(d.value("name", "")), d.value("failed", false) ? " (failed)" : "", weight,
          d.value("chunks", index_t{0}), d.value("elements", index_t{0}),
          elements > 0 ? d.value("elements", 0.0) / elements * 100 : 0.0, d.value("busy_seconds", 0.0),
          speed > 0 ? fmt::format("{:.4g}", speed) : "–",
          speed > 0 && weight > 0 ? fmt::format("{:.2f}", speed / speeds / (weight / weights)) : "–"));
    }
    add("</table></div>\n");
    left_out(all->size());
    add("<p>speed : weight is 1 where a device is as fast, beside the others, as its weight says.</p>\n");
    end();
  }

  void speeds() {
    auto const& all = facts_.events.speeds();
    std::size_t const devices = facts_.weights.size();
    if (all.empty() || devices < 2) return;
    begin("speeds", "Speeds, as they were learned");
    double const seconds = facts_.events.seconds();
    std::size_t const lines = std::min(devices, most_lines);
    std::vector<std::string> paths(lines);
    double highest = 0;
    auto const shares = [&](std::vector<double> const& measured) {
      double known = 0, guessed = 0, sum = 0;
      for (std::size_t d = 0; d < devices; ++d)
        if (measured[d] > 0) known += measured[d], guessed += facts_.weights[d];
      std::vector<double> part(devices);
      for (std::size_t d = 0; d < devices; ++d) {
        part[d] = measured[d] > 0 ? measured[d] : facts_.weights[d] * (guessed > 0 ? known / guessed : 1);
        sum += part[d];
      }
      for (auto& p : part) highest = std::max(highest, p /= sum);
      return part;
    };
    auto const first = shares(std::vector<double>(devices, 0.0));
    struct point {
      double at;
      std::vector<double> part;
    };
    std::vector<std::vector<point>> runs;  // of each stage
    std::size_t k = 0;
    for (auto const& stage : facts_.events.stages()) {
      std::vector<double> measured(devices, 0.0);
      std::vector<point> run{{stage.from, first}};
      for (; k < all.size() && all[k].at <= stage.to; ++k) {
        measured[static_cast<std::size_t>(all[k].rank)] = all[k].value;
        bool const last = k + 1 == all.size() || all[k + 1].at > stage.to;
        if (last || all[k].at - run.back().at >= seconds / steps)
          run.push_back({all[k].at, shares(measured)});
      }
      if (run.size() < 2) continue;
      run.push_back({stage.to, run.back().part});
      runs.push_back(std::move(run));
    }
    add(fmt::format(
        "<div class=\"row\"><span class=\"top\">{:.0f} %</span><svg class=\"tall\" viewBox=\"0 0 1000 100\" "
        "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"shares of speed over time\">",
        std::min(100.0, highest * 105)));
    auto const y = [&](double part) { return 100 - part / std::min(1.0, highest * 1.05) * 100; };
    for (std::size_t d = 0; d < lines; ++d) {
      add(fmt::format("<polyline class=\"weight\" style=\"stroke:{}\" points=\"0,{:.2f} 1000,{:.2f}\"/>",
                      color(d), y(first[d]), y(first[d])));
      for (auto const& run : runs) {
        std::string points;
        double before = 0;
        for (std::size_t j = 0; j < run.size(); ++j) {
          double const x = run[j].at / seconds * 1000, now = y(run[j].part[d]);
          if (j > 0) points += fmt::format(" {:.1f},{:.2f}", x, before);
          points += fmt::format(" {:.1f},{:.2f}", x, now);
          before = now;
        }
        add(fmt::format("<polyline style=\"stroke:{}\" points=\"{}\"/>", color(d), points.substr(1)));
      }
    }
    add("</svg></div>\n");
    scale(seconds);
    add("<div class=\"key\">");
    for (std::size_t d = 0; d < lines; ++d)
      add(fmt::format("<span><i style=\"background:{}\"></i>{}</span>", color(d),
                      text_of(facts_.devices[d])));
    add("</div>\n<p>Each device's part of the speed of all. Dashed: what the weights said; each stage begins "
        "with that.");
    if (devices > lines) add(fmt::format(" {} more devices are not drawn.", devices - lines));
    add("</p>\n");
    end();
  }

  void throughput() {
    auto const* const speed = said("gb_per_s");
    if (speed == nullptr) return;
    begin("ceiling", "Against the machine");
    add(fmt::format(
        "<p>{:.4g} GB/s, of data read and written. No ceiling of memory or disk was measured in this run, so "
        "no "
        "part of one is given: it would take as long again as the job. bench/ measures what this machine "
        "copies and reads.</p>\n",
        speed->get<double>()));
    end();
  }

  report_facts const& facts_;
  std::string out_;
};

}  // namespace

std::string html_page(report_facts const& facts) { return page(facts).text(); }

}  // namespace prorata::pictures
