// Writing the timeline.
#include <host/cli/trace.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

void trace::add(int rank, char const* what, index_t begin, index_t end, clock::time_point from) {
  using us = std::chrono::duration<double, std::micro>;
  auto const now = clock::now();
  std::lock_guard const lock(mutex_);
  spans_.push_back({rank, what, begin, end, us(from - start_).count(), us(now - from).count()});
}

void trace::write(io::atomic_file& file, std::vector<std::string> const& names) const {
  nlohmann::json events = nlohmann::json::array();
  for (std::size_t rank = 0; rank < names.size(); ++rank)
    events.push_back(
        {{"ph", "M"}, {"pid", 1}, {"tid", rank}, {"name", "thread_name"}, {"args", {{"name", names[rank]}}}});
  for (auto const& s : spans_)
    events.push_back({{"ph", "X"},
                      {"pid", 1},
                      {"tid", s.rank},
                      {"name", s.what},
                      {"ts", s.from_us},
                      {"dur", s.length_us},
                      {"args", {{"begin", s.begin}, {"end", s.end}}}});
  std::string const text = nlohmann::json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}.dump();
  file.write(0, std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace prorata::cli
