// Finding slots with vectors, and counting them without waiting for the last store.
#include <atomic>
#include <cstring>
#include <host/histogram.hpp>
#include <prorata/error.hpp>

namespace prorata::host {

namespace {

template <class X>
struct vectors {  // 64 bytes: the compiler cuts them to what the processor has
  using integer = std::conditional_t<sizeof(X) == 4, std::int32_t, std::int64_t>;
  static constexpr index_t lanes = 64 / sizeof(X);
  typedef X reals __attribute__((vector_size(64)));
  typedef integer integers __attribute__((vector_size(64)));
  typedef std::make_unsigned_t<integer> words __attribute__((vector_size(64)));
  typedef std::uint32_t slots __attribute__((vector_size(4 * lanes)));
  // Adding 1.5·2^52 (2^23) leaves the nearest integer in the last bits.
  static constexpr X magic = sizeof(X) == 4 ? X{0x1.8p23} : X{0x1.8p52};
};

constexpr std::uint32_t doubt = 0x80000000u;
constexpr int blocks_not_guessed = 63;

/// Guesses in X for n elements, a multiple of the lanes; those that are not clear of the edges, and NaN, are
/// marked. Returns whether any is.
template <class X, class In>
bool guess_slots(bin_rule const& rule, X slack, In const* x, index_t n, std::uint32_t* slot) {
  using V = vectors<X>;
  typedef In elements __attribute__((vector_size(sizeof(In) * V::lanes)));
  using reals = typename V::reals;
  using integers = typename V::integers;
  using words = typename V::words;
  X const low = static_cast<X>(rule.edges[0]), high = static_cast<X>(rule.edges[rule.bins]);
  X const scale = static_cast<X>(rule.scale), clear = X{1} - slack;
  auto const bins = static_cast<typename V::integer>(rule.bins);
  reals const magic = reals{} + V::magic;
  integers doubts{};
  for (index_t i = 0; i < n; i += V::lanes) {
    elements stored;
    std::memcpy(&stored, x + i, sizeof stored);
    auto const v = __builtin_convertvector(stored, reals);
    reals const f = (v - low) * scale;
    reals const shifted = (f - X{0.5}) + magic;
    reals const part = f - (shifted - magic);
    // of numbers elsewhere it is anything, and not looked at
    auto const k =
        reinterpret_cast<integers>(reinterpret_cast<words>(shifted) - reinterpret_cast<words>(magic));
    integers const below = v<low, above = v> high;
    integers const sure = (part >= slack) & (part <= clear);
    integers const unsure = ~(sure | below | above);
    doubts |= unsure;
    integers const place = below ? integers{} + bins : above ? integers{} + (bins + 1) : k;
    auto const marked = __builtin_convertvector(place, typename V::slots) |
                        (__builtin_convertvector(unsure, typename V::slots) & doubt);
    std::memcpy(slot + i, &marked, sizeof marked);
  }
  typename V::integer any = 0;
  for (index_t lane = 0; lane < V::lanes; ++lane) any |= doubts[lane];
  return any != 0;
}

/// Guesses put right by the edges beside them.
template <class X>
void correct_slots(bin_rule const& rule, X const* x, index_t n, std::uint32_t* slot) {
  double const* const edges = rule.edges;
  double const low = edges[0], high = edges[rule.bins], scale = rule.scale;
  double const top = static_cast<double>(rule.bins - 1);
  auto const bins = static_cast<std::int32_t>(rule.bins);
  for (index_t i = 0; i < n; ++i) {
    double const v = static_cast<double>(x[i]);
    double const f = (v - low) * scale;
    double const at_least = f > 0 ? f : 0;
    auto k = static_cast<std::int32_t>(at_least < top ? at_least : top);
    bool const inside = (v >= low) & (v <= high);
    std::int32_t const elsewhere = v < low ? bins : v > high ? bins + 1 : bins + 2;
    k -= static_cast<std::int32_t>((v < edges[k]) & (k > 0));
    k += static_cast<std::int32_t>((v >= edges[k + 1]) & (k + 1 < bins));
    slot[i] = static_cast<std::uint32_t>(inside ? k : elsewhere);
  }
}

/// A binary search for all elements of a block at once, one comparison each at a time.
template <class X>
void search_slots(bin_rule const& rule, X const* x, index_t n, std::uint32_t* slot) {
  double const* const edges = rule.edges;
  double const low = edges[0], high = edges[rule.bins];
  auto const bins = static_cast<std::uint32_t>(rule.bins);
  std::fill_n(slot, n, 0);
  for (std::uint32_t rest = bins; rest > 1;) {
    std::uint32_t const half = rest / 2;
    for (index_t i = 0; i < n; ++i) slot[i] += edges[slot[i] + half] <= static_cast<double>(x[i]) ? half : 0;
    rest -= half;
  }
  for (index_t i = 0; i < n; ++i) {
    double const v = static_cast<double>(x[i]);
    bool const inside = (v >= low) & (v <= high);
    std::uint32_t const elsewhere = v < low ? bins : v > high ? bins + 1 : bins + 2;
    slot[i] = inside ? slot[i] : elsewhere;
  }
}

template <index_t Count>
bool any_marked(std::uint32_t const* slot) {
  std::uint64_t pair[Count / 2], all = 0;
  std::memcpy(pair, slot, sizeof pair);
  for (std::uint64_t const p : pair) all |= p;
  return (all & 0x8000000080000000u) != 0;
}

/// Guesses first; what they leave in doubt goes to the edges, one by one. Where many do, as integers between
/// whole edges, which lie on them, all are compared, and the next blocks are not guessed.
template <class X, class In>
void find(bin_rule const& rule, X slack, In const* x, index_t n, std::uint32_t* slot, int& crowded) {
  if (rule.scale == 0) return search_slots(rule, x, n, slot);
  if (slack >= X{0.125}) return correct_slots(rule, x, n, slot);
  if (crowded > 0) {
    --crowded;
    return correct_slots(rule, x, n, slot);
  }
  constexpr index_t lanes = vectors<X>::lanes;
  index_t const whole = n / lanes * lanes;
  if (guess_slots(rule, slack, x, whole, slot)) {
    index_t marked = 0;
    for (index_t i = 0; i < whole; ++i) marked += slot[i] >= doubt;
    if (marked > n / 8) {
      crowded = blocks_not_guessed;
      return correct_slots(rule, x, n, slot);
    }
    for (index_t i = 0; i < whole; i += lanes) {
      if (!any_marked<lanes>(slot + i)) continue;
      for (index_t j = i; j < i + lanes; ++j)
        if (slot[j] >= doubt) slot[j] = static_cast<std::uint32_t>(rule(x[j]));
    }
  }
  for (index_t i = whole; i < n; ++i) slot[i] = static_cast<std::uint32_t>(rule(x[i]));
}

constexpr index_t small_bins = 8 * 1024;              // bytes: with 8 copies they stay in L1
constexpr index_t private_limit = index_t{16} << 20;  // bytes: more than that no thread has for itself
constexpr index_t most_pending = index_t{1} << 31;

template <int Copies>
void count_slots(std::uint32_t* counts, index_t stride, std::uint32_t const* slot, index_t n) {
  index_t i = 0;
  for (; i + Copies <= n; i += Copies)
    for (int c = 0; c < Copies; ++c) ++counts[c * stride + slot[i + c]];
  for (; i < n; ++i) ++counts[slot[i]];
}

}  // namespace

void find_slots(bin_rule const& rule, double const* x, index_t n, std::uint32_t* slot, int& crowded) {
  find(rule, rule.slack, x, n, slot, crowded);
}
void find_slots(bin_rule const& rule, float const* x, index_t n, std::uint32_t* slot, int& crowded) {
  constexpr double rarely = 1.0 / 256;  // a doubt costs as much as ten elements without one
  if (rule.scale > 0 && rule.slack_float > rarely && rule.slack_float > 2 * rule.slack)
    return find(rule, rule.slack, x, n, slot, crowded);
  find(rule, std::min(1.0f, static_cast<float>(rule.slack_float) + 0x1p-20f), x, n, slot, crowded);
}

bin_counters::bin_counters(bin_rule const& rule)
    : rule_(rule),
      stride_((rule.slots() + 15) / 16 * 16),
      copies_(4 * stride_ <= small_bins      ? 8
              : 4 * stride_ <= private_limit ? 1
                                             : 0),
      pool_([this] {
        auto made = std::make_unique<private_bins>();
        made->counts.resize(static_cast<std::size_t>(stride_ * copies_));
        return made;
      }) {
  if (copies_ == 0) shared_ = std::make_unique<index_t[]>(static_cast<std::size_t>(stride_));
}

void bin_counters::add(private_bins& bins, std::uint32_t const* slot, index_t n) {
  if (copies_ == 0) {
    for (index_t i = 0; i < n; ++i) std::atomic_ref(shared_[slot[i]]).fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (bins.pending + n > most_pending) carry(bins);
  bins.pending += n;
  if (copies_ == 1) return count_slots<1>(bins.counts.data(), stride_, slot, n);
  count_slots<8>(bins.counts.data(), stride_, slot, n);
}

void bin_counters::carry(private_bins& bins) const {
  bins.carried.resize(static_cast<std::size_t>(stride_));
  for (std::size_t k = 0; k < bins.counts.size(); ++k)
    bins.carried[k % bins.carried.size()] += bins.counts[k];
  std::fill(bins.counts.begin(), bins.counts.end(), 0);
  bins.pending = 0;
}

void bin_counters::add_to(index_t* counts) const {
  auto const slots = static_cast<std::size_t>(rule_.slots());
  if (copies_ == 0)
    for (std::size_t k = 0; k < slots; ++k) counts[k] += shared_[k];
  for (auto const& bins : pool_.all())
    for (std::size_t k = 0; k < slots; ++k) {
      if (!bins->carried.empty()) counts[k] += bins->carried[k];
      for (int c = 0; c < copies_; ++c) counts[k] += bins->counts[static_cast<std::size_t>(c * stride_) + k];
    }
}

}  // namespace prorata::host
