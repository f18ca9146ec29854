// unique, with counts, first indices and the inverse, on any team: the host's bits.
#include <prorata/unique.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

template <class F>
auto all_distinct(F f) {
  return [=](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, f);
    answer a;
    a.add("unique", unique(x));
    auto const counted = unique_counts(x);
    a.add("counted", counted.values), a.add("lengths", counted.lengths);
    auto const all = unique_all(x);
    a.add("values", all.values), a.add("counts", all.counts);
    a.add("first", all.first), a.add("inverse", all.inverse);
    return a;
  };
}

TYPED_TEST(arrays, distinct_floats) {
  this->has_host_bits(all_distinct(repeated<float>{5000}));
  this->has_host_bits(all_distinct(repeated<float>{6}));
}
TYPED_TEST(arrays, distinct_integers) { this->has_host_bits(all_distinct(scattered<std::uint64_t>{})); }

}  // namespace
}  // namespace prorata::conformance
