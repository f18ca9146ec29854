// inclusive_scan, exclusive_scan and their fused forms on any team: the host's bits.
#include <prorata/scan.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

struct halved {
  PRORATA_HD double operator()(std::int32_t x) const { return 0.5 * static_cast<double>(x); }
};

/// All forms of one scan, the last one in place.
template <class F, class Op, class I>
auto all_forms(F f, Op op, I init) {
  return [=](auto const& team, partition const& cuts) {
    auto x = made(team, cuts, f);
    auto out = made(team, cuts, f);
    answer a;
    inclusive_scan(out, op, x);
    a.add("inclusive", out);
    inclusive_scan(out, op, x, init);
    a.add("with an initial value", out);
    exclusive_scan(out, op, x, init);
    a.add("exclusive", out);
    inclusive_scan(x, op, x);
    a.add("in place", x);
    return a;
  };
}

TYPED_TEST(arrays, scan_floats) {
  this->has_host_bits(all_forms(scattered<float>{}, plus<float>{}, 0.25f));
  this->has_host_bits(all_forms(repeated<double>{40}, maximum<double>{}, -3.0));
}
TYPED_TEST(arrays, scan_integers) {
  this->has_host_bits(all_forms(scattered<std::int32_t>{}, plus<std::int32_t>{}, 5));
}
TYPED_TEST(arrays, scan_in_sequence) {
  this->has_host_bits(all_forms(affine_at{}, composed{}, affine{3, 1}));
}
TYPED_TEST(arrays, scan_what_a_functor_makes) {
  this->has_host_bits([](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, scattered<std::int32_t>{});
    auto out = made(team, cuts, scattered<double>{});
    answer a;
    transform_inclusive_scan(out, halved{}, plus<double>{}, x);
    a.add("inclusive", out);
    transform_exclusive_scan(out, halved{}, plus<double>{}, x, 0.125);
    a.add("exclusive", out);
    return a;
  });
}

/// Appending elements changes no earlier output: the host scans the longer array, the team its beginning.
TYPED_TEST(arrays, scan_prefixes_alike) {
  index_t const n = 40007, longer = 70001;
  team<typename TypeParam::stream_type> const devices(TypeParam::streams());
  std::vector<float> whole(static_cast<std::size_t>(longer)), prefix(static_cast<std::size_t>(n));
  auto const host = tests::make_team(1, 2);
  auto x = made(host, single(longer), scattered<float>{});
  inclusive_scan(x, plus<float>{}, x);
  copy_out(x, std::span<float>(whole));
  whole.resize(prefix.size());
  for (partition const& cuts : splits_of(n, devices.ranks())) {
    auto y = made(devices, cuts, scattered<float>{});
    inclusive_scan(y, plus<float>{}, y);
    copy_out(y, std::span<float>(prefix));
    EXPECT_EQ(std::memcmp(prefix.data(), whole.data(), prefix.size() * sizeof(float)), 0);
  }
}

}  // namespace
}  // namespace prorata::conformance
