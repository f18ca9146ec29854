// ordered_groups: the groups of several tables of a stream_query, in the order of their keys.
#pragma once

#include <algorithm>
#include <host/events/keyed_table.hpp>
#include <host/events/sort_words.hpp>
#include <prorata/stream_query.hpp>
#include <vector>

namespace prorata::events {

template <class Query>
using query_key = prorata::detail::kept_key<typename Query::key_type>;
template <class Query>
using query_table = keyed_table<query_key<Query>, typename Query::state_type>;

/// The groups of several tables in the order of their keys. The order of few keys is remembered: as a rule the next
/// window has the same ones.
template <class Query>
class ordered_groups {
 public:
  using key = query_key<Query>;
  using state = typename Query::state_type;
  using table = query_table<Query>;

  ordered_groups(Query const& query, int threads) : query_(query), threads_(threads) {}

  /// Calls f(key, state) for each key, with its states merged.
  template <class F>
  void each(std::vector<table const*> const& tables, F const& f) {
    index_t groups = 0;
    for (auto const* t : tables) groups += t->size();
    if constexpr (word_key<key>)
      if (groups > many) return each_of_many(tables, groups, f);
    if (!find_remembered(tables, groups)) {
      order_.clear();
      for (auto const* t : tables) t->each([&](key const& k, state const&) { order_.push_back(k); });
      std::sort(order_.begin(), order_.end());
      order_.erase(std::unique(order_.begin(), order_.end()), order_.end());
      find_remembered(tables, groups);
    }
    std::size_t const width = tables.size();
    for (std::size_t k = 0; k < order_.size(); ++k)
      give(order_[k], found_.data() + k * width, found_.data() + (k + 1) * width, f);
  }

 private:
  static constexpr index_t many = 1 << 14;

  /// found_ = the states of the remembered keys in each table. Says whether those are all there are.
  bool find_remembered(std::vector<table const*> const& tables, index_t groups) {
    found_.clear();
    index_t seen = 0;
    for (key const& k : order_)
      for (auto const* t : tables) {
        state const* const s = t->find(k);
        found_.push_back(s);
        seen += s != nullptr;
      }
    return seen == groups;
  }

  template <class F>
  void each_of_many(std::vector<table const*> const& tables, index_t groups, F const& f) const {
    std::vector<std::uint64_t> keys;
    std::vector<void const*> states;
    keys.reserve(static_cast<std::size_t>(groups)), states.reserve(static_cast<std::size_t>(groups));
    constexpr bool is_signed = [] {
      if constexpr (std::is_enum_v<key>)
        return std::is_signed_v<std::underlying_type_t<key>>;
      else
        return std::is_signed_v<key>;
    }();
    constexpr std::uint64_t turn = is_signed ? std::uint64_t{1} << 63 : 0;
    for (auto const* t : tables)
      t->each([&](key k, state const& s) {
        keys.push_back(static_cast<std::uint64_t>(k) ^ turn);
        states.push_back(&s);
      });
    sort_words(keys, states, threads_);
    for (std::size_t k = 0; k < keys.size();) {
      std::size_t next = k + 1;
      while (next < keys.size() && keys[next] == keys[k]) ++next;
      if (next + 16 < keys.size()) __builtin_prefetch(states[next + 16]);
      auto const at = [&](std::size_t j) -> state const& { return *static_cast<state const*>(states[j]); };
      if (next == k + 1) {
        f(static_cast<key>(keys[k] ^ turn), at(k));
      } else {
        state merged = at(k);
        for (std::size_t j = k + 1; j < next; ++j) query_.merge(merged, at(j));
        f(static_cast<key>(keys[k] ^ turn), merged);
      }
      k = next;
    }
  }

  template <class F>
  void give(key const& k, state const* const* from, state const* const* to, F const& f) const {
    from = std::find_if(from, to, [](auto const* s) { return s != nullptr; });
    if (from == to) return;
    auto const more = std::find_if(from + 1, to, [](auto const* s) { return s != nullptr; });
    if (more == to) return f(k, **from);
    state merged = **from;
    for (auto const* s = more; s != to; ++s)
      if (*s != nullptr) query_.merge(merged, **s);
    f(k, merged);
  }

  Query const& query_;
  int threads_;
  std::vector<key> order_;
  std::vector<state const*> found_;
};

}  // namespace prorata::events
