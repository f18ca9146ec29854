// Sending every element of an array to the rank that a rule names: by hash, by range, in turns.
#pragma once

#include <algorithm>
#include <host/fp_environment.hpp>
#include <prorata/assignments.hpp>
#include <prorata/scatter_to_ranks.hpp>
#include <prorata/slots.hpp>
#include <prorata/total_order.hpp>

namespace prorata {

namespace detail {

/// Host values on the device of every local rank. `values` must stay until the ranks have been waited for.
template <class T, backend S>
std::vector<buffer<T, S>> on_every_rank(team<S> const& team, std::span<T const> values) {
  std::vector<buffer<T, S>> copies;
  for (S& s : team.streams()) {
    copies.emplace_back(s, static_cast<index_t>(values.size()));
    s.copy(copies.back().data(), values.data(), copies.back().bytes());
  }
  return copies;
}

template <class T, backend S, class RuleOf>
distributed_array<std::remove_const_t<T>, S> distribute(distributed_array<T, S> const& x,
                                                        RuleOf const& rule_of) {
  index_t const chunk = travelling_chunk(sizeof(T), x.team().ranks());
  return scatter_to_ranks(x, rule_of, x.team().shares_memory() ? 0 : chunk);
}

struct by_slot {
  slot_ref slots;
  template <class T>
  PRORATA_HD int operator()(T const& x, index_t) const {
    return slots.rank_of(total_order<T>{}.key(x));
  }
};

/// Element k of a sample.
template <class T>
struct every_so_many {
  T const* data;
  index_t begin, stride;
  PRORATA_HD T operator()(index_t k) const { return data[k * stride - begin]; }
};

template <class T>
struct by_splitter {
  T const* splitters;
  index_t count;
  PRORATA_HD index_t operator()(T const& x, index_t) const {
    total_order<T> const order;
    auto const key = order.key(x);
    index_t at_most = 0;                     // splitters that are known not to lie above x
    for (index_t left = count; left > 0;) {  // (without a branch that nobody can predict)
      index_t const half = left - left / 2;
      at_most += key < order.key(splitters[at_most + half - 1]) ? 0 : half;
      left -= half;
    }
    return at_most;
  }
};

/// The owner of the range that x lies in.
template <class T>
struct by_range {
  by_splitter<T> range_of;
  int const* owners;
  PRORATA_HD int operator()(T const& x, index_t i) const { return owners[range_of(x, i)]; }
};

template <class T>
void require_order(std::vector<T> const& splitters) {
  total_order<T> const order;
  for (std::size_t k = 1; k < splitters.size(); ++k)
    require(order.key(splitters[k - 1]) <= order.key(splitters[k]),
            "distribute_by_range: splitter " + std::to_string(k) + " is below the one before it");
}

struct by_turns {
  block_cyclic turns;
  template <class T>
  PRORATA_HD int operator()(T const&, index_t i) const {
    return turns.rank_of(i);
  }
};

/// Where element g of an array dealt in turns lies among what its ranks sent: after[r] is where the part of
/// rank r begins, less the local position of its first element.
template <class T>
struct from_turns {
  block_cyclic turns;
  T const* received;
  index_t const* after;
  PRORATA_HD T operator()(index_t g) const {
    return received[after[turns.rank_of(g)] + turns.local_index(g)];
  }
};

}  // namespace detail

/// Every element x[i] goes to rank rule(x[i], i), where elements keep the order they had.
///   shape   rule → [0, ranks); the result's partition is what each rank got
///   cost    asks the rule twice about every element. Ranks that share memory write each element once, to
///           where it belongs; else it is dealt into a chunk of 64 MiB or more, one block for each rank,
///           which is sent while the next one is dealt: two chunks of memory per rank
///   waits   for the counts, which are told to all; to the end for borrowed arrays and rules with members
///   throws  device_error, communication_error, out_of_memory
template <class T, backend S, class F>
distributed_array<std::remove_const_t<T>, S> distribute_by(distributed_array<T, S> const& x, F const& rule) {
  return detail::finishing(x, rule)([&] { return detail::distribute(x, [&](std::size_t) { return rule; }); });
}

/// The hash partition: equal elements (of equal bits) meet on one rank, chosen through a table of slots.
/// Ranks get keys by weight, whatever the values.
template <class T, backend S>
distributed_array<std::remove_const_t<T>, S> distribute_by_hash(distributed_array<T, S> const& x,
                                                                slot_table const& slots) {
  require(slots.ranks() <= x.team().ranks(), "distribute_by_hash: the table names ranks that the team lacks");
  return detail::finishing(x)([&] {
    auto const tables = detail::on_every_rank(x.team(), slots.table());
    return detail::distribute(x, [&](std::size_t k) {
      return detail::by_slot{{tables[k].data(), slots.seed()}};
    });
  });
}

/// The range partition: rank r gets what lies at or above splitter r − 1 and below splitter r, in the total
/// order of `sort` (−0 before +0, NaN last).
///   shape   splitters: one fewer than ranks, never decreasing
template <class T, backend S>
distributed_array<T, S> distribute_by_range(distributed_array<T, S> const& x,
                                            std::vector<T> const& splitters) {
  require(static_cast<int>(splitters.size()) == x.team().ranks() - 1,
          "distribute_by_range: one splitter between every two ranks");
  detail::require_order(splitters);
  return detail::finishing(x)([&] {
    auto const copies = detail::on_every_rank(x.team(), std::span<T const>(splitters));
    return detail::distribute(x, [&](std::size_t k) {
      return detail::by_splitter<T>{copies[k].data(), static_cast<index_t>(splitters.size())};
    });
  });
}

/// Ranges of keys and the ranks that have them. Ranks without a range have nothing, wherever they stand:
/// there is no splitter that the keys of a rank at the end could lie above.
///   example  splitters 10 20, owners 1 2 4: rank 1 has what lies below 10, rank 2 [10, 20), rank 4 the rest
template <class T>
struct key_ranges {
  std::vector<T> splitters;  ///< between neighbouring ranges, in the total order of `sort`; never decreasing
  std::vector<int> owners;   ///< the rank of each range, increasing; one more than splitters
};

/// The range partition over some of the ranks.
template <class T, backend S>
distributed_array<T, S> distribute_by_range(distributed_array<T, S> const& x, key_ranges<T> const& ranges) {
  require(ranges.owners.size() == ranges.splitters.size() + 1,
          "distribute_by_range: one splitter between every two ranges");
  for (std::size_t k = 0; k < ranges.owners.size(); ++k)
    require(ranges.owners[k] >= 0 && ranges.owners[k] < x.team().ranks() &&
                (k == 0 || ranges.owners[k - 1] < ranges.owners[k]),
            "distribute_by_range: owners are ranks of the team, each above the one before it");
  detail::require_order(ranges.splitters);
  return detail::finishing(x)([&] {
    auto const splitters = detail::on_every_rank(x.team(), std::span<T const>(ranges.splitters));
    auto const owners = detail::on_every_rank(x.team(), std::span<int const>(ranges.owners));
    return detail::distribute(x, [&](std::size_t k) {
      return detail::by_range<T>{{splitters[k].data(), static_cast<index_t>(ranges.splitters.size())},
                                 owners[k].data()};
    });
  });
}

/// Elements that splitters are chosen from.
inline constexpr index_t splitter_sample = index_t{1} << 16;

namespace detail {
/// A sample of n elements is every so many of them: elements 0, stride, 2 · stride, …
inline index_t sample_stride(index_t n, index_t sample) {
  return std::max(index_t{1}, (n + sample - 1) / sample);
}

/// The weighted quantiles of a sample, between the ranks that have a weight.
///   throws  usage_error for weights that apportion() refuses, and where all of them are zero
template <class T>
key_ranges<T> ranges_of(std::vector<T> sample, std::span<double const> weights) {
  require_weights(weights, true);
  std::sort(sample.begin(), sample.end(), total_order<T>());
  auto const shares = apportion(static_cast<index_t>(sample.size()), weights);
  key_ranges<T> ranges;
  index_t place = 0;
  for (std::size_t r = 0; r < shares.size(); ++r) {
    if (host::canonically([&] { return weights[r] == 0; })) continue;
    if (!ranges.owners.empty())
      ranges.splitters.push_back(sample.empty() ? T{}
                                 : place < static_cast<index_t>(sample.size())
                                     ? sample[static_cast<std::size_t>(place)]
                                     : sample.back());
    ranges.owners.push_back(static_cast<int>(r));
    place += shares[r];
  }
  return ranges;
}
}  // namespace detail

/// Ranges that give each rank elements in proportion to its weight: their splitters are the weighted quantiles
/// of a sample, which is every so many elements of the array and so does not depend on where it is cut.
///   shape   one range for each weight but 0; a rank of weight 0 gets nothing
///   error   with m elements in the sample, a share is off by about n/√m elements (and by what equal elements
///           keep together)
///   cost    reads and gathers at most `sample` elements
///   throws  usage_error for weights that apportion() refuses, and where all of them are zero
template <class T, backend S>
key_ranges<T> range_splitters(distributed_array<T, S> const& x, std::span<double const> weights,
                              index_t sample = splitter_sample) {
  return detail::finishing(x)([&] {
    index_t const stride = detail::sample_stride(x.size(), sample);
    // Element k of the sample is x[k · stride]; a rank has those of its part.
    auto const first_of = [&](index_t cut) { return (cut + stride - 1) / stride; };
    index_t longest = 0;
    for (int r = 0; r < x.partition().ranks(); ++r)
      longest = std::max(longest, first_of(x.partition().end(r)) - first_of(x.partition().begin(r)));
    std::vector<buffer<T, S>> taken;
    std::vector<T const*> mine;
    for (auto const& p : x.parts()) {
      taken.emplace_back(*p.stream, longest);
      mine.push_back(taken.back().data());
      transform_index(*p.stream, first_of(p.begin), first_of(p.end()),
                      detail::every_so_many<T>{p.data, p.begin, stride}, taken.back().data());
    }
    auto const all = all_gather_to_host<T>(x.team(), std::span<T const* const>(mine), longest);
    std::vector<T> sampled;
    for (int r = 0; r < x.partition().ranks(); ++r)
      sampled.insert(
          sampled.end(), all.begin() + r * longest,
          all.begin() + r * longest + first_of(x.partition().end(r)) - first_of(x.partition().begin(r)));
    return detail::ranges_of(std::move(sampled), weights);
  });
}

/// Deals the elements to the ranks in turns: rank r's local element j is x[turns.global_index(r, j)].
template <class T, backend S>
distributed_array<std::remove_const_t<T>, S> deal(distributed_array<T, S> const& x,
                                                  block_cyclic const& turns) {
  require(turns.n == x.size() && turns.ranks == x.team().ranks(),
          "deal: the turns are of as many elements and ranks as the array");
  return distribute_by(x, self_contained{detail::by_turns{turns}});
}

/// The way back: an array dealt in turns becomes one whose element i is element i of what was dealt.
///   cost   every element is sent once and copied once; no multisplit, for each rank's elements are in order
///   waits  for the result
template <class T, backend S>
distributed_array<std::remove_const_t<T>, S> collect(distributed_array<T, S> const& dealt,
                                                     block_cyclic const& turns, partition const& to) {
  using element = std::remove_const_t<T>;
  auto const& team = dealt.team();
  int const ranks = team.ranks();
  require(turns.n == dealt.size() && turns.ranks == ranks && to.n == turns.n && to.ranks() == ranks,
          "collect: array, turns and partition are of as many elements and ranks");
  for (int r = 0; r < ranks; ++r)
    require(dealt.partition().size(r) == turns.size(r), "collect: the array was not dealt in these turns");
  return detail::finishing(dealt)([&] {
    // How many of rank r's elements lie before index `cut`.
    auto const before = [&](int r, index_t cut) {
      index_t const round = turns.block * turns.ranks, rest = cut % round - r * turns.block;
      return cut / round * turns.block + std::clamp(rest, index_t{0}, turns.block);
    };
    std::vector<index_t> counts;
    for (int r = 0; r < ranks; ++r)
      for (int q = 0; q < ranks; ++q) counts.push_back(before(r, to.end(q)) - before(r, to.begin(q)));
    std::vector<element const*> send;
    for (auto const& p : dealt.parts()) send.push_back(p.data);
    auto const received = exchange<element>(team, send, counts);
    distributed_array<element, S> whole(team, to);
    std::vector<std::vector<index_t>> afters(whole.parts().size());  // for as long as they are read
    drain_on_unwind const unwinding(team);
    for (std::size_t k = 0; k < whole.parts().size(); ++k) {
      auto const& p = whole.parts()[k];
      auto& after = afters[k];
      index_t start = 0;
      for (int r = 0; r < ranks; ++r) {
        after.push_back(start - before(r, p.begin));
        start += counts[static_cast<std::size_t>(r * ranks + p.rank)];
      }
      buffer<index_t, S> const starts(*p.stream, ranks);
      p.stream->copy(starts.data(), after.data(), starts.bytes());
      transform_index(*p.stream, p.begin, p.end(),
                      detail::from_turns<element>{turns, received[k].data(), starts.data()}, p.data);
    }
    team.sync();
    return whole;
  });
}

}  // namespace prorata
