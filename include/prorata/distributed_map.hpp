// distributed_map: a hash table over the ranks of a team, whose keys are placed by weight through a table of slots.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <prorata/elements.hpp>
#include <prorata/exchange.hpp>
#include <prorata/finishing.hpp>
#include <prorata/hash_map.hpp>
#include <prorata/host.hpp>
#include <prorata/slots.hpp>
#include <string>
#include <utility>
#include <vector>

namespace prorata {

namespace detail {

/// The rank of element i's key.
template <class K>
struct rank_of_key {
  slot_ref slots;
  K const* keys;
  index_t begin;
  index_t operator()(index_t i) const { return slots.rank_of(std::bit_cast<word_of<K>>(keys[i - begin])); }
};

/// Where the keys of a batch go, and how what they are answered comes back. The table of slots stays meanwhile.
template <hash_key K, class S>
class key_routes {
 public:
  /// Counts; all ranks are told.
  key_routes(distributed_array<K, S> const& keys, slot_table const& slots)
      : keys_(&keys), slots_(slots.ref()), ranks_(keys.team().ranks()) {
    auto const& team = keys.team();
    std::vector<buffer<index_t, S>> counts;
    std::vector<index_t const*> pointers;
    for (auto const& p : keys.parts()) {
      places_.emplace_back(*p.stream, multisplit_places(*p.stream, p.size, ranks_));
      counts.emplace_back(*p.stream, index_t{ranks_});
      pointers.push_back(counts.back().data());
      count_buckets(*p.stream, p.begin, p.end(), ranks_, rule(p), places_.back().data(),
                    counts.back().data());
    }
    counts_ = all_gather_to_host<index_t>(team, std::span<index_t const* const>(pointers), ranks_);
    for (auto const& p : keys.parts()) {
      starts_.emplace_back();
      index_t before = 0;
      for (int q = 0; q < ranks_; ++q) {
        starts_.back().push_back(before);
        before += counts_[static_cast<std::size_t>(p.rank * ranks_ + q)];
      }
    }
  }

  /// Every element of x, which is cut as the keys are, at the rank of its key: in the order of the whole batch.
  template <class T>
  std::vector<buffer<std::remove_const_t<T>, S>> send(distributed_array<T, S> const& x) const {
    using element = std::remove_const_t<T>;
    std::vector<buffer<element, S>> outgoing;
    std::vector<std::vector<element*>> targets;
    std::vector<element const*> pointers;
    drain_on_unwind const unwinding(x.team());
    for (std::size_t k = 0; k < x.parts().size(); ++k) {
      auto const& p = x.parts()[k];
      outgoing.emplace_back(*p.stream, p.size);
      pointers.push_back(outgoing.back().data());
      targets.emplace_back();
      for (index_t const start : starts_[k]) targets.back().push_back(outgoing.back().data() + start);
      scatter_buckets(*p.stream, p.begin, p.end(), ranks_, rule(keys_->parts()[k]), load_of(identity{}, k, x),
                      places_[k].data(), targets.back().data());
    }
    auto received = exchange<element>(x.team(), pointers, counts_);
    x.team().sync();
    return received;
  }

  /// The way back: answers in the order in which keys were received, to where the keys stand.
  template <class T>
  void answer(std::vector<buffer<T, S>> const& answers, distributed_array<T, S> const& to) const {
    std::vector<index_t> back(counts_.size());
    for (int r = 0; r < ranks_; ++r)
      for (int q = 0; q < ranks_; ++q)
        back[static_cast<std::size_t>(q * ranks_ + r)] = counts_[static_cast<std::size_t>(r * ranks_ + q)];
    std::vector<T const*> pointers;
    for (auto const& a : answers) pointers.push_back(a.data());
    drain_on_unwind const unwinding(to.team());
    auto const returned = exchange<T>(to.team(), pointers, back);
    for (std::size_t k = 0; k < to.parts().size(); ++k) {
      auto const& p = to.parts()[k];
      p.stream->enqueue([&s = *p.stream, &p, rank_of = rule(keys_->parts()[k]), starts = starts_[k].data(),
                         places = places_[k].data(), from = returned[k].data(), ranks = ranks_] {
        s.parallel(multisplit_places(s, p.size, 1), [&](index_t grain) {
          std::vector<index_t> next(starts, starts + ranks);
          for (int q = 0; q < ranks; ++q) next[static_cast<std::size_t>(q)] += places[grain * ranks + q];
          host::detail::each_of_grain(p.begin, p.end(), grain, [&](index_t i) {
            p.data[i - p.begin] = from[next[static_cast<std::size_t>(rank_of(i))]++];
          });
        });
      });
    }
    to.team().sync();
  }

 private:
  template <class Part>
  rank_of_key<std::remove_const_t<K>> rule(Part const& p) const {
    return {slots_, p.data, p.begin};
  }

  distributed_array<K, S> const* keys_;
  slot_ref slots_;
  int ranks_;
  std::vector<buffer<index_t, S>> places_;    // of each local rank's grains
  std::vector<index_t> counts_;               // ranks × ranks: what rank r sends to rank q
  std::vector<std::vector<index_t>> starts_;  // of each local rank: where what goes to rank q begins
};

}  // namespace detail

/// A distributed_map as something to look into, where all its ranks are in this process: in a stream's functions, for
/// one. Valid until the map changes.
template <hash_key K, hash_value V>
class distributed_map_ref {
 public:
  /// By distributed_map::ref().
  distributed_map_ref(slot_ref slots, std::vector<hash_map_ref<K, V>> tables)
      : slots_(slots), tables_(std::move(tables)) {}
  /// Where the value of a key lies, or null.
  V const* find(K key) const {
    int const rank = slots_.rank_of(std::bit_cast<detail::word_of<K>>(key));
    return tables_[static_cast<std::size_t>(rank)].find(key);
  }
  bool contains(K key) const { return find(key) != nullptr; }

 private:
  slot_ref slots_;
  std::vector<hash_map_ref<K, V>> tables_;  // of each rank
};

struct distributed_map_options {
  std::vector<double> weights{};  ///< one a rank of the team; none: equal
  double max_load = 0.8;          ///< of the tables' places
  std::uint64_t seed = 0;         ///< of the slots and the tables
};

/// Pairs by key over the ranks of a team of CPUs, in this process or in several: a key's slot says which rank has it.
/// Every operation takes a batch, which is an array over the same team, cut anyhow, and every process calls it.
///   placement  2^16 slots by Webster's method; a change of weights moves the surplus and nothing else
///   batches    as hash_map: the order of a batch is that of its indices, so that contents and answers are the same on
///              any team, for any cuts and weights
///   cost       a shuffle by slot, the tables' work on all ranks at a time, and for answers a shuffle back
///   memory     a hash_map a rank; of a batch, what each rank has of it and what belongs to it, twice
///   throws     usage_error (arrays that are not cut alike, another team), out_of_memory (what came into the map until
///              then is there), communication_error
template <hash_key K, hash_value V, backend S = host::stream>
requires std::same_as<S, host::stream>
class distributed_map {
 public:
  explicit distributed_map(prorata::team<S> team, distributed_map_options const& o = {})
      : team_(std::move(team)), slots_(weights_for(team_, o.weights), o.seed) {
    for (S const& s : team_.streams())
      tables_.emplace_back(hash_map_options{o.max_load, o.seed, s.threads()});
  }

  prorata::team<S> const& team() const { return team_; }
  slot_table const& slots() const { return slots_; }

  /// Of all ranks; and of one of this process.
  index_t size() const {
    std::vector<index_t> mine;
    for (auto const& t : tables_) mine.push_back(t.size());
    index_t sum = 0;
    for (index_t const n : all_gather_to_host<index_t>(team_, mine, 1)) sum += n;
    return sum;
  }
  hash_map<K, V> const& local(int rank) const {
    require(rank >= team_.first_local_rank() && rank < team_.first_local_rank() + team_.local_ranks(),
            "distributed_map: rank " + std::to_string(rank) + " is not one of this process");
    return tables_[static_cast<std::size_t>(rank - team_.first_local_rank())];
  }

  ///   throws  usage_error: ranks are in other processes, which find() asks for whole batches
  distributed_map_ref<K, V> ref() const {
    require(team_.local_ranks() == team_.ranks(),
            "distributed_map: some of its ranks are in other processes; find() asks them");
    std::vector<hash_map_ref<K, V>> tables;
    for (auto const& t : tables_) tables.push_back(t.ref());
    return {slots_.ref(), std::move(tables)};
  }

  /// As those of hash_map; they return how many keys are new, over all ranks.
  index_t insert(distributed_array<K, S> const& keys, distributed_array<V, S> const& values) {
    return change(keys, values, [](auto& t, auto k, auto v) { return t.insert(k, v); });
  }
  index_t insert_or_assign(distributed_array<K, S> const& keys, distributed_array<V, S> const& values) {
    return change(keys, values, [](auto& t, auto k, auto v) { return t.insert_or_assign(k, v); });
  }
  index_t accumulate(distributed_array<K, S> const& keys,
                     distributed_array<V, S> const& values) requires(std::is_arithmetic_v<V>) {
    return change(keys, values, [](auto& t, auto k, auto v) { return t.accumulate(k, v); });
  }
  /// values become what the map has of their keys.
  index_t find_or_insert(distributed_array<K, S> const& keys, distributed_array<V, S>& values) {
    check(keys, values);
    return detail::finishing(keys, values)([&] {
      detail::key_routes const routes(keys, slots_);
      auto const k = routes.send(keys);
      auto const v = routes.send(values);
      index_t const fresh = on_all([&](std::size_t at) {
        return tables_[at].find_or_insert(span_of(k[at]), {v[at].data(), size_of(v[at])});
      });
      routes.answer(v, values);
      return fresh;
    });
  }

  /// values[i] = what the map has of key i, or `missing`; found[i] says whether it has it.
  void find(distributed_array<K, S> const& keys, distributed_array<V, S>& values,
            distributed_array<bool, S>& found, V missing = {}) const {
    check(keys, values, found);
    detail::finishing(keys, values, found)([&] {
      detail::key_routes const routes(keys, slots_);
      auto const k = routes.send(keys);
      auto const v = like<V>(k);
      auto const f = like<bool>(k);
      on_all([&](std::size_t at) {
        tables_[at].find(span_of(k[at]), {v[at].data(), size_of(v[at])}, {f[at].data(), size_of(f[at])},
                         missing);
        return index_t{0};
      });
      routes.answer(v, values);
      routes.answer(f, found);
    });
  }
  void find(distributed_array<K, S> const& keys, distributed_array<V, S>& values, V missing = {}) const {
    check(keys, values);
    detail::finishing(keys, values)([&] {
      detail::key_routes const routes(keys, slots_);
      auto const k = routes.send(keys);
      auto const v = like<V>(k);
      on_all([&](std::size_t at) {
        tables_[at].find(span_of(k[at]), std::span<V>(v[at].data(), size_of(v[at])), missing);
        return index_t{0};
      });
      routes.answer(v, values);
    });
  }
  void contains(distributed_array<K, S> const& keys, distributed_array<bool, S>& found) const {
    check(keys, found);
    detail::finishing(keys, found)([&] {
      detail::key_routes const routes(keys, slots_);
      auto const k = routes.send(keys);
      auto const f = like<bool>(k);
      on_all([&](std::size_t at) {
        tables_[at].contains(span_of(k[at]), {f[at].data(), size_of(f[at])});
        return index_t{0};
      });
      routes.answer(f, found);
    });
  }

  /// Takes keys out; returns how many were there.
  index_t erase(distributed_array<K, S> const& keys) {
    check(keys);
    return detail::finishing(keys)([&] {
      detail::key_routes const routes(keys, slots_);
      auto const k = routes.send(keys);
      return on_all([&](std::size_t at) { return tables_[at].erase(span_of(k[at])); });
    });
  }
  /// Takes out the pairs for which predicate(key, value) holds, on the threads of all ranks at a time.
  template <class P>
  index_t erase_if(P predicate) {
    return on_all([&](std::size_t at) { return tables_[at].erase_if(predicate); });
  }
  /// f(key, value) for every pair, on the threads of all ranks at a time; it may change the value.
  template <class F>
  void for_each(F f) {
    on_all([&](std::size_t at) { return tables_[at].for_each(f), index_t{0}; });
  }

  /// All pairs, where they are, in an order that depends on the operations and the team.
  struct pairs {
    distributed_array<K, S> keys;
    distributed_array<V, S> values;
  };
  pairs extract() const {
    std::vector<typename hash_map<K, V>::pairs> mine;
    for (auto const& t : tables_) mine.push_back(t.extract());
    return place(mine);
  }

  /// Room for so many pairs in all, by the ranks' slots.
  void reserve(index_t count) {
    on_all([&](std::size_t at) {
      auto const slots = static_cast<double>(slots_.slots(team_.first_local_rank() + static_cast<int>(at)));
      // five standard deviations beyond its share
      double const share = static_cast<double>(count) * slots / slot_count;
      tables_[at].reserve(static_cast<index_t>(share + 5 * std::sqrt(share)) + 1);
      return index_t{0};
    });
  }
  void clear() {
    for (auto& t : tables_) t.clear();
  }

  /// Gives every rank keys by new weights: rank r leaves where its weight is 0, and joins where it was.
  ///   moves    the pairs of the slots that change hands, which are as few as can be. Returns how many they were
  ///   cost     a look at all pairs; those that move are sent once
  ///   memory   of a rank, its pairs once more, and those that come
  ///   throws   as slot_table; out_of_memory, communication_error. The map is then as before
  index_t rebalance(std::span<double const> weights) {
    slot_table next = slots_;
    next.rebalance(weights_for(team_, weights));
    std::vector<typename hash_map<K, V>::pairs> leaving;
    for (std::size_t at = 0; at < tables_.size(); ++at) {
      int const rank = team_.first_local_rank() + static_cast<int>(at);
      auto all = tables_[at].extract();
      std::size_t n = 0;
      for (std::size_t i = 0; i < all.keys.size(); ++i) {
        if (next.rank_of(std::bit_cast<detail::word_of<K>>(all.keys[i])) == rank) continue;
        all.keys[n] = all.keys[i];
        all.values[n++] = all.values[i];
      }
      all.keys.resize(n);
      all.values.resize(n);
      leaving.push_back(std::move(all));
    }
    auto const moving = place(leaving);
    return detail::finishing(moving.keys)([&] {
      detail::key_routes const routes(moving.keys, next);
      auto const k = routes.send(moving.keys);
      auto const v = routes.send(moving.values);
      try {
        on_all([&](std::size_t at) {
          return tables_[at].insert(span_of(k[at]), {v[at].data(), size_of(v[at])});
        });
      } catch (...) {
        on_all([&](std::size_t at) { return tables_[at].erase(span_of(k[at])); });
        throw;
      }
      on_all([&](std::size_t at) { return tables_[at].erase(leaving[at].keys); });
      slots_ = std::move(next);
      return moving.keys.size();
    });
  }

 private:
  static std::vector<double> weights_for(prorata::team<S> const& team, std::span<double const> weights) {
    if (weights.empty()) return std::vector<double>(static_cast<std::size_t>(team.ranks()), 1.0);
    require(weights.size() == static_cast<std::size_t>(team.ranks()),
            "distributed_map: " + std::to_string(weights.size()) + " weights for " +
                std::to_string(team.ranks()) + " ranks");
    return {weights.begin(), weights.end()};
  }
  template <class... X>
  void check(distributed_array<K, S> const& keys, X const&... more) const {
    require(keys.team() == team_, "distributed_map: the batch belongs to another team");
    require_alike(keys, more...);
  }

  template <class T>
  static std::size_t size_of(buffer<T, S> const& b) {
    return static_cast<std::size_t>(b.size());
  }
  static std::span<K const> span_of(buffer<K, S> const& keys) { return {keys.data(), size_of(keys)}; }
  template <class T>
  static std::vector<buffer<T, S>> like(std::vector<buffer<K, S>> const& keys) {
    std::vector<buffer<T, S>> made;
    for (auto const& k : keys) made.emplace_back(k.stream(), k.size());
    return made;
  }

  /// work(k) for each local rank on its stream, all at a time; the sum of what they return, over all ranks.
  template <class Work>
  index_t on_all(Work const& work) const {
    std::vector<index_t> results(tables_.size());
    drain_on_unwind const unwinding(team_);
    for (std::size_t at = 0; at < tables_.size(); ++at)
      team_.streams()[at].enqueue([&, at] { results[at] = work(at); });
    team_.sync();
    index_t sum = 0;
    for (index_t const r : all_gather_to_host<index_t>(team_, results, 1)) sum += r;
    return sum;
  }

  template <class Keys, class Values, class Operation>
  index_t change(Keys const& keys, Values const& values, Operation const& operation) {
    check(keys, values);
    return detail::finishing(keys, values)([&] {
      detail::key_routes const routes(keys, slots_);
      auto const k = routes.send(keys);
      auto const v = routes.send(values);
      return on_all([&](std::size_t at) {
        return operation(tables_[at], span_of(k[at]), std::span<V const>(v[at].data(), size_of(v[at])));
      });
    });
  }

  /// Pairs of each local rank as arrays.
  pairs place(std::vector<typename hash_map<K, V>::pairs> const& mine) const {
    std::vector<index_t> sizes;
    for (auto const& m : mine) sizes.push_back(std::ssize(m.keys));
    auto const cuts = partition_by_sizes(all_gather_to_host<index_t>(team_, sizes, 1));
    pairs all{{team_, cuts}, {team_, cuts}};
    drain_on_unwind const unwinding(team_);
    for (std::size_t at = 0; at < mine.size(); ++at) {
      auto const& k = all.keys.parts()[at];
      auto const& v = all.values.parts()[at];
      k.stream->copy(k.data, mine[at].keys.data(), static_cast<std::size_t>(k.size) * sizeof(K));
      v.stream->copy(v.data, mine[at].values.data(), static_cast<std::size_t>(v.size) * sizeof(V));
    }
    team_.sync();
    return all;
  }

  prorata::team<S> team_;
  slot_table slots_;
  mutable std::vector<hash_map<K, V>> tables_;  // of this process's ranks
};

}  // namespace prorata
