// Collecting events, and writing them as a trace.
#include <algorithm>
#include <host/pictures/timeline.hpp>
#include <nlohmann/json.hpp>
#include <utility>

namespace prorata::pictures {

void timeline::begins(std::string name, index_t bytes) {
  ends();
  double const now = since_start(clock::now());
  std::lock_guard const lock(mutex_);
  stages_.push_back({std::move(name), now, now, bytes});
  stage_is_open_ = true;
}

void timeline::ends() {
  std::lock_guard const lock(mutex_);
  if (std::exchange(stage_is_open_, false)) stages_.back().to = since_start(clock::now());
}

void timeline::add(int rank, char const* what, index_t begin, index_t end, clock::time_point from,
                   host::time_spent const& spent) {
  double const now = since_start(clock::now());
  std::lock_guard const lock(mutex_);
  chunks_.push_back({rank, what, begin, end, since_start(from), now, spent});
}

void timeline::measured(int rank, double elements_per_second) {
  double const now = since_start(clock::now());
  std::lock_guard const lock(mutex_);
  speeds_.push_back({rank, now, elements_per_second});
}

double timeline::seconds() const {
  double last = 0;
  for (auto const& s : stages_) last = std::max(last, s.to);
  for (auto const& c : chunks_) last = std::max(last, c.to);
  return last;
}

namespace {

/// A row with the gaps in it.
std::vector<device_span> with_gaps(std::vector<device_span> row, std::vector<timeline::stage> const& stages) {
  std::sort(row.begin(), row.end(), [](auto const& a, auto const& b) { return a.from < b.from; });
  std::vector<device_span> gaps;
  std::size_t k = 0;
  for (auto const& stage : stages) {
    double at = stage.from;
    while (k < row.size() && row[k].to <= stage.from) ++k;
    for (; k < row.size() && row[k].from < stage.to; ++k) {
      if (row[k].from > at) gaps.push_back({at, row[k].from, nullptr});
      at = std::max(at, row[k].to);
    }
    if (at < stage.to) gaps.push_back({at, stage.to, nullptr});
  }
  std::vector<device_span> all;
  std::merge(row.begin(), row.end(), gaps.begin(), gaps.end(), std::back_inserter(all),
             [](auto const& a, auto const& b) { return a.from < b.from; });
  return all;
}

}  // namespace

std::vector<std::vector<device_span>> rows_of(timeline const& events, std::size_t devices) {
  std::vector<std::vector<device_span>> rows(devices);
  for (auto const& c : events.chunks()) rows[static_cast<std::size_t>(c.rank)].push_back({c.from, c.to, &c});
  for (auto& row : rows) row = with_gaps(std::move(row), events.stages());
  return rows;
}

namespace {

using nlohmann::json;

json slice(int row, std::string const& name, double from, double to, json args) {
  return {{"ph", "X"},
          {"pid", 1},
          {"tid", row},
          {"name", name},
          {"ts", from * 1e6},
          {"dur", std::max(0.0, to - from) * 1e6},
          {"args", std::move(args)}};
}

json row_name(int row, std::string const& name) {
  return {{"ph", "M"}, {"pid", 1}, {"tid", row}, {"name", "thread_name"}, {"args", {{"name", name}}}};
}

}  // namespace

std::string trace_text(timeline const& events, std::vector<std::string> const& devices) {
  json all = json::array();
  auto const rows = rows_of(events, devices.size());
  auto const stages_row = static_cast<int>(devices.size());
  for (int rank = 0; rank < stages_row; ++rank) {
    all.push_back(row_name(rank, devices[static_cast<std::size_t>(rank)]));
    for (auto const& span : rows[static_cast<std::size_t>(rank)]) {
      if (span.work == nullptr) {
        all.push_back(slice(rank, "idle", span.from, span.to, json::object()));
        continue;
      }
      auto const& c = *span.work;
      all.push_back(slice(rank, c.what, c.from, c.to, {{"begin", c.begin}, {"end", c.end}}));
      double at = c.from;
      double const computing =
          std::max(0.0, c.to - c.from - c.spent.waiting - c.spent.reading - c.spent.writing);
      for (auto const& [name, length] : {std::pair("waiting", c.spent.waiting),
                                         {"read", c.spent.reading},
                                         {"compute", computing},
                                         {"write", c.spent.writing}}) {
        double const end = std::min(at + length, c.to);
        if (end > at) all.push_back(slice(rank, name, at, end, json::object()));
        at = end;
      }
    }
  }
  all.push_back(row_name(stages_row, "stages"));
  for (auto const& s : events.stages())
    all.push_back(slice(stages_row, s.name, s.from, s.to, {{"bytes", s.bytes}}));
  return json{{"traceEvents", std::move(all)}, {"displayTimeUnit", "ms"}}.dump();
}

}  // namespace prorata::pictures
