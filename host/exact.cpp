// Exact deposits by the block: error-free slicing in SIMD registers, whose totals enter the limbs as
// integers.
#include <cstring>
#include <host/exact.hpp>

namespace prorata::host {
namespace {

#if defined(__AVX512DQ__)
constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif
constexpr int lanes = vector_bytes / 8;
typedef double doubles __attribute__((vector_size(vector_bytes)));
typedef std::uint64_t words __attribute__((vector_size(vector_bytes)));
typedef float floats __attribute__((vector_size(vector_bytes / 2)));
typedef std::int32_t halfwords __attribute__((vector_size(vector_bytes)));

doubles load(double const* x) {
  doubles v;
  std::memcpy(&v, x, sizeof v);
  return v;
}
doubles load(float const* x) {
  floats v;
  std::memcpy(&v, x, sizeof v);
  return __builtin_convertvector(v, doubles);
}

constexpr double power(int exponent) {
  return __builtin_bit_cast(double, static_cast<std::uint64_t>(exponent + 1023) << 52);
}

// Slice k holds multiples of 2^place(k), at most 2^43 of them per value: 1024 such values add up without
// rounding in a double. A slice is cut by adding and taking away 1.5·2^(place + 52), whose last bit is worth
// 2^place; what is left of the value is at most half of 2^place, and cut again 43 bits further down.
//   example   place 0: 5.75 → (5.75 + 1.5·2^52) − 1.5·2^52 = 6, and −0.25 is left
constexpr int slice_bits = 43;
constexpr int least_place = -1074, largest_place = 970;
constexpr int depths[] = {2, 3, 4, 8};  // how many slices are cut; 4 spare doubles 2^119 of range, 8 2^291
constexpr int deepest = 8;

template <int Depth>
struct slices {
  double anchor[Depth];
  std::uint64_t window;  // bits of anchor[0], less 2^43

  explicit slices(int place) {
    for (int k = 0; k < Depth; ++k)
      anchor[k] = 1.5 * power(std::max(place - k * slice_bits, least_place) + 52);
    window = __builtin_bit_cast(std::uint64_t, anchor[0]) - (std::uint64_t{1} << slice_bits);
  }
};

// One register's worth of lanes. `beyond` collects the first slice as an integer offset by 2^43: any bit from
// 44 up says that a value was too large, infinite, or NaN. `rest` collects what no slice took.
template <int Depth>
struct register_sums {
  doubles total[Depth] = {};
  words beyond = {}, rest = {};

  // Cuts v into slices First and below.
  template <int First = 0>
  [[gnu::always_inline]] void take(slices<Depth> const& plan, doubles v) {
    for (int k = First; k < Depth; ++k) {
      doubles const shifted = v + plan.anchor[k];
      doubles const cut = shifted - plan.anchor[k];
      if (k == 0) beyond |= __builtin_bit_cast(words, shifted) - plan.window;
      total[k] += cut;
      v -= cut;
    }
    rest |= __builtin_bit_cast(words, v);
  }
};

// What feeds a block: values of one array, or products of two.
template <class T>
struct values {
  T const* x;
  static constexpr int shallowest = 0;
  static constexpr int smallest_place = least_place;
  template <int Depth>
  [[gnu::always_inline]] void feed(register_sums<Depth>& sums, slices<Depth> const& plan, index_t i) const {
    sums.take(plan, load(x + i));
  }
  values from(index_t i) const { return {x + i}; }
  double at(index_t i) const { return x[i]; }
};

template <class T>
struct products;

template <>
struct products<float> {  // a product of floats is a double
  float const *x, *y;
  static constexpr int shallowest = 0;
  static constexpr int smallest_place = least_place;
  template <int Depth>
  [[gnu::always_inline]] void feed(register_sums<Depth>& sums, slices<Depth> const& plan, index_t i) const {
    sums.take(plan, load(x + i) * load(y + i));
  }
  products from(index_t i) const { return {x + i, y + i}; }
  double at(index_t i) const { return static_cast<double>(x[i]) * y[i]; }
};

template <>
struct products<double> {  // a product of doubles is high + low, both doubles, unless something underflows
  double const *x, *y;
  static constexpr int shallowest = 1;
  // Where no rest is left, high is 0 or a multiple of the last slice's place; low reaches 105 bits further
  // down.
  static constexpr int smallest_place = least_place + (deepest - 1) * slice_bits + 105;
  template <int Depth>
  [[gnu::always_inline]] void feed(register_sums<Depth>& sums, slices<Depth> const& plan, index_t i) const {
    doubles const a = load(x + i), b = load(y + i);
    doubles const high = a * b;
    doubles low;
#if defined(__FMA__)
    for (int k = 0; k < lanes; ++k) low[k] = __builtin_fma(a[k], b[k], -high[k]);
#else
    doubles const as = a * 0x8000001p0, bs = b * 0x8000001p0;  // Veltkamp's split, Dekker's product
    doubles const ah = as - (as - a), bh = bs - (bs - b);
    doubles const al = a - ah, bl = b - bh;
    low = al * bl - (((high - ah * bh) - al * bh) - ah * bl);
#endif
    sums.take(plan, high);
    sums.template take<1>(plan, low);
    // A product that vanished though neither factor is zero would leave no other trace.
    sums.rest |= __builtin_bit_cast(words, (high == 0) & (a != 0) & (b != 0)) & 1;
  }
  products from(index_t i) const { return {x + i, y + i}; }
  double at(index_t i) const { return x[i] * y[i]; }
};

// Adds a double that is known to be a multiple of the accumulator's unit.
template <int Limbs, int Unit>
void add_total(fixed_point<Limbs, Unit>& sum, double total) {
  dissected const parts = dissect(total);
  if (parts.significand == 0) return;
  int const position = parts.exponent - Unit;
  std::uint64_t const significand = position >= 0 ? parts.significand : parts.significand >> -position;
  sum.add(exact_detail::cut<3>(0, significand, std::max(position, 0), parts.negative));
}

// One block of 1024. False, and nothing added, if a value did not fit.
template <int Depth, class State, class Source>
bool add_block(State& state, Source source, int place) {
  slices<Depth> const plan(place);
  register_sums<Depth> even, odd;
  for (index_t i = 0; i < exact_block; i += 2 * lanes) {
    source.feed(even, plan, i);
    source.feed(odd, plan, i + lanes);
  }
  std::uint64_t beyond = 0, rest = 0;
  double total[Depth] = {};
  for (int j = 0; j < lanes; ++j) {
    beyond |= even.beyond[j] | odd.beyond[j];
    rest |= even.rest[j] | odd.rest[j];
    for (int k = 0; k < Depth; ++k) total[k] += even.total[k][j] + odd.total[k][j];
  }
  if (beyond >> (slice_bits + 1) != 0 || rest << 1 != 0) return false;  // a rest of −0 is no rest
  bool zero = true;
  for (int k = 0; k < Depth; ++k) zero = zero && total[k] == 0;
  if (zero && (state.flags & exact_flag::something) == 0) return false;  // are they all −0? Look at each.
  for (int k = 0; k < Depth; ++k) add_total(state, total[k]);
  return true;
}

// The place that suits a block, with one bit to spare for the blocks after it.
template <class Source>
int find_place(Source source) {
  std::uint64_t largest = 0;
  for (index_t i = 0; i < exact_block; ++i)
    largest = std::max(largest, __builtin_bit_cast(std::uint64_t, source.at(i)) << 1);
  return std::max(static_cast<int>(largest >> 53) - 1023 - slice_bits + 2, Source::smallest_place);
}

// Slices block after block. The last block's plan mostly serves the next one too; if not, the largest value
// is looked up, and then deeper cuts are tried. From time to time shallow cuts are given another chance.
template <class Source>
class slicer {
 public:
  template <class State>
  bool add(State& state, Source block) {
    if (--patience_ == 0) {
      level_ = Source::shallowest;
      patience_ = 64;
    }
    if (attempt(state, block)) return true;
    place_ = find_place(block);
    for (;; ++level_) {
      if (attempt(state, block)) return true;
      if (place_ > largest_place || depths[level_] == deepest) return false;
    }
  }

 private:
  template <class State>
  bool attempt(State& state, Source block) const {
    if (place_ > largest_place) return false;
    switch (depths[level_]) {
      case 2:
        return add_block<2>(state, block, place_);
      case 3:
        return add_block<3>(state, block, place_);
      case 4:
        return add_block<4>(state, block, place_);
      default:
        return add_block<deepest>(state, block, place_);
    }
  }

  int place_ = largest_place + 1;
  int level_ = Source::shallowest;
  int patience_ = 64;
};

// Floats often need no slices: doubles add up 1024 of them exactly if their exponents differ by at most 19.
//   why   every partial sum is a multiple of 2^(least − 23) and at most 1024·2^(largest + 1)
bool add_directly(exact_sum<float>& state, values<float> source) {
  doubles even = {}, odd = {};
  halfwords largest = {}, least = ~largest & 0x7fffffff;
  for (index_t i = 0; i < exact_block; i += 2 * lanes) {
    halfwords magnitude;
    std::memcpy(&magnitude, source.x + i, sizeof magnitude);
    magnitude &= 0x7fffffff;
    largest = magnitude > largest ? magnitude : largest;
    halfwords const before = (magnitude - 1) & 0x7fffffff;  // zero counts as very large
    least = before < least ? before : least;
    even += load(source.x + i);
    odd += load(source.x + i + lanes);
  }
  std::int32_t highest = 0, lowest = 0x7fffffff;
  double total = 0;
  for (int j = 0; j < 2 * lanes; ++j) {
    highest = std::max<std::int32_t>(highest, largest[j]);
    lowest = std::min<std::int32_t>(lowest, least[j]);
  }
  for (int j = 0; j < lanes; ++j) total += even[j] + odd[j];
  if (highest == 0) return false;  // are they all −0?
  int const top = std::max(highest >> 23, 1), bottom = std::max((lowest + 1) >> 23, 1);
  if (top == 255 || top - bottom > 19) return false;
  state.flags |= exact_flag::something;
  add_total(state, total);
  return true;
}

template <class T>
void add_each(exact_sum<T>& state, values<T> source, index_t n) {
  for (index_t i = 0; i < n; ++i) state.deposit(source.x[i]);
}
template <class T>
void add_each(exact_dot<T>& state, products<T> source, index_t n) {
  for (index_t i = 0; i < n; ++i) state.deposit_product(source.x[i], source.y[i]);
}

// Whether this thread rounds to nearest and keeps subnormals; slicing depends on both.
bool arithmetic_is_ieee() {
  double volatile one = 1, half_place = 0x1p-53, more = 0x1.8p-53, least = 0x1p-1074, normal = 0x1p-1022;
  bool const nearest = one + half_place == 1 && -one - half_place == -1 && one + more > 1;
  double const volatile halved = normal / 2;
  return nearest && least + least > least && halved > 0;
}

// Leaves out what has failed: after k failures in a row, the next 2^k − 1 blocks are not tried, at most 63.
class reluctance {
 public:
  template <class F>
  bool operator()(F attempt) {
    if (skip_ > 0) {
      --skip_;
      return false;
    }
    bool const done = attempt();
    failures_ = done ? 0 : std::min(failures_ + 1, 6);
    skip_ = (1 << failures_) - 1;
    return done;
  }

 private:
  int failures_ = 0, skip_ = 0;
};

template <class State, class Source>
void add_array(State& state, Source source, index_t n) {
  slicer<Source> slices;
  reluctance directly, in_slices;
  index_t i = 0;
  if (n >= exact_block && arithmetic_is_ieee())
    for (; i + exact_block <= n; i += exact_block) {
      Source const block = source.from(i);
      if constexpr (std::is_same_v<Source, values<float>>)
        if (directly([&] { return add_directly(state, block); })) continue;
      if (in_slices([&] { return slices.add(state, block); })) continue;
      add_each(state, block, exact_block);
    }
  add_each(state, source.from(i), n - i);
}

}  // namespace

void deposit_block(exact_sum<double>& sum, double const* x, index_t n) {
  add_array(sum, values<double>{x}, n);
}
void deposit_block(exact_sum<float>& sum, float const* x, index_t n) { add_array(sum, values<float>{x}, n); }
void deposit_block(exact_dot<double>& dot, double const* x, double const* y, index_t n) {
  add_array(dot, products<double>{x, y}, n);
}
void deposit_block(exact_dot<float>& dot, float const* x, float const* y, index_t n) {
  add_array(dot, products<float>{x, y}, n);
}
void deposit_block(exact_sum<std::int64_t>& sum, std::int64_t const* x, index_t n) {
  deposit_each(sum, 0, n, [x](index_t i) { return x[i]; });
}
void deposit_block(exact_sum<std::uint64_t>& sum, std::uint64_t const* x, index_t n) {
  deposit_each(sum, 0, n, [x](index_t i) { return x[i]; });
}

}  // namespace prorata::host
