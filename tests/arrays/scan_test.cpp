// inclusive_scan, exclusive_scan and their fused forms on any team: the bits of the order of scans.
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

/// The same by definition, with an operation of the model's own.
template <class F, class Op, class I>
auto modelled_scans(F f, Op op, I init) {
  return [=](index_t n) {
    auto const plain = model::scan(model::list(f, n), op);
    auto with = plain, exclusive = plain;
    for (std::size_t i = 0; i < plain.size(); ++i) {
      with[i] = op(init, plain[i]);
      exclusive[i] = i == 0 ? init : op(init, plain[i - 1]);
    }
    answer a;
    a.add("inclusive", plain), a.add("with an initial value", with), a.add("exclusive", exclusive);
    a.add("in place", plain);
    return a;
  };
}
auto const larger = [](double a, double b) {  // NaN where either is, +0 above −0
  return a != a || b != b                  ? std::numeric_limits<double>::quiet_NaN()
         : model::in_order<double>{}(a, b) ? b
                                           : a;
};

TYPED_TEST(arrays, scan_floats) {
  this->is_as(modelled_scans(scattered<float>{}, model::add, 0.25f),
              all_forms(scattered<float>{}, plus<float>{}, 0.25f));
  this->is_as(modelled_scans(repeated<double>{40}, larger, -3.0),
              all_forms(repeated<double>{40}, maximum<double>{}, -3.0));
}
#ifndef PRORATA_TEST_ONE_TYPE
TYPED_TEST(arrays, scan_integers) {
  auto const wrapping = [](std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  };
  this->is_as(modelled_scans(scattered<std::int32_t>{}, wrapping, 5),
              all_forms(scattered<std::int32_t>{}, plus<std::int32_t>{}, 5));
}
#endif
TYPED_TEST(arrays, scan_in_sequence) {
  this->is_as(modelled_scans(affine_at{}, composed{}, affine{3, 1}),
              all_forms(affine_at{}, composed{}, affine{3, 1}));
}
TYPED_TEST(arrays, scan_what_a_functor_makes) {
  auto const expected = [](index_t n) {
    std::vector<double> inclusive, exclusive;
    double so_far = 0;  // multiples of a half: exact in any order
    for (index_t i = 0; i < n; ++i) {
      exclusive.push_back(0.125 + so_far);
      inclusive.push_back(so_far += 0.5 * static_cast<double>(scattered<std::int32_t>{}(i)));
    }
    answer a;
    a.add("inclusive", inclusive), a.add("exclusive", exclusive);
    return a;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
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

/// Appending elements changes no earlier output: the model scans the longer array, the team its beginning.
TYPED_TEST(arrays, scan_prefixes_alike) {
  index_t const n = 40007, longer = 70001;
  auto const devices = TypeParam::devices();
  auto whole = model::scan(model::list(scattered<float>{}, longer), model::add);
  whole.resize(static_cast<std::size_t>(n));
  answer expected;
  expected.add("prefix", whole);
  for (partition const& cuts : splits_of(n, devices.ranks())) {
    auto y = made(devices, cuts, scattered<float>{});
    inclusive_scan(y, plus<float>{}, y);
    answer found;
    found.add("prefix", y);
    EXPECT_EQ(answer::difference(found, expected), "");
  }
}

}  // namespace
}  // namespace prorata::conformance
