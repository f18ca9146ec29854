// Grouping: the aggregates of rows that threads took, of runs of records, or of both, in order of keys.
#include <cstring>
#include <host/grouping/grouping_of.hpp>

namespace prorata::host {

std::unique_ptr<grouping> grouping::make(group_plan const& plan) {
  if (plan.kind == addend::real) return grouping_of_values<addend::real>(plan);
  if (plan.kind == addend::signed_integer) return grouping_of_values<addend::signed_integer>(plan);
  return grouping_of_values<addend::unsigned_integer>(plan);
}

groups merge_groups(stream& s, group_plan const& plan, std::vector<record_run> runs) {
  groups made(grouping::make(plan));
  s.enqueue([&s, made, runs = std::move(runs)] {
    made.of().take_runs(runs);
    made.of().finish(s);
  });
  return made;
}

void read_records(stream& s, groups const& from, std::byte* out) {
  s.enqueue([from, out] {
    std::byte* to = out;
    for (auto const& bytes : from.of().record_bytes()) {
      if (bytes.empty()) continue;
      std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    }
  });
}

}  // namespace prorata::host
