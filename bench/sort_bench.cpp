// Sorting against other libraries' sorts, on numbers drawn in several ways.
#include <algorithm>
#include <bench/crowd.hpp>
#include <bench/peers/sort_peers.hpp>
#include <bench/settings.hpp>
#include <prorata/sort.hpp>

namespace prorata::bench {
namespace {

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
    if (h.told.spoil) drawn[drawn.size() / 2] = spoiled(drawn[drawn.size() / 2]);
  }
};

template <class T>
contest sort_contest(hall& h, crowd kind) {
  auto const x = std::make_shared<numbers<T>>(h, kind);
  auto const put = [x] { copy_to(x->place, std::span<T const>(x->drawn)); };
  auto const judge = [x] { return is_sorted_form<T>(x->place, x->expected); };
  contest c{2 * static_cast<index_t>(x->place.size() * sizeof(T)), {}, {{bar::fastest_peer, 1.2}}};
  auto const ours = [x, team = h.cpu] {
    auto array = borrow(team, x->place);
    sort(array);
    team.sync();
  };
  c.contestants.push_back(entry("prorata", role::ours, put, ours, judge));
  for (auto const& other : sort_peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, put,
        [x, other] { other.sort(x->place.data(), static_cast<std::int64_t>(x->place.size())); }, judge));
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
