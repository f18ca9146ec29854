// Sorting against other libraries' sorts, on numbers drawn in several ways; and by key, and places.
#include <tbb/parallel_for.h>

#include <bench/peers/sort_peers.hpp>
#include <bench/settings.hpp>
#include <bit>
#include <cstring>
#include <prorata/sort.hpp>

namespace prorata::bench {
namespace {

/// How the elements of a sort are drawn.
enum class crowd { random, few, one_heavy, sorted };

std::uint64_t scattered_bits(std::uint64_t seed, index_t i) {  // splitmix64
  std::uint64_t h = seed + (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

template <class T>
T element(crowd kind, std::uint64_t seed, index_t i, index_t n) {
  std::uint64_t h = scattered_bits(seed, i);
  if (kind == crowd::few) h = scattered_bits(seed, static_cast<index_t>(h % 1000));
  if (kind == crowd::one_heavy && h % 10 != 0) h = seed;
  if (kind == crowd::sorted)
    h = static_cast<std::uint64_t>(i) * (~std::uint64_t{0} / static_cast<std::uint64_t>(n));
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(static_cast<double>(h >> 11) * 0x1p-53) - T{0.5};
  } else {
    return static_cast<T>(h >> (64 - 8 * sizeof(T)));
  }
}

/// What does not depend on the order of elements: sums of their bits and of their scattered bits.
struct fingerprint {
  std::uint64_t sum = 0, scattered = 0;
  template <class T>
  void take(T const& x) {
    auto const bits = std::bit_cast<typename total_order<T>::key_type>(x);
    sum += bits;
    scattered += scattered_bits(bits, 1);
  }
  bool operator==(fingerprint const&) const = default;
};

/// The numbers of one contest, and the place they are sorted in.
template <class T>
struct numbers {
  std::vector<T> drawn;
  fingerprint expected;
  std::span<T> place;

  numbers(hall& h, crowd kind) {
    index_t const n = std::min<index_t>(h.told.bytes / static_cast<index_t>(sizeof(T)), index_t{1} << 25);
    drawn.resize(static_cast<std::size_t>(n));
    place = h.memory.get<T>(arrays::out).first(drawn.size());
    for (index_t i = 0; i < n; ++i) {
      drawn[static_cast<std::size_t>(i)] = element<T>(kind, h.told.seed, i, n);
      expected.take(drawn[static_cast<std::size_t>(i)]);
    }
    if (h.told.spoil) drawn[drawn.size() / 2] += T{1};
  }
  void put() const {
    tbb::parallel_for(std::size_t{0}, drawn.size() / 4096 + 1, [&](std::size_t k) {
      std::size_t const begin = k * 4096, end = std::min(begin + 4096, drawn.size());
      if (begin < end) std::memcpy(place.data() + begin, drawn.data() + begin, (end - begin) * sizeof(T));
    });
  }
  verdict judge() const {
    fingerprint found;
    bool ascends = true;
    for (std::size_t i = 0; i < place.size(); ++i) {
      found.take(place[i]);
      ascends &= i == 0 || !(place[i] < place[i - 1]);
    }
    return {ascends && found == expected};
  }
};

template <class F>
double seconds_of(F const& f) {
  auto const start = std::chrono::steady_clock::now();
  f();
  benchmark::ClobberMemory();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Every contestant gets the numbers as they were drawn; putting them there is not timed.
template <class T, class Work>
contestant sorter(std::shared_ptr<numbers<T>> const& x, std::string name, role part, Work work) {
  return {std::move(name), part,
          [=] {
            x->put();
            work();
            return x->judge();
          },
          [=] {
            x->put();
            return seconds_of(work);
          }};
}

template <class T>
contest sort_contest(hall& h, crowd kind) {
  auto const x = std::make_shared<numbers<T>>(h, kind);
  contest c{2 * static_cast<index_t>(x->place.size() * sizeof(T)), {}, {{bar::fastest_peer, 1.2}}};
  c.contestants.push_back(sorter(x, "prorata", role::ours, [x, team = h.cpu] {
    auto array = borrow(team, x->place);
    sort(array);
    team.sync();
  }));
  for (auto const& other : sort_peers<T>())
    c.contestants.push_back(sorter(x, other.name, role::peer, [x, other] {
      other.sort(x->place.data(), static_cast<std::int64_t>(x->place.size()));
    }));
  return c;
}

}  // namespace

void add_sorts(hall& h) {
  h.add("sort/random/u32", [&h] { return sort_contest<std::uint32_t>(h, crowd::random); });
  h.add("sort/random/u64", [&h] { return sort_contest<std::uint64_t>(h, crowd::random); });
  h.add("sort/random/f32", [&h] { return sort_contest<float>(h, crowd::random); });
  h.add("sort/random/f64", [&h] { return sort_contest<double>(h, crowd::random); });
  h.add("sort/few/u64", [&h] { return sort_contest<std::uint64_t>(h, crowd::few); });
  h.add("sort/one heavy/u64", [&h] { return sort_contest<std::uint64_t>(h, crowd::one_heavy); });
  h.add("sort/sorted/u64", [&h] { return sort_contest<std::uint64_t>(h, crowd::sorted); });
}

}  // namespace prorata::bench
