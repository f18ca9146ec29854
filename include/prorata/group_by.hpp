// group_by: the aggregates of all rows that share a key, the same bits over every split.
#pragma once

#include <cstring>
#include <prorata/elements.hpp>
#include <prorata/exchange.hpp>
#include <prorata/groups.hpp>

namespace prorata {

/// What group_by can be asked for; counts are always given. Combine with |.
enum class aggregate : unsigned { count = 0, sum = 1, mean = 2, variance = 4, min = 8, max = 16, all = 31 };

PRORATA_HD constexpr aggregate operator|(aggregate a, aggregate b) {
  return static_cast<aggregate>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
PRORATA_HD constexpr bool asks(aggregate wanted, aggregate one) {
  return (static_cast<unsigned>(wanted) & static_cast<unsigned>(one)) != 0;
}

/// One row a key, in ascending order of keys. Arrays that were not asked for are empty; the others are cut
/// alike.
template <class K, class V, backend S>
struct grouped {
  distributed_array<K, S> keys;
  distributed_array<index_t, S> counts;
  distributed_array<group_sum_type<V>, S> sums;  ///< double, std::int64_t or std::uint64_t
  distributed_array<double, S> means, variances;
  distributed_array<V, S> minima, maxima;

  index_t size() const { return keys.size(); }
};

namespace detail {

template <class K>
struct word_to_key {
  PRORATA_HD K operator()(std::uint64_t word) const { return decoded_key<K>(word); }
};
template <class T>
struct word_to_bits {
  PRORATA_HD T operator()(std::uint64_t word) const { return std::bit_cast<T>(word); }
};
template <class V>
struct word_to_value {
  PRORATA_HD V operator()(std::uint64_t word) const {
    auto const wide = std::bit_cast<group_sum_type<V>>(word);
    if constexpr (std::is_same_v<V, half>) {
      return to_half(wide);
    } else if constexpr (std::is_same_v<V, boolean8>) {
      return boolean8{static_cast<unsigned char>(wide)};
    } else {
      return static_cast<V>(wide);
    }
  }
};

/// The key of record i·of/samples.
struct sampled_record_key {
  std::byte const* records;
  index_t record_bytes, count, samples;
  PRORATA_HD std::uint64_t operator()(index_t i) const {
    if (count == 0) return 0;
    auto const at = static_cast<index_t>(static_cast<__int128>(i) * count / samples);
    return *reinterpret_cast<std::uint64_t const*>(records + at * record_bytes);
  }
};

/// How many records have keys below splitter i.
struct records_below {
  std::byte const* records;
  index_t record_bytes, count;
  std::uint64_t const* splitters;
  PRORATA_HD index_t operator()(index_t i) const {
    index_t first = 0;
    for (index_t rest = count; rest > 0;) {
      index_t const half = rest / 2;
      std::uint64_t const key =
          *reinterpret_cast<std::uint64_t const*>(records + (first + half) * record_bytes);
      if (key < splitters[i]) {
        first += half + 1;
        rest -= half + 1;
      } else {
        rest = half;
      }
    }
    return first;
  }
};

/// Keys at which sorted records are cut, so that each rank's share of them is its share of the rows.
///   shape  samples of each rank, and how many records it has → ranks − 1 keys, not decreasing
inline std::vector<std::uint64_t> group_splitters(std::vector<std::uint64_t> const& samples,
                                                  std::vector<index_t> const& records,
                                                  partition const& rows) {
  struct weighted {
    std::uint64_t key;
    index_t weight;
  };
  std::vector<weighted> all;
  std::size_t const per_rank = samples.size() / records.size();
  index_t total = 0;
  for (std::size_t k = 0; k < samples.size(); ++k) {
    if (records[k / per_rank] == 0) continue;
    all.push_back({samples[k], records[k / per_rank]});
    total += all.back().weight;
  }
  std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.key < b.key; });
  std::vector<std::uint64_t> splitters;
  std::size_t next = 0;
  index_t before = 0;
  for (int rank = 0; rank + 1 < rows.ranks(); ++rank) {
    auto const wanted =
        static_cast<index_t>(static_cast<__int128>(total) * rows.end(rank) / std::max<index_t>(rows.n, 1));
    while (next < all.size() && before < wanted) before += all[next++].weight;
    splitters.push_back(next < all.size() ? all[next].key : ~std::uint64_t{0});
  }
  return splitters;
}

/// The records of every rank in order of keys on all ranks together: each rank gets one sorted run from every
/// other.
template <backend S>
std::vector<buffer<std::byte, S>> exchange_records(team<S> const& team, partition const& rows,
                                                   index_t record_size,
                                                   std::vector<buffer<std::byte, S>> const& packed,
                                                   std::vector<index_t> const& mine,
                                                   std::vector<index_t>& counts) {
  int const ranks = team.ranks();
  auto const records = all_gather_to_host<index_t>(team, mine, 1);

  // splitters from regular samples
  index_t const samples = 64 * ranks;
  std::vector<buffer<std::uint64_t, S>> sampled;
  std::vector<std::uint64_t const*> sample_pointers;
  for (int k = 0; k < team.local_ranks(); ++k) {
    auto const at = static_cast<std::size_t>(k);
    S& s = team.streams()[at];
    sampled.emplace_back(s, samples);
    sample_pointers.push_back(sampled.back().data());
    transform_index(s, 0, samples, sampled_record_key{packed[at].data(), record_size, mine[at], samples},
                    sampled.back().data());
  }
  auto const splitters =
      group_splitters(all_gather_to_host<std::uint64_t>(team, sample_pointers, samples), records, rows);

  // where they cut each rank's records
  drain_on_unwind const unwinding(team);
  std::vector<buffer<std::uint64_t, S>> placed;
  std::vector<buffer<index_t, S>> below;
  std::vector<index_t const*> below_pointers;
  for (int k = 0; k < team.local_ranks(); ++k) {
    auto const at = static_cast<std::size_t>(k);
    S& s = team.streams()[at];
    placed.emplace_back(s, ranks - 1);
    below.emplace_back(s, ranks - 1);
    below_pointers.push_back(below.back().data());
    s.copy(placed.back().data(), splitters.data(), placed.back().bytes());
    transform_index(s, 0, index_t{ranks} - 1,
                    records_below{packed[at].data(), record_size, mine[at], placed.back().data()},
                    below.back().data());
  }
  auto const cuts = all_gather_to_host<index_t>(team, below_pointers, ranks - 1);
  counts.clear();
  for (int r = 0; r < ranks; ++r) {
    index_t before = 0;
    for (int q = 0; q < ranks; ++q) {
      // the last rank that has rows takes all that is left, the last of all keys included
      index_t const end = rows.end(q) < rows.n ? cuts[static_cast<std::size_t>(r * (ranks - 1) + q)]
                                               : records[static_cast<std::size_t>(r)];
      counts.push_back(end - before);
      before = end;
    }
  }
  std::vector<index_t> bytes;
  for (index_t const c : counts) bytes.push_back(c * record_size);
  std::vector<std::byte const*> send;
  for (auto const& p : packed) send.push_back(p.data());
  return exchange<std::byte>(team, send, bytes);
}

template <class S>
using groups_of = decltype(merge_groups(std::declval<S&>(), group_plan{}, std::vector<record_run>{}));

/// What groups of values of type V keep for what is asked of them.
template <class V>
group_plan plan_of(aggregate wanted, std::int64_t ddof) {
  require(ddof >= 0, "group_by: ddof is at least 0");
  return {addend_of<V>,
          {asks(wanted, aggregate::variance)                ? 2
           : asks(wanted, aggregate::sum | aggregate::mean) ? 1
                                                            : 0,
           asks(wanted, aggregate::min | aggregate::max)},
          ddof};
}

/// group_by of rows whose keys and values are keys_of(k)(i) and values_of(k)(i) on local rank k; they are cut
/// as `rows` is.
template <class key, class value, class Row, backend S, class KeysOf, class ValuesOf>
grouped<key, value, S> group_each(distributed_array<Row, S> const& rows, KeysOf const& keys_of,
                                  ValuesOf const& values_of, aggregate wanted, std::int64_t ddof) {
  auto const& team = rows.team();
  auto const plan = plan_of<value>(wanted, ddof);
  bool const alone = team.ranks() == 1;

  // local work: each rank groups its own rows
  std::vector<groups_of<S>> groups;
  for (std::size_t k = 0; k < rows.parts().size(); ++k) {
    auto const& p = rows.parts()[k];
    groups.push_back(start_groups(*p.stream, plan, p.begin, p.end(), keys_of(k), values_of(k), alone));
  }
  team.sync();
  bool overflowed = false;
  for (std::size_t k = 0; k < groups.size(); ++k)
    overflowed = resolve_overflow(team.streams()[k], groups[k]) || overflowed;
  if (overflowed) team.sync();

  // bytes: sorted records to the rank that their keys belong to; local work: it merges them
  std::vector<buffer<std::byte, S>> packed, received;
  if (!alone) {
    index_t const size = record_bytes(plan);
    std::vector<index_t> mine, counts;
    for (std::size_t k = 0; k < groups.size(); ++k) {
      S& s = team.streams()[k];
      mine.push_back(groups[k].records());
      packed.emplace_back(s, mine.back() * size);
      read_records(s, groups[k], packed.back().data());
    }
    received = exchange_records(team, rows.partition(), size, packed, mine, counts);
    groups.clear();
    for (int k = 0; k < team.local_ranks(); ++k) {
      std::vector<record_run> runs;
      std::byte const* next = received[static_cast<std::size_t>(k)].data();
      for (int r = 0; r < team.ranks(); ++r) {
        index_t const count =
            counts[static_cast<std::size_t>(r * team.ranks() + team.first_local_rank() + k)];
        runs.push_back({next, count});
        next += count * size;
      }
      groups.push_back(merge_groups(team.streams()[static_cast<std::size_t>(k)], plan, std::move(runs)));
    }
    team.sync();
  }

  // columns
  std::vector<index_t> sizes;
  for (auto const& g : groups) sizes.push_back(g.count());
  auto const cuts = partition_by_sizes(all_gather_to_host<index_t>(team, sizes, 1));
  auto const none = partition_by_sizes(std::vector<index_t>(static_cast<std::size_t>(team.ranks())));
  auto const column = [&]<class T, class Convert>(group_column which, bool asked, Convert convert, T) {
    distributed_array<T, S> out(team, asked ? cuts : none);
    if (asked)
      for (std::size_t k = 0; k < groups.size(); ++k)
        read_groups(*out.parts()[k].stream, groups[k], which, convert, out.parts()[k].data);
    return out;
  };
  using sum = group_sum_type<value>;
  grouped<key, value, S> result{
      column(group_column::key, true, word_to_key<key>{}, key{}),
      column(group_column::count, true, word_to_bits<index_t>{}, index_t{}),
      column(group_column::sum, asks(wanted, aggregate::sum), word_to_bits<sum>{}, sum{}),
      column(group_column::mean, asks(wanted, aggregate::mean), word_to_bits<double>{}, double{}),
      column(group_column::variance, asks(wanted, aggregate::variance), word_to_bits<double>{}, double{}),
      column(group_column::least, asks(wanted, aggregate::min), word_to_value<value>{}, value{}),
      column(group_column::greatest, asks(wanted, aggregate::max), word_to_value<value>{}, value{})};
  team.sync();
  return result;
}

}  // namespace detail

/// Groups rows by key: key i belongs to value i.
///   shape     two arrays of n rows, cut alike → g ≤ n keys, ascending, and as many counts, sums, …
///   keys      −0 and +0 are one key, all NaNs are one, the last (NumPy's unique; pandas with dropna=False)
///   sums      floats are added exactly and rounded once to double, so no order and no split shows; integers
///             modulo 2^64. Means and variances come from the exact sums, rounded once
///   extremes  as minimum and maximum of IEEE 754-2019: a NaN in a group is its minimum and its maximum
///   cost      reads every row once; per group about 48 bytes (32 for a sum alone). Where groups are many,
///             the host writes and reads 16 bytes a row besides; a GPU always does, and it sorts the rows
///             where groups are too many for its table. One record of each group and rank is sent
///   capacity  2^42 rows
///   waits     for the number of groups
///   throws    usage_error (arrays not cut alike), device_error, communication_error, out_of_memory
///   source    exact states by integer limbs: R. M. Neal, arXiv 1505.05571, windowed; local aggregation
///             before the exchange: Graefe 1993; splitters: regular sampling, Shi and Schaeffer 1992
template <class K, class V, backend S>
grouped<std::remove_const_t<K>, std::remove_const_t<V>, S> group_by(distributed_array<K, S> const& keys,
                                                                    distributed_array<V, S> const& values,
                                                                    aggregate wanted, std::int64_t ddof = 0) {
  require_alike(keys, values);
  return detail::finishing(keys, values)([&] {
    return detail::group_each<std::remove_const_t<K>, std::remove_const_t<V>>(
        keys, [&](std::size_t k) { return load_of(identity{}, k, keys); },
        [&](std::size_t k) { return load_of(identity{}, k, values); }, wanted, ddof);
  });
}

/// Counts the rows of every key.
template <class K, backend S>
auto group_by(distributed_array<K, S> const& keys) {
  return group_by(keys, keys, aggregate::count);
}

}  // namespace prorata
