// The k greatest or least elements and where they are, exactly, in order.
#pragma once

#include <prorata/order_statistics.hpp>

namespace prorata {

/// Elements in order, and the index of each.
template <class T>
struct top_elements {
  std::vector<T> values;
  std::vector<index_t> indices;
};

namespace detail {

template <class K, class Load>
struct key_at_most {
  Load load;
  K limit;
  PRORATA_HD bool operator()(index_t i) const { return load(i) <= limit; }
};
template <class K, class Load>
struct key_below {
  Load load;
  K limit;
  PRORATA_HD bool operator()(index_t i) const { return load(i) < limit; }
};
template <class K, class Load>
struct key_equal {
  Load load;
  K limit;
  PRORATA_HD bool operator()(index_t i) const { return load(i) == limit; }
};

/// The keys a selection is made from: on local rank k, keys[k](i) with the index indices[k](i), for i in
/// ranges[k].
template <class LoadKey, class LoadIndex>
struct key_sources {
  std::vector<LoadKey> keys;
  std::vector<LoadIndex> indices;
  std::vector<std::pair<index_t, index_t>> ranges;
};

/// The `count` least keys, equal ones by their index, in order.
template <class K, backend S, class LoadKey, class LoadIndex>
std::vector<placed_key<K>> least_keys(team<S> const& team, key_sources<LoadKey, LoadIndex> const& from,
                                      index_t total, index_t count) {
  auto const search = search_keys<K>(team, from.keys, from.ranges, total, {count - 1});
  auto const& last = search.found().front();
  // Every rank gives all keys below the last one, and of those equal to it the first ones, rank after rank.
  std::vector<index_t> sizes, ties;
  index_t rest = count;
  for (index_t const below : last.below) rest -= below;
  for (std::size_t r = 0; r < last.below.size(); ++r) {
    ties.push_back(std::min(rest, last.equal[r]));
    rest -= ties.back();
    sizes.push_back(last.below[r] + ties.back());
  }
  std::vector<buffer<K, S>> keys;
  std::vector<buffer<index_t, S>> indices, counts;
  std::vector<K const*> my_keys;
  std::vector<index_t const*> my_indices;
  for (std::size_t k = 0; k < from.keys.size(); ++k) {
    S& s = team.streams()[k];
    auto const rank = static_cast<std::size_t>(team.first_local_rank()) + k;
    index_t const below = last.below[rank];
    K* const key = keys.emplace_back(s, sizes[rank]).data();
    index_t* const index = indices.emplace_back(s, sizes[rank]).data();
    index_t* const unused = counts.emplace_back(s, 2).data();
    my_keys.push_back(key);
    my_indices.push_back(index);
    auto const [begin, end] = from.ranges[k];
    if (below > 0)
      select_index(s, begin, end, key_below<K, LoadKey>{from.keys[k], last.key}, unused,
                   column{from.keys[k], key}, column{from.indices[k], index});
    if (ties[rank] > 0)
      select_index(s, begin, end, key_equal<K, LoadKey>{from.keys[k], last.key}, unused + 1,
                   first_column{from.keys[k], key + below, ties[rank]},
                   first_column{from.indices[k], index + below, ties[rank]});
  }
  auto const all_keys = all_gatherv_to_host<K>(team, std::span<K const* const>(my_keys), sizes);
  auto const all_indices =
      all_gatherv_to_host<index_t>(team, std::span<index_t const* const>(my_indices), sizes);
  team.sync();
  std::vector<placed_key<K>> result;
  for (std::size_t i = 0; i < all_keys.size(); ++i) result.push_back({all_keys[i], all_indices[i]});
  std::sort(result.begin(), result.end());
  return result;
}

/// Elements that are looked at to guess which keys are worth keeping.
inline constexpr index_t sample_size = 8192;

/// Where the k-th element of a sample lies: somewhere in the k-th of as many equal stretches.
struct sampled_place {
  index_t n, size;
  PRORATA_HD index_t operator()(index_t k) const {
    index_t const first = k * (n / size);
    std::uint64_t const mixed = (static_cast<std::uint64_t>(k) + 1) * 0x9e3779b97f4a7c15u;
    return first + static_cast<index_t>((mixed >> 20) % static_cast<std::uint64_t>(n / size));
  }
};
template <class K, class Load>
struct sampled_key {
  Load load;
  sampled_place place;
  index_t begin, end;
  K otherwise;
  PRORATA_HD K operator()(index_t k) const {
    index_t const i = place(k);
    return begin <= i && i < end ? load(i) : otherwise;
  }
};

/// A key that probably has at least `count` keys at or below it, and not many more; how many to expect.
template <class K>
struct guessed_limit {
  K key;
  index_t expected;
};
template <class K, backend S, class Load>
guessed_limit<K> guess_limit(team<S> const& team, std::vector<Load> const& loads,
                             std::vector<std::pair<index_t, index_t>> const& ranges, index_t n,
                             index_t count) {
  sampled_place const place{n, sample_size};
  std::vector<buffer<K, S>> mine;
  std::vector<K const*> pointers;
  for (std::size_t k = 0; k < loads.size(); ++k) {
    S& s = team.streams()[k];
    pointers.push_back(mine.emplace_back(s, sample_size).data());
    transform_index(
        s, 0, sample_size,
        sampled_key<K, Load>{loads[k], place, ranges[k].first, ranges[k].second, static_cast<K>(~K{0})},
        mine.back().data());
  }
  auto const told = all_gather_to_host<K>(team, std::span<K const* const>(pointers), sample_size);
  std::vector<K> sample(told.begin(), told.begin() + sample_size);
  for (std::size_t i = 0; i < told.size(); ++i) {
    K& here = sample[i % static_cast<std::size_t>(sample_size)];
    here = std::min(here, told[i]);  // one rank knows it, the others say the greatest key
  }
  // Four deviations above what is expected, and some for the smallest counts.
  index_t const in_sample = count / (n / sample_size) + 1;
  index_t deviation = 1;
  while (deviation * deviation < in_sample) ++deviation;
  index_t const place_in_sample = std::min(in_sample + 4 * deviation + 4, sample_size - 1);
  std::nth_element(sample.begin(), sample.begin() + place_in_sample, sample.end());
  return {sample[static_cast<std::size_t>(place_in_sample)], (place_in_sample + 1) * (n / sample_size)};
}

}  // namespace detail

/// The k first elements of x in the given direction and their indices: the k greatest, greatest first, by
/// default. Equal elements by their indices, lowest first; all of x if k > n.
///   shape   n elements over P ranks → min(k, n) values and indices, the same on every process
///   order   total_order<T>, as sort: −0 below +0, NaNs after all numbers in both directions
///   cost    mostly one read of x: a limit guessed from 8192 elements keeps little more than k of them, which
///           are then selected from exactly. Where the guess fails (many equal keys) or k > n / 8, a radix
///           select: about four reads. Only the k elements are sent
///   waits   for the result
///   throws  usage_error (k < 0), out_of_memory
template <class T, backend S>
top_elements<std::remove_const_t<T>> topk(distributed_array<T, S> const& x, index_t k,
                                          direction d = direction::descending) {
  using element = std::remove_const_t<T>;
  using K = typename total_order<element>::key_type;
  require(k >= 0, "topk: a count is not negative");
  total_order<element> const order(d);
  auto const& team = x.team();
  index_t const n = x.size();
  return detail::finishing(x)([&] {
    top_elements<element> result;
    k = std::min(k, n);
    if (k == 0) return result;

    using load_type = decltype(load_of(detail::key_in<element>{order}, 0, x));
    detail::key_sources<load_type, own_index> whole;
    for (std::size_t part = 0; part < x.parts().size(); ++part) {
      whole.keys.push_back(load_of(detail::key_in<element>{order}, part, x));
      whole.indices.push_back({});
      whole.ranges.emplace_back(x.parts()[part].begin, x.parts()[part].end());
    }

    std::vector<detail::placed_key<K>> found;
    if (n >= 16 * detail::sample_size && k <= n / 8) {
      auto const limit = detail::guess_limit<K>(team, whole.keys, whole.ranges, n, k);
      std::vector<buffer<K, S>> keys;
      std::vector<buffer<index_t, S>> indices, counts;
      for (std::size_t part = 0; part < x.parts().size(); ++part) {
        auto const& p = x.parts()[part];
        index_t const room = std::min(p.size, 2 * limit.expected);
        keys.emplace_back(*p.stream, room);
        indices.emplace_back(*p.stream, room);
        counts.emplace_back(*p.stream, 1);
        select_index(*p.stream, p.begin, p.end(),
                     detail::key_at_most<K, load_type>{whole.keys[part], limit.key}, counts.back().data(),
                     first_column{whole.keys[part], keys.back().data(), room},
                     first_column{own_index{}, indices.back().data(), room});
      }
      auto const kept = detail::kept_by_all(team, counts);
      bool enough = kept.n >= k;
      for (int rank = 0; rank < kept.ranks(); ++rank)
        enough = enough && kept.size(rank) <= std::min(x.partition().size(rank), 2 * limit.expected);
      if (enough) {
        detail::key_sources<detail::kept_keys<K>, detail::kept_keys<index_t>> left;
        for (std::size_t part = 0; part < keys.size(); ++part) {
          left.keys.push_back({keys[part].data()});
          left.indices.push_back({indices[part].data()});
          left.ranges.emplace_back(0, kept.size(x.parts()[part].rank));
        }
        found = detail::least_keys<K>(team, left, kept.n, k);
      }
    }
    if (found.empty()) found = detail::least_keys<K>(team, whole, n, k);
    for (auto const& one : found) {
      result.values.push_back(order.value(one.key));
      result.indices.push_back(one.index);
    }
    return result;
  });
}

}  // namespace prorata
