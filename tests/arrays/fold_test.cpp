// transform, reduce and what is made of them on any team: the host's bits.
#include <prorata/reduce.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

struct larger_magnitude {  // commutative and associative
  PRORATA_HD float operator()(float a, float b) const {
    float const x = a < 0 ? -a : a, y = b < 0 ? -b : b;
    return x < y || (x == y && a < b) ? b : a;
  }
};
struct scaled_sum {
  PRORATA_HD double operator()(float x, double y) const { return 3.0 * static_cast<double>(x) + y; }
};
struct negative {
  PRORATA_HD bool operator()(float x) const { return x < 0; }
};

TYPED_TEST(arrays, fold_floats) {
  this->has_host_bits([](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, scattered<float>{});
    auto const y = made(team, cuts, scattered<double>{});
    answer a;
    a.add("sums", std::vector<double>{sum(x), sum(y), exact_sum_of(x), exact_sum_of(y)});
    a.add("products", std::vector<double>{dot(y, y), exact_dot_of(y, y), norm(x)});
    a.add("counts", std::vector<index_t>{count_if(x, negative{}), any_of(x, negative{})});
    if (cuts.n == 0) return a;
    a.add("moments", std::vector<double>{mean(y), variance(x), weighted_mean(y, y)});
    a.add("extrema", std::vector<index_t>{argmin(x), argmax(y)});
    a.add("users", std::vector<float>{reduce(folding<float, larger_magnitude>{}, x)});
    return a;
  });
}
TYPED_TEST(arrays, fold_with_specials) {
  this->has_host_bits([](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, repeated<float>{3});  // zeros and infinity
    auto const y = made(team, cuts, repeated<double>{40});
    answer a;
    a.add("sums", std::vector<double>{sum(x), sum(y), exact_sum_of(y)});
    if (cuts.n > 0) a.add("extrema", std::vector<double>{min(x), max(x), min(y), max(y)});
    return a;
  });
}
TYPED_TEST(arrays, fold_in_sequence) {
  this->has_host_bits([](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, scattered<std::uint64_t>{});
    answer a;
    a.add("sum", std::vector<std::uint64_t>{reduce(plus<std::uint64_t>{}, x)});
    auto const y = made(team, cuts, affine_at{});
    if (cuts.n > 0) a.add("composed", std::vector{reduce(in_sequence<affine>(composed{}), y)});
    return a;
  });
}
TYPED_TEST(arrays, transform_two_at_once) {
  this->has_host_bits([](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, scattered<float>{});
    auto const y = made(team, cuts, scattered<double>{});
    auto out = made(team, cuts, scattered<double>{});
    transform(out, scaled_sum{}, x, y);
    answer a;
    a.add("transformed", out);
    return a;
  });
}

}  // namespace
}  // namespace prorata::conformance
