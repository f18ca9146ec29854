// Finding bins with vectors, and counting them without waiting for the last store.
#include <atomic>
#include <cstring>
#include <host/histogram.hpp>
#include <limits>
#include <prorata/error.hpp>

namespace prorata::host {

namespace {

template <class X>
struct vectors {  // 64 bytes: the compiler cuts them to what the processor has
  using integer = std::conditional_t<sizeof(X) == 4, std::int32_t, std::int64_t>;
  static constexpr index_t lanes = 64 / sizeof(X);
  typedef X reals __attribute__((vector_size(64)));
  typedef integer integers __attribute__((vector_size(64)));
  typedef std::uint32_t places __attribute__((vector_size(4 * lanes)));
  // Adding 1.5·2^52 (2^23) leaves the nearest integer in the last bits.
  static constexpr X magic = sizeof(X) == 4 ? X{0x1.8p23} : X{0x1.8p52};
};

constexpr std::uint32_t doubt = 0x80000000u;
constexpr int blocks_not_guessed = 63;

/// Guesses in X for n elements, a multiple of the lanes; those that are not clear of the edges, and NaN, are
/// marked. Returns whether any is. `meanwhile` does elements [i, i + lanes) of other work: finding waits for
/// arithmetic, counting for memory.
template <class X, class In, class Meanwhile>
bool guess_places(bin_rule const& rule, X slack, In const* x, index_t n, std::uint32_t* place,
                  Meanwhile const& meanwhile) {
  using V = vectors<X>;
  typedef In elements __attribute__((vector_size(sizeof(In) * V::lanes)));
  using reals = typename V::reals;
  using integer = typename V::integer;
  using integers = typename V::integers;
  using places = typename V::places;
  X const origin = static_cast<X>(rule.origin), scale = static_cast<X>(rule.scale);
  reals const least{}, most = reals{} + static_cast<X>(rule.bins + 1), magic = reals{} + V::magic;
  places doubts{};
  for (index_t i = 0; i < n; i += V::lanes) {
    elements stored;
    std::memcpy(&stored, x + i, sizeof stored);
    reals f = (__builtin_convertvector(stored, reals) - origin) * scale;
    f = least > f ? least : f;  // NaN stays
    f = most < f ? most : f;
    reals const shifted = f + magic, part = f - (shifted - magic);
    auto const bits = reinterpret_cast<integers>(part) & std::numeric_limits<integer>::max();
    integers const unsure = ~(reinterpret_cast<reals>(bits) < X{0.5} - slack);
    auto const nearest = __builtin_convertvector(
        reinterpret_cast<integers>(shifted) - reinterpret_cast<integers>(magic), places);
    auto const marked = nearest | (__builtin_convertvector(unsure, places) & doubt);
    std::memcpy(place + i, &marked, sizeof marked);
    doubts |= marked;
    meanwhile(i, V::lanes);
  }
  std::uint32_t any = 0;
  for (index_t lane = 0; lane < V::lanes; ++lane) any |= doubts[lane];
  return any >= doubt;
}

/// Guesses put right by the edges beside them.
template <class X>
void correct_places(bin_rule const& rule, X const* x, index_t n, std::uint32_t* place) {
  double const* const edges = rule.edges;
  double const low = edges[0], high = edges[rule.bins], origin = rule.origin, scale = rule.scale;
  double const top = static_cast<double>(rule.bins);
  auto const bins = static_cast<std::int32_t>(rule.bins);
  for (index_t i = 0; i < n; ++i) {
    double const v = static_cast<double>(x[i]);
    double const f = (v - origin) * scale + 0.5;
    double const at_least = f > 1 ? f : 1;
    auto k = static_cast<std::int32_t>(at_least < top ? at_least : top);
    bool const inside = (v >= low) & (v <= high);
    std::int32_t const elsewhere = v < low ? 0 : v > high ? bins + 1 : bins + 2;
    k -= static_cast<std::int32_t>((v < edges[k - 1]) & (k > 1));
    k += static_cast<std::int32_t>((v >= edges[k]) & (k < bins));
    place[i] = static_cast<std::uint32_t>(inside ? k : elsewhere);
  }
}

/// A binary search for all elements of a block at once, one comparison each at a time.
template <class X>
void search_places(bin_rule const& rule, X const* x, index_t n, std::uint32_t* place) {
  double const* const edges = rule.edges;
  double const low = edges[0], high = edges[rule.bins];
  auto const bins = static_cast<std::uint32_t>(rule.bins);
  std::fill_n(place, n, 0);
  for (std::uint32_t rest = bins; rest > 1;) {
    std::uint32_t const half = rest / 2;
    for (index_t i = 0; i < n; ++i)
      place[i] += edges[place[i] + half] <= static_cast<double>(x[i]) ? half : 0;
    rest -= half;
  }
  for (index_t i = 0; i < n; ++i) {
    double const v = static_cast<double>(x[i]);
    bool const inside = (v >= low) & (v <= high);
    std::uint32_t const elsewhere = v < low ? 0 : v > high ? bins + 1 : bins + 2;
    place[i] = inside ? place[i] + 1 : elsewhere;
  }
}

template <index_t Count>
bool any_marked(std::uint32_t const* place) {
  std::uint64_t pair[Count / 2], all = 0;
  std::memcpy(pair, place, sizeof pair);
  for (std::uint64_t const p : pair) all |= p;
  return (all & 0x8000000080000000u) != 0;
}

/// Guesses first; what they leave in doubt goes to the edges, one by one. Where many do, as integers between
/// whole edges, which lie on them, all are compared, and the next blocks are not guessed.
///   meanwhile  is called for all of [0, bin_block)
template <class X, class In, class Meanwhile>
void find(bin_rule const& rule, double off, In const* x, index_t n, std::uint32_t* place, int& crowded,
          Meanwhile const& meanwhile) {
  if (rule.scale == 0 || off >= 0.125 || crowded > 0) {
    meanwhile(0, bin_block);
    if (rule.scale == 0) return search_places(rule, x, n, place);
    crowded -= crowded > 0;
    return correct_places(rule, x, n, place);
  }
  constexpr index_t lanes = vectors<X>::lanes;
  index_t const whole = n / lanes * lanes;
  bool const doubtful = guess_places(rule, static_cast<X>(off) + X{0x1p-20}, x, whole, place, meanwhile);
  if (whole < bin_block) meanwhile(whole, bin_block - whole);
  if (doubtful) {
    index_t marked = 0;
    for (index_t i = 0; i < whole; ++i) marked += place[i] >= doubt;
    if (marked > n / 8) {
      crowded = blocks_not_guessed;
      return correct_places(rule, x, n, place);
    }
    for (index_t i = 0; i < whole; i += lanes) {
      if (!any_marked<lanes>(place + i)) continue;
      for (index_t j = i; j < i + lanes; ++j)
        if (place[j] >= doubt) place[j] = static_cast<std::uint32_t>(rule.place(x[j]));
    }
  }
  for (index_t i = whole; i < n; ++i) place[i] = static_cast<std::uint32_t>(rule.place(x[i]));
}

template <class Meanwhile>
void find(bin_rule const& rule, double const* x, index_t n, std::uint32_t* place, int& crowded,
          Meanwhile const& meanwhile) {
  find<double>(rule, rule.slack, x, n, place, crowded, meanwhile);
}
template <class Meanwhile>
void find(bin_rule const& rule, float const* x, index_t n, std::uint32_t* place, int& crowded,
          Meanwhile const& meanwhile) {
  constexpr double rarely = 1.0 / 256;  // a doubt costs as much as ten elements without one
  if (rule.slack_float > rarely && rule.slack_float > 2 * rule.slack)
    return find<double>(rule, rule.slack, x, n, place, crowded, meanwhile);
  find<float>(rule, rule.slack_float, x, n, place, crowded, meanwhile);
}

struct nothing {
  void operator()(index_t, index_t) const {}
};

constexpr int copies = 8;
constexpr index_t few_bins = 8 * 1024 / 4;                   // with their copies they stay in L1
constexpr index_t own_bins = (index_t{16} << 20) / (1 + 8);  // more than that no thread has for itself
constexpr index_t most_pending = index_t{1} << 31;

/// Each counts n places.
struct count_in_copies {
  std::uint32_t* counts;
  index_t stride;
  void operator()(std::uint32_t const* place, index_t n) const {
    index_t const whole = n / copies * copies;
    for (index_t i = 0; i < whole; i += copies)
      for (int c = 0; c < copies; ++c) ++counts[c * stride + place[i + c]];
    for (index_t i = whole; i < n; ++i) ++counts[place[i]];
  }
};
struct count_in_bytes {
  std::uint8_t* low;
  index_t* carried;
  void operator()(std::uint32_t const* place, index_t n) const {
    for (index_t i = 0; i < n; ++i)
      if (++low[place[i]] == 0) carried[place[i]] += 256;
  }
};
struct count_in_one_place {
  index_t* shared;
  void operator()(std::uint32_t const* place, index_t n) const {
    for (index_t i = 0; i < n; ++i) std::atomic_ref(shared[place[i]]).fetch_add(1, std::memory_order_relaxed);
  }
};

}  // namespace

void find_places(bin_rule const& rule, double const* x, index_t n, std::uint32_t* place, int& crowded) {
  find(rule, x, n, place, crowded, nothing{});
}
void find_places(bin_rule const& rule, float const* x, index_t n, std::uint32_t* place, int& crowded) {
  find(rule, x, n, place, crowded, nothing{});
}

bin_counters::bin_counters(bin_rule const& rule)
    : rule_(rule),
      stride_((rule.slots() + 15) / 16 * 16),
      kept_(stride_ <= few_bins   ? kept::in_copies
            : stride_ <= own_bins ? kept::in_bytes
                                  : kept::in_one_place),
      pool_([this] {
        auto made = std::make_unique<private_bins>();
        auto const size = static_cast<std::size_t>(stride_);
        if (kept_ == kept::in_copies) made->counts.resize(size * copies);
        if (kept_ == kept::in_bytes) made->low.resize(size);
        if (kept_ != kept::in_one_place) made->carried.resize(size);
        return made;
      }) {
  if (kept_ == kept::in_one_place) shared_ = std::make_unique<index_t[]>(static_cast<std::size_t>(stride_));
}

/// f(what counts n more elements).
template <class F>
void bin_counters::with_adder(private_bins& bins, index_t n, F const& f) {
  switch (kept_) {
    case kept::in_copies:
      if (bins.pending + n > most_pending) carry(bins);
      bins.pending += n;
      return f(count_in_copies{bins.counts.data(), stride_});
    case kept::in_bytes:
      return f(count_in_bytes{bins.low.data(), bins.carried.data()});
    case kept::in_one_place:
      return f(count_in_one_place{shared_.get()});
  }
}

template <class X>
void bin_counters::take(private_bins& bins, X const* x, index_t n) {
  std::uint32_t *const now = bins.place[bins.next], *const earlier = bins.place[1 - bins.next];
  if (bins.waiting) {
    with_adder(bins, bin_block, [&](auto const& add) {
      find(rule_, x, n, now, bins.crowded, [&](index_t i, index_t count) { add(earlier + i, count); });
    });
  } else {
    find(rule_, x, n, now, bins.crowded, nothing{});
  }
  bins.waiting =
      n == bin_block && kept_ != kept::in_copies;  // copies are in L1: there is nothing to wait for
  if (bins.waiting) {
    bins.next = 1 - bins.next;
  } else {
    with_adder(bins, n, [&](auto const& add) { add(now, n); });
  }
}
template void bin_counters::take(private_bins& bins, float const* x, index_t n);
template void bin_counters::take(private_bins& bins, double const* x, index_t n);

void bin_counters::finish(private_bins& bins) {
  if (bins.waiting)
    with_adder(bins, bin_block, [&](auto const& add) { add(bins.place[1 - bins.next], bin_block); });
  bins.waiting = false;
  carry(bins);
}

void bin_counters::carry(private_bins& bins) {
  for (std::size_t k = 0; k < bins.counts.size(); ++k)
    bins.carried[k % bins.carried.size()] += bins.counts[k];
  std::fill(bins.counts.begin(), bins.counts.end(), 0);
  bins.pending = 0;
}

void bin_counters::add_to(index_t* counts) {
  auto const slots = static_cast<std::size_t>(rule_.slots());
  auto const count_of = [&](std::size_t place) -> index_t& {
    return counts[rule_.slot_at(static_cast<index_t>(place))];
  };
  for (auto const& bins : pool_.all()) {
    finish(*bins);
    for (std::size_t k = 0; k < std::min(slots, bins->carried.size()); ++k) count_of(k) += bins->carried[k];
    for (std::size_t k = 0; k < std::min(slots, bins->low.size()); ++k) count_of(k) += bins->low[k];
  }
  if (kept_ == kept::in_one_place)
    for (std::size_t k = 0; k < slots; ++k) count_of(k) += shared_[k];
}

}  // namespace prorata::host
