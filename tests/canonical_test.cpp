// The canonical order against its definition: iterated pairwise folding, written as the paper says it.
#include <gtest/gtest.h>

#include <host/warp.hpp>
#include <prorata/extrema.hpp>
#include <prorata/reductions.hpp>
#include <random>
#include <string>
#include <tests/sanitizers.hpp>
#include <vector>

namespace {

using namespace prorata;

/// A value that remembers how it was made: equal strings mean the same tree.
struct expression {
  std::string text;
};
struct join_text {
  using value_type = expression;
  static constexpr bool order_free = false;
  expression operator()(expression const& a, expression const& b) const {
    return {"(" + a.text + " " + b.text + ")"};
  }
};
/// The same with counts: each operand must be told its true number of elements.
struct counting_state {
  index_t elements;
  double value;
};
struct counting {
  using value_type = counting_state;
  static constexpr bool order_free = false;
  counting_state operator()(counting_state const& a, counting_state const& b, index_t in_a,
                            index_t in_b) const {
    EXPECT_EQ(a.elements, in_a);
    EXPECT_EQ(b.elements, in_b);
    return {a.elements + b.elements, a.value + b.value};
  }
};

template <class Op>
typename Op::value_type pairwise(std::vector<typename Op::value_type> v, Op op) {
  while (v.size() > 1) {
    std::vector<typename Op::value_type> next;
    for (std::size_t i = 0; i + 1 < v.size(); i += 2) next.push_back(op(v[i], v[i + 1]));
    if (v.size() % 2) next.push_back(v.back());
    v = next;
  }
  return v.front();
}

/// P4016R0 by the letter: fold each lane pairwise, then the lanes.
template <index_t L, class Op>
typename Op::value_type by_definition(std::vector<typename Op::value_type> const& x, Op op) {
  std::vector<typename Op::value_type> lanes;
  for (index_t lane = 0; lane < L; ++lane) {
    std::vector<typename Op::value_type> column;
    for (std::size_t i = lane; i < x.size(); i += L) column.push_back(x[i]);
    if (!column.empty()) lanes.push_back(pairwise(column, op));
  }
  return pairwise(lanes, op);
}

template <class T>
struct from {
  T const* data;
  T operator()(index_t i) const { return data[i]; }
};

template <index_t L, class Op, class T>
T by_forest(std::vector<T> const& x, Op op) {
  forest<host::warp<L>, Op> f(op, static_cast<index_t>(x.size()), 0);
  f.take(from<T>{x.data()}, static_cast<index_t>(x.size()));
  return f.result();
}

template <index_t L>
void same_tree(index_t n) {
  std::vector<expression> x;
  for (index_t i = 0; i < n; ++i) x.push_back({std::to_string(i)});
  EXPECT_EQ((by_forest<L, join_text>(x, {}).text), by_definition<L>(x, join_text{}).text)
      << "L=" << L << " n=" << n;
}

TEST(Canonical, BuildsTheTreeOfThePaper) {
  for (index_t n = 1; n <= 300; ++n) {
    same_tree<1>(n);
    same_tree<4>(n);
    same_tree<16>(n);
    same_tree<32>(n);
  }
  for (index_t n : {511, 512, 513, 1023, 1024, 1025, 2047, 2049, 3333}) {
    same_tree<1>(n);
    same_tree<16>(n);
    same_tree<32>(n);
    same_tree<128>(n);
  }
}

TEST(Canonical, TellsCountedOperationsTheTrueCounts) {
  for (index_t n = 1; n <= 2200; n += n < 140 ? 1 : 61) {
    std::vector<counting_state> x(static_cast<std::size_t>(n), {1, 1.0});
    EXPECT_EQ((by_forest<32>(x, counting{}).elements), n);
    EXPECT_EQ((by_forest<1>(x, counting{}).elements), n);
  }
}

/// The published values of P4016R0 for a million elements of its generator.
std::vector<double> paper_data() {
  std::vector<double> x(1000000);
  std::uint64_t s = 0x243F6A8885A308D3;
  for (auto& v : x) {
    s = s * 6364136223846793005u + 1442695040888963407u;
    v = (static_cast<double>(s >> 11) - 0x1p52) / 0x1p52;
  }
  return x;
}

TEST(Canonical, ReproducesThePublishedGoldenValues) {
  auto const x = paper_data();
  EXPECT_EQ(std::bit_cast<std::uint64_t>(by_forest<16>(x, plus<double>{})), 0x40618f71f6379380u);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(by_forest<128>(x, plus<double>{})), 0x40618f71f6379397u);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(by_forest<32>(x, plus<double>{})), 0x40618f71f6379388u);
}

TEST(Canonical, CoversRowsWithMaximalAlignedNodes) {
  for (index_t first = 0; first < 70; ++first) {
    for (index_t last = first; last < 140; ++last) {
      int count = 0;
      index_t row = first;
      while (row < last) {
        int const level = aligned_level(row, last);
        index_t const size = index_t{1} << level;
        EXPECT_EQ(row % size, 0);
        EXPECT_LE(row + size, last);
        EXPECT_TRUE(row % (2 * size) != 0 || row + 2 * size > last) << "a larger node fits";
        row += size;
        ++count;
      }
      EXPECT_EQ(node_count(first, last), count);
    }
  }
  EXPECT_EQ(aligned_level(0, index_t{1} << 58), 58);
}

TEST(Canonical, CountsWhatIsPresentInALane) {
  for (index_t n : {0, 1, 3, 4, 5, 9, 16, 31})
    for (index_t lane = 0; lane < 4; ++lane)
      for (index_t first = 0; first < 9; ++first)
        for (index_t last = first; last < 10; ++last) {
          index_t count = 0;
          for (index_t row = first; row < last; ++row) count += row * 4 + lane < n;
          ASSERT_EQ(present<4>(n, lane, first, last), count)
              << n << ' ' << lane << ' ' << first << ' ' << last;
        }
}

TEST(Canonical, LayoutCoversEveryElementOnce) {
  for (index_t n : {1, 5, 31, 32, 33, 64, 65, 100, 127, 128, 160}) {
    for (index_t begin = 0; begin <= n; ++begin) {
      for (index_t end = begin; end <= n; ++end) {
        auto const at = layout<32>(begin, end, n);
        EXPECT_LE(begin, at.head_end);
        EXPECT_LT(at.head_end - begin, 32);
        EXPECT_LE(at.first_row, at.last_row);
        if (at.first_row < at.last_row) {
          EXPECT_EQ(at.head_end, at.first_row * 32);
          EXPECT_EQ(at.tail_begin, std::min(at.last_row * 32, n));
        } else {
          EXPECT_EQ(at.head_end, at.tail_begin);
        }
        EXPECT_LE(at.tail_begin, end);
        EXPECT_LT(end - at.tail_begin, 32);
      }
    }
  }
}

/// Pieces cut anywhere, written and joined in any grouping, give the bits of the whole.
template <class R, class T>
auto by_pieces(R const& r, std::vector<T> const& x, std::vector<index_t> const& cuts, bool two_levels) {
  using state = typename R::template state<host::warp<R::lanes>>;
  index_t const n = static_cast<index_t>(x.size());
  std::vector<std::vector<std::byte>> partial;
  std::vector<piece> pieces;
  for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
    piece const p{cuts[k], cuts[k + 1], n};
    std::vector<std::byte> bytes(static_cast<std::size_t>(R::bytes(p)) + 1);
    if (p.begin < p.end) {
      state s(r, n, p.begin);
      s.take(from<T>{x.data()}, p.end);
      s.write(bytes.data());
    }
    partial.push_back(std::move(bytes));
    pieces.push_back(p);
  }
  if (two_levels) {  // join the right half on its own first
    std::size_t const middle = pieces.size() / 2;
    piece const right{pieces[middle].begin, n, n};
    state s(r, n, right.begin);
    for (std::size_t k = middle; k < pieces.size(); ++k) s.join(partial[k].data(), pieces[k]);
    std::vector<std::byte> bytes(static_cast<std::size_t>(R::bytes(right)) + 1);
    if (right.begin < right.end) s.write(bytes.data());
    partial.resize(middle);
    pieces.resize(middle);
    partial.push_back(std::move(bytes));
    pieces.push_back(right);
  }
  state whole(r, n, 0);
  for (std::size_t k = 0; k < pieces.size(); ++k) whole.join(partial[k].data(), pieces[k]);
  return whole.result();
}

TEST(Canonical, AnyCutsGiveTheSameBits) {
  for (unsigned seed = 0; seed < tests::rounds(400u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    index_t const n = 1 + static_cast<index_t>(random() % (seed % 4 == 0 ? 70 : 5000));
    std::vector<float> x(static_cast<std::size_t>(n));
    for (auto& v : x)
      v = std::ldexp(static_cast<float>(random() % 2001) - 1000.0f, static_cast<int>(random() % 30) - 15);
    std::vector<index_t> cuts{0, n};
    for (unsigned k = random() % 9; k-- > 0;)
      cuts.push_back(static_cast<index_t>(random() % static_cast<std::uint64_t>(n + 1)));
    std::sort(cuts.begin(), cuts.end());
    bool const two_levels = random() % 2;

    EXPECT_EQ(by_pieces(ordered<plus<float>>{}, x, cuts, two_levels), by_definition<32>(x, plus<float>{}));
    EXPECT_EQ(by_pieces(ordered<plus<float>, 16>{}, x, cuts, two_levels),
              by_definition<16>(x, plus<float>{}));
    EXPECT_EQ(by_pieces(ordered<plus<float>, 1>{}, x, cuts, two_levels), by_definition<1>(x, plus<float>{}));

    auto const whole = by_pieces(ordered<moments>{}, x, {0, n}, false);
    auto const split = by_pieces(ordered<moments>{}, x, cuts, two_levels);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(whole.m2), std::bit_cast<std::uint64_t>(split.m2));
    EXPECT_EQ(whole.sum, split.sum);

    auto const found = by_pieces(both<ordered<moments>, extrema<float>>{}, x, cuts, two_levels);
    EXPECT_EQ(found.first.m2, whole.m2);
    EXPECT_EQ(found.second.argmin, std::min_element(x.begin(), x.end()) - x.begin());
    EXPECT_EQ(found.second.argmax, std::max_element(x.begin(), x.end()) - x.begin());
  }
}

/// Multiples of 2^-20 just above 10^9: from integer arithmetic alone.
double near_a_billion(index_t i) {
  return 1e9 +
         std::ldexp(static_cast<double>(static_cast<std::uint64_t>(i + 1) * 0x9e3779b97f4a7c15u >> 40), -20);
}

/// The bits that tests/order_model.py gives: the formula, one number at a time, in Python.
TEST(Canonical, MomentsHaveTheBitsOfTheirDefinition) {
  struct pinned {
    index_t n;
    std::uint64_t m2, m2_with_1e15_first, sum;
  };
  constexpr pinned pins[] = {
      {2, 0x4032acc94ed31200u, 0x46193e55ea98393bu, 0x41ddcd65036a99b0u},
      {31, 0x408404a5ad240956u, 0x46286ddf88303727u, 0x421cdef9dbe2def2u},
      {32, 0x40849b6313ff74a8u, 0x462874633b437734u, 0x421dcd6504149ac0u},
      {33, 0x4084b59f91767838u, 0x46287a81dbba65cbu, 0x421ebbd02c2de46cu},
      {1023, 0x40d54a130e544716u, 0x46293804c0d321a9u, 0x426dc5f1aabebdaeu},
      {1024, 0x40d552aed1341e8eu, 0x46293806551d92efu, 0x426dcd650400797bu},
      {1025, 0x40d552b2b2164391u, 0x46293807e89e1178u, 0x426dd4d85d4171b8u},
      {4097, 0x40f5560a920616f5u, 0x46293cc21e76519au, 0x428dcf41da50572cu},
      {100003, 0x414046be385f4f48u, 0x46293e455f90be59u, 0x42d6bcf0d5b4c567u},
  };
  for (auto const& pin : pins) {
    std::vector<double> x;
    for (index_t i = 0; i < pin.n; ++i) x.push_back(near_a_billion(i));
    for (std::vector<index_t> const& cuts :
         {std::vector<index_t>{0, pin.n}, {0, 1, pin.n}, {0, pin.n / 3, pin.n / 2, pin.n}}) {
      auto const m = by_pieces(ordered<moments>{}, x, cuts, false);
      EXPECT_EQ(std::bit_cast<std::uint64_t>(m.m2), pin.m2) << pin.n;
      EXPECT_EQ(std::bit_cast<std::uint64_t>(m.sum), pin.sum) << pin.n;
      auto const second = by_pieces(ordered<second_moment>{}, x, cuts, false);
      EXPECT_EQ(std::bit_cast<std::uint64_t>(second.m2), pin.m2) << pin.n;
    }
    x[0] = 1e15;
    auto const m = by_pieces(ordered<moments>{}, x, {0, pin.n / 2, pin.n}, false);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(m.m2), pin.m2_with_1e15_first) << pin.n;
  }
}

/// near_a_billion with weights from 0 to 12, the first one next to nothing.
weighted_value weighted_near_a_billion(index_t i) {
  return {i == 0 ? 0x1p-80 : static_cast<double>(i * 7 % 13), i == 0 ? -1e15 : near_a_billion(i)};
}

/// The bits that tests/order_model.py gives.
TEST(Canonical, WeightedMomentsHaveTheBitsOfTheirDefinition) {
  struct pinned {
    index_t n;
    std::uint64_t m2, sum, weight;
  };
  constexpr pinned pins[] = {
      {1, 0x0000000000000000u, 0xbe0c6bf526340000u, 0x3af0000000000000u},
      {2, 0x41293e5c88a9181cu, 0x41fa13b861a708a5u, 0x401c000000000000u},
      {31, 0x412959012ac840b6u, 0x4244419aa89e2019u, 0x4065c00000000000u},
      {33, 0x41295a8f91e46709u, 0x4245a73b64df8f01u, 0x4067400000000000u},
      {1024, 0x412d32df88b8d212u, 0x42965563ab37d59au, 0x40b7fb0000000000u},
      {1025, 0x412d32e02540539cu, 0x42965a0bc30070c0u, 0x40b8000000000000u},
      {4097, 0x41349ecae07dcb76u, 0x42b65a475dca4500u, 0x40d8004000000000u},
      {100003, 0x4169fdd7f378d426u, 0x43010d9e463bd13bu, 0x41224f8c00000000u},
  };
  for (auto const& pin : pins) {
    std::vector<weighted_value> x;
    for (index_t i = 0; i < pin.n; ++i) x.push_back(weighted_near_a_billion(i));
    for (std::vector<index_t> const& cuts :
         {std::vector<index_t>{0, pin.n}, {0, 1, pin.n}, {0, pin.n / 3, pin.n / 2, pin.n}}) {
      auto const m = by_pieces(ordered<weighted_moments>{}, x, cuts, false);
      EXPECT_EQ(std::bit_cast<std::uint64_t>(m.m2), pin.m2) << pin.n;
      EXPECT_EQ(std::bit_cast<std::uint64_t>(m.sum), pin.sum) << pin.n;
      EXPECT_EQ(std::bit_cast<std::uint64_t>(m.weight), pin.weight) << pin.n;
    }
  }
}

TEST(Canonical, MomentsOfWhatIsNotFinite) {
  double const inf = std::numeric_limits<double>::infinity();
  for (index_t const n : {1, 2, 33, 5000})
    for (index_t const at : {index_t{0}, n / 2, n - 1})
      for (double const bad : {inf, -inf, std::nan("")}) {
        std::vector<double> x(static_cast<std::size_t>(n), 1.5);
        x[static_cast<std::size_t>(at)] = bad;
        EXPECT_EQ(std::bit_cast<std::uint64_t>(by_pieces(ordered<moments>{}, x, {0, n}, false).m2),
                  0x7ff8000000000000u)
            << bad << " at " << at << " of " << n;
      }
}

/// NaNs far apart, in one lane and in several, in any order of signs: the first one's place is the answer.
TEST(Extrema, TheFirstOfManyNaNsIsFound) {
  constexpr index_t strip = extrema<double>::strip;
  double const nan = std::numeric_limits<double>::quiet_NaN();
  for (index_t const n : {4 * strip, 4 * strip + 77})
    for (std::vector<index_t> const& places : {std::vector<index_t>{5, 5 + strip, 5 + 3 * strip},
                                               {5 + 32, 5 + 64, 5 + 2 * strip},
                                               {strip + 31, strip + 32, 2 * strip},
                                               {2 * strip - 1, 2 * strip},
                                               {7 + strip, 6 + 2 * strip},
                                               {n - 1}})
      for (double const sign : {1.0, -1.0}) {
        std::vector<double> x(static_cast<std::size_t>(n));
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i * 7919 % 1013) - 500;
        double s = sign;
        for (index_t const i : places) x[static_cast<std::size_t>(i)] = std::copysign(nan, s), s = -s;
        auto const first = std::find_if(x.begin(), x.end(), [](double v) { return v != v; }) - x.begin();
        for (std::vector<index_t> const& cuts :
             {std::vector<index_t>{0, n}, {0, strip, n}, {0, 6, strip + 40, n}, {0, 2 * strip + 1, n}}) {
          auto const found = by_pieces(extrema<double>{}, x, cuts, false);
          EXPECT_EQ(found.argmin, first) << places.front() << ' ' << cuts.size();
          EXPECT_EQ(found.argmax, first) << places.front() << ' ' << cuts.size();
        }
      }
}

TEST(Extrema, OrdersZerosAndLetsNaNWin) {
  auto const find = [](std::vector<double> const& x) {
    return by_pieces(extrema<double>{}, x, {0, static_cast<index_t>(x.size())}, false);
  };
  auto const zeros = find({0.0, -0.0, 0.0});
  EXPECT_TRUE(std::signbit(zeros.min));
  EXPECT_EQ(zeros.argmin, 1);
  EXPECT_FALSE(std::signbit(zeros.max));
  EXPECT_EQ(zeros.argmax, 0);
  double const nan = std::numeric_limits<double>::quiet_NaN();
  double const inf = std::numeric_limits<double>::infinity();
  for (double bad : {nan, -nan}) {
    auto const r = find({1.0, 2.0, bad, -inf, bad});
    EXPECT_EQ(std::bit_cast<std::uint64_t>(r.min), 0x7ff8000000000000u);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(r.max), 0x7ff8000000000000u);
    EXPECT_EQ(r.argmin, 2);
    EXPECT_EQ(r.argmax, 2);
  }
  auto const ties = find({3.0, 1.0, inf, 1.0, inf, -5.0, -5.0});
  EXPECT_EQ(ties.argmin, 5);
  EXPECT_EQ(ties.argmax, 2);
}

}  // namespace
