// transform, reduce and what is made of them on any team: the bits of the canonical order, exact sums, plain loops.
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
  auto const expected = [](index_t n) {
    auto const x = model::list(scattered<float>{}, n);
    auto const y = model::list(scattered<double>{}, n);
    std::vector<double> squares;
    std::vector<float> small_squares;
    for (double const v : y) squares.push_back(v * v);
    for (float const v : x) small_squares.push_back(v * v);
    answer a;
    a.add("sums", std::vector<double>{model::sum(x), model::sum(y), model::exact_sum(x).over<float>(1),
                                      model::exact_sum(y).over(1)});
    a.add("products", std::vector<double>{model::sum(squares), model::exact_squares(y),
                                          std::sqrt(model::sum(small_squares))});
    auto const below = std::count_if(x.begin(), x.end(), negative{});
    a.add("counts", std::vector<index_t>{below, below > 0});
    if (n == 0) return a;
    auto const count = static_cast<double>(n);
    // weights are the values: (Σ y²) / Σ y
    a.add("moments", std::vector<double>{model::sum(y) / count, model::spread_of(x).m2 / count,
                                         model::sum(squares) / model::sum(y)});
    a.add("extrema", std::vector<index_t>{std::min_element(x.begin(), x.end()) - x.begin(),
                                          std::max_element(y.begin(), y.end()) - y.begin()});
    a.add("users", std::vector<float>{std::accumulate(x.begin(), x.end(), x[0], larger_magnitude{})});
    return a;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
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

/// Extremes of x by a loop: NaN where there is one, and −0 below +0.
template <class T>
std::vector<double> extremes(std::vector<T> const& x) {
  auto const ordered = model::sorted(x);
  bool const nan = std::isnan(ordered.back());
  return {nan ? NAN : static_cast<double>(ordered.front()), nan ? NAN : static_cast<double>(ordered.back())};
}
TYPED_TEST(arrays, fold_with_specials) {
  auto const expected = [](index_t n) {
    auto const x = model::list(repeated<float>{3}, n);
    auto const y = model::list(repeated<double>{40}, n);
    bool const nan = std::any_of(y.begin(), y.end(), [](double v) { return std::isnan(v); });
    bool const infinite = std::any_of(y.begin(), y.end(), [](double v) { return std::isinf(v); });
    double const exact_of_y = nan        ? std::numeric_limits<double>::quiet_NaN()
                              : infinite ? std::numeric_limits<double>::infinity()
                                         : model::exact_sum(y).over(1);
    answer a;
    a.add("sums", std::vector<double>{model::sum(x), model::sum(y), exact_of_y});
    if (n == 0) return a;
    auto found = extremes(x);
    auto const more = extremes(y);
    found.insert(found.end(), more.begin(), more.end());
    a.add("extrema", found);
    return a;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, repeated<float>{3});  // zeros and infinity
    auto const y = made(team, cuts, repeated<double>{40});
    answer a;
    a.add("sums", std::vector<double>{sum(x), sum(y), exact_sum_of(y)});
    if (cuts.n > 0) a.add("extrema", std::vector<double>{min(x), max(x), min(y), max(y)});
    return a;
  });
}
TYPED_TEST(arrays, fold_in_sequence) {
  auto const expected = [](index_t n) {
    auto const x = model::list(scattered<std::uint64_t>{}, n);
    auto const y = model::list(affine_at{}, n);
    answer a;
    a.add("sum", std::vector<std::uint64_t>{std::accumulate(x.begin(), x.end(), std::uint64_t{0})});
    if (n > 0) a.add("composed", std::vector{std::accumulate(y.begin() + 1, y.end(), y[0], composed{})});
    return a;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, scattered<std::uint64_t>{});
    answer a;
    a.add("sum", std::vector<std::uint64_t>{reduce(plus<std::uint64_t>{}, x)});
    auto const y = made(team, cuts, affine_at{});
    if (cuts.n > 0) a.add("composed", std::vector{reduce(in_sequence<affine>(composed{}), y)});
    return a;
  });
}
struct quotient {
  template <class T>
  PRORATA_HD T operator()(T x, T y) const {
    return x / y;
  }
};
struct sorts_of_nothing {  // signs and payloads that no two processors agree on
  PRORATA_HD double operator()(index_t i) const {
    std::uint64_t const bits = (std::uint64_t{0xfff8000000000000} >> (i % 2)) + static_cast<std::uint64_t>(i);
    return std::bit_cast<double>(i % 3 == 0 ? bits | 0x7ff8000000000000 : std::uint64_t(i));
  }
};
struct far_away {
  PRORATA_HD float operator()(index_t i) const {
    float const x[] = {0.0f, -1.75f, 1e9f, -1e9f, 3e38f, -3e38f, 127.5f, 255.5f, 0.0f / 0.0f};
    return x[i % 9];
  }
};
struct spoil {
  PRORATA_HD void operator()(float& x) const { x = x / x; }
};
struct read_only {
  PRORATA_HD void operator()(float const&) const {}
};

TYPED_TEST(arrays, results_are_stored_alike_everywhere) {
  auto const one = [](double x) {
    return x == x ? x : std::bit_cast<double>(std::uint64_t{0x7ff8000000000000});
  };
  auto const ends = [](auto t) {
    using T = decltype(t);
    using limits = std::numeric_limits<T>;
    return [](float x) {
      return x != x                      ? T{}
             : x <= float(limits::min()) ? limits::min()
             : x >= float(limits::max()) ? limits::max()
                                         : static_cast<T>(x);
    };
  };
  auto const expected = [&](index_t n) {
    answer a;
    std::vector<double> generated, widened;
    std::vector<float> spoilt, nothing;
    std::vector<std::int8_t> bytes;
    std::vector<std::uint64_t> words;
    std::vector<std::int64_t> longs;
    auto const nan = std::bit_cast<float>(0x7fc00000u);
    for (index_t i = 0; i < n; ++i) {
      generated.push_back(one(sorts_of_nothing{}(i)));
      float const x = far_away{}(i);
      widened.push_back(one(static_cast<double>(x)));
      nothing.push_back(nan);
      spoilt.push_back(x != x || x == 0 ? nan : 1.0f);
      bytes.push_back(ends(std::int8_t{})(x));
      words.push_back(ends(std::uint64_t{})(x));
      longs.push_back(ends(std::int64_t{})(x));
    }
    a.add("generated", generated);
    a.add("zero over zero", nothing);
    a.add("widened", widened);
    a.add("bytes", bytes);
    a.add("words", words);
    a.add("longs", longs);
    a.add("in place", spoilt);
    return a;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
    using S = typename std::remove_cvref_t<decltype(team)>::stream_type;
    distributed_array<double, S> generated(team, cuts), widened(team, cuts);
    distributed_array<float, S> zeros(team, cuts), nothing(team, cuts);
    distributed_array<std::int8_t, S> bytes(team, cuts);
    distributed_array<std::uint64_t, S> words(team, cuts);
    distributed_array<std::int64_t, S> longs(team, cuts);
    auto x = made(team, cuts, far_away{});
    generate(generated, sorts_of_nothing{});
    fill(zeros, 0.0f);
    transform(nothing, quotient{}, zeros, zeros);
    transform(widened, identity{}, x);
    transform(bytes, identity{}, x);
    transform(words, identity{}, x);
    transform(longs, identity{}, x);
    for_each(x, spoil{});
    for_each(x, read_only{});
    answer a;
    a.add("generated", generated);
    a.add("zero over zero", nothing);
    a.add("widened", widened);
    a.add("bytes", bytes);
    a.add("words", words);
    a.add("longs", longs);
    a.add("in place", x);
    return a;
  });
}

TYPED_TEST(arrays, transform_two_at_once) {
  auto const expected = [](index_t n) {
    std::vector<double> out;
    for (index_t i = 0; i < n; ++i)
      out.push_back(3.0 * static_cast<double>(scattered<float>{}(i)) + scattered<double>{}(i));
    answer a;
    a.add("transformed", out);
    return a;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
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
