// run_lengths and reduce_by_key on any team: the host's bits.
#include <prorata/reduce_by_key.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

/// Runs of 1 to 80 keys, and one of a third of the array.
struct key_at {
  index_t n;
  PRORATA_HD std::int32_t operator()(index_t i) const {
    if (i >= n / 4 && i < n / 4 + n / 3) return -1;
    return static_cast<std::int32_t>((i + i % 41 * (i % 3)) / 80);
  }
};
struct product {
  PRORATA_HD std::uint64_t operator()(std::uint64_t a, std::uint64_t b) const { return a * b; }
};
struct either {
  PRORATA_HD std::uint64_t operator()(std::uint64_t a, std::uint64_t b) const { return a ^ b; }
};

TYPED_TEST(arrays, run_lengths) {
  this->has_host_bits([](auto const& team, partition const& cuts) {
    answer a;
    auto const add = [&](auto const& found) {
      a.add("values", found.values), a.add("begins", found.begins), a.add("lengths", found.lengths);
    };
    add(run_lengths(made(team, cuts, key_at{cuts.n})));
    add(run_lengths(made(team, cuts, repeated<double>{6})));
    return a;
  });
}
TYPED_TEST(arrays, reduce_floats_by_key) {
  this->has_host_bits([](auto const& team, partition const& cuts) {
    auto const keys = made(team, cuts, key_at{cuts.n});
    answer a;
    auto const x = made(team, cuts, scattered<float>{});
    auto const sums = sum_by_key(keys, x);
    a.add("keys", sums.keys), a.add("sums", sums.values);
    auto const y = made(team, cuts, scattered<double>{});
    a.add("exact sums", exact_sum_by_key(keys, y).values);
    a.add("moments", reduce_by_key(keys, y, moments{}).values);
    return a;
  });
}
TYPED_TEST(arrays, reduce_integers_by_key) {
  this->has_host_bits([](auto const& team, partition const& cuts) {
    auto const keys = made(team, cuts, key_at{cuts.n});
    auto const x = made(team, cuts, scattered<std::uint64_t>{});
    answer a;
    a.add("folded", transform_reduce_by_key(keys, product{}, either{}, x, x).values);
    auto const y = made(team, cuts, affine_at{});
    a.add("in sequence", reduce_by_key(keys, y, in_sequence<affine>(composed{})).values);
    return a;
  });
}

}  // namespace
}  // namespace prorata::conformance
