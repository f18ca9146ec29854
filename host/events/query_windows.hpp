// query_windows: the open windows of a stream_query, in shards that threads fill, and the windows that close.
//
// What a record counts in depends on its time and on the watermark w of its place in its input, and on nothing else:
//   on a grid      in the windows that end after w; it is late if there are none
//   sessions, counts  it is late if it is before w
// So records may come to any shard in any order, as long as close(w) comes behind all whose watermark is not above w.
#pragma once

#include <algorithm>
#include <host/events/keyed_table.hpp>
#include <host/events/sort_words.hpp>
#include <map>
#include <optional>
#include <prorata/stream_query.hpp>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

namespace prorata::events {

enum class arrival { in_time, partly_late, late };

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

/// Windows on a grid: a table for each pane; joined when windows are complete.
template <class Query>
class grid_windows {
 public:
  using table = query_table<Query>;

  grid_windows(Query const& query, int shards)
      : query_(query),
        rule_(query.rule),
        in_order_(query, shards),
        shards_(static_cast<std::size_t>(shards)) {}

  bool all_plain(std::int64_t least, std::int64_t w) const { return rule_.first_end(least) > w; }
  arrival arrival_of(std::int64_t t, std::int64_t w) const {
    if (rule_.first_end(t) > w) return arrival::in_time;
    return rule_.last_end(t) > w ? arrival::partly_late : arrival::late;
  }

  /// Adds records of a shard, most of which lie in the pane of the one before, or of the one before that.
  class adder {
   public:
    adder(grid_windows& to, int shard) : to_(to), panes_(to.shards_[static_cast<std::size_t>(shard)]) {}

    table& at(std::int64_t t) {
      if (t < now_.begin || t >= now_.end) [[unlikely]] {
        std::swap(now_, before_);
        if (t < now_.begin || t >= now_.end) {
          now_.begin = to_.rule_.pane_of(t), now_.end = now_.begin + to_.rule_.pane();
          now_.in = &panes_[{now_.begin, plain}];
        }
      }
      return *now_.in;
    }
    template <class K, class V>
    void operator()(std::int64_t t, index_t, K const& key, V const& value) {
      to_.query_.add(at(t)[key], value);
    }
    /// Adds records of one pane.
    struct pane_adder {
      Query const& query;
      table& in;
      /// Where tables are large, keys are to be announced some records before they are added.
      bool is_large() const { return in.bytes() > std::size_t{1} << 19; }
      template <class K>
      void announce(K const& key) const {
        in.prefetch(key);
      }
      template <class K, class V>
      void operator()(std::int64_t, index_t, K const& key, V const& value) const {
        query.add(in[key], value);
      }
    };
    std::optional<pane_adder> of_one_pane(std::int64_t least, std::int64_t largest) {
      table& in = at(least);
      if (largest >= now_.end) return {};
      return pane_adder{to_.query_, in};
    }
    /// A record that is partly late.
    template <class K, class V>
    void behind(std::int64_t t, std::int64_t w, K const& key, V const& value) {
      to_.query_.add(panes_[{to_.rule_.pane_of(t), to_.rule_.end_after(w)}][key], value);
    }

   private:
    struct range {
      std::int64_t begin = 0, end = 0;
      table* in = nullptr;
    };
    grid_windows& to_;
    std::map<std::pair<std::int64_t, std::int64_t>, table>& panes_;
    range now_, before_;
  };

  template <class Sink>
  void close(std::int64_t w, Sink& sink) {
    for (;;) {
      drop();
      auto const end = next_end();
      if (end > w) break;
      gather(end);
      emit({end - rule_.size(), end}, sink);
      closed_ = end;
    }
    closed_ = std::max(closed_, w);
    drop();
  }

  index_t open_groups() const {
    index_t groups = 0;
    for (auto const& panes : shards_)
      for (auto const& [at, t] : panes) groups += t.size();
    for (auto const& [at, t] : whole_) groups += t.size();
    return groups;
  }

 private:
  /// The first window of which a piece of a pane is part: `plain` of all, else those that end there or later.
  static constexpr std::int64_t plain = watermark::before_all;
  using pieces = std::map<std::pair<std::int64_t, std::int64_t>, table>;

  std::int64_t next_end() const {
    std::int64_t least = watermark::after_all + 1;
    auto const look = [&](pieces const& all) {
      for (auto const& [at, t] : all) {
        least = std::min(least, std::max({at.second, rule_.first_end(at.first), rule_.end_after(closed_)}));
        if (at.second == plain) break;  // what follows begins later
      }
    };
    for (auto const& panes : shards_) look(panes);
    look(whole_);
    return least;
  }

  /// Brings the pieces together that are part of a window which ends there, and will not change any more.
  void gather(std::int64_t end) {
    for (auto& panes : shards_)
      for (auto piece = panes.begin(); piece != panes.end() && piece->first.first < end;) {
        if (piece->first.second > end) {
          ++piece;
          continue;
        }
        table& whole = whole_[piece->first];
        if (whole.size() < piece->second.size()) std::swap(whole, piece->second);
        merge(whole, piece->second);
        piece = panes.erase(piece);
      }
  }

  void merge(table& to, table const& from) {
    to.reserve(std::max(to.size(), from.size()));
    from.each([&](auto const& key, auto const& state) { query_.merge(to[key], state); });
  }

  void drop() {
    auto const drop_of = [&](pieces& all) {
      while (!all.empty() && rule_.last_end(all.begin()->first.first) <= closed_) all.erase(all.begin());
    };
    for (auto& panes : shards_) drop_of(panes);
    drop_of(whole_);
  }

  template <class Sink>
  void emit(window_bounds const& window, Sink& sink) {
    std::vector<table const*> parts;
    if (rule_.step() == rule_.size()) {
      for (auto const& [at, t] : whole_)
        if (at.first >= window.begin && at.first < window.end) parts.push_back(&t);
    } else {
      take_panes(window, parts);
    }
    in_order_.each(parts, [&](auto const& key, auto const& state) { sink(window, key, state); });
  }

  /// A window's panes as two tables: those before a boundary, of which there is a table for every pane from which on
  /// they are wanted, and those behind it. When no pane is left before the boundary, it moves to the end. So a pane is
  /// merged three times, however many windows have it (two stacks: Tangwongsan, Hirzel, Schneider, DABA, 2017).
  void take_panes(window_bounds const& window, std::vector<table const*>& parts) {
    before_.erase(before_.begin(), before_.lower_bound(window.begin));
    auto const from = [&](std::int64_t begin) { return whole_.lower_bound({begin, plain}); };
    if (before_.empty() && (behind_.size() == 0 || behind_begin_ < window.begin)) {
      behind_.clear();
      table const* later = nullptr;
      for (auto piece = from(window.end); piece != from(window.begin);) {
        --piece;
        if (piece->first.second != plain) continue;
        table const& pane = piece->second;
        bool const longer = later != nullptr && later->size() > pane.size();
        table all = longer ? *later : pane;
        if (later != nullptr) merge(all, longer ? pane : *later);
        later = &(before_[piece->first.first] = std::move(all));
      }
    } else {
      for (auto piece = from(boundary_); piece != from(window.end); ++piece) {
        if (piece->first.second != plain) continue;
        if (behind_.size() == 0) behind_begin_ = piece->first.first;
        merge(behind_, piece->second);
      }
    }
    boundary_ = window.end;
    if (!before_.empty()) parts.push_back(&before_.begin()->second);
    if (behind_.size() > 0) parts.push_back(&behind_);
    for (auto piece = from(window.begin); piece != from(window.end); ++piece)
      if (piece->first.second != plain && piece->first.second <= window.end) parts.push_back(&piece->second);
  }

  Query const& query_;
  window_rule rule_;
  ordered_groups<Query> in_order_;
  std::vector<pieces> shards_;
  pieces whole_;  // of all shards
  std::int64_t closed_ = watermark::before_all;
  // of sliding windows
  std::map<std::int64_t, table> before_;
  table behind_;
  std::int64_t behind_begin_ = 0, boundary_ = 0;
};

/// A complete window that waits for its turn: windows are given in the order of their ends, then begins, then keys.
template <class Query>
struct complete_window {
  window_bounds bounds;
  query_key<Query> key;
  index_t number;  ///< among those of one key
  typename Query::state_type state;
  bool operator<(complete_window const& other) const {
    return std::tie(bounds.end, bounds.begin, key, number) <
           std::tie(other.bounds.end, other.bounds.begin, other.key, other.number);
  }
};
template <class Query, class Sink>
void give_in_order(std::vector<complete_window<Query>>& windows, Sink& sink) {
  std::sort(windows.begin(), windows.end());
  for (auto const& window : windows) sink(window.bounds, window.key, window.state);
}

/// Sessions: those of a key are apart by the gap, in each shard, and meet when shards are brought together.
template <class Query>
class session_windows {
  struct session {
    std::int64_t first, last;  ///< its records' times
    typename Query::state_type state{};
  };
  using sessions_of_key = std::vector<session>;  // in no order
  using table = keyed_table<query_key<Query>, sessions_of_key>;

 public:
  session_windows(Query const& query, int shards)
      : query_(query), gap_(query.rule.size()), shards_(static_cast<std::size_t>(shards)) {}

  bool all_plain(std::int64_t least, std::int64_t w) const { return least >= w; }
  arrival arrival_of(std::int64_t t, std::int64_t w) const {
    return t >= w ? arrival::in_time : arrival::late;
  }

  class adder {
   public:
    adder(session_windows& to, int shard) : to_(to), open_(to.shards_[static_cast<std::size_t>(shard)]) {}
    template <class K, class V>
    void operator()(std::int64_t t, index_t, K const& key, V const& value) {
      auto& list = open_[key];
      to_.query_.add(list[to_.place(list, t, t)].state, value);
    }
    template <class K, class V>
    void behind(std::int64_t, std::int64_t, K const&, V const&) {}
    /// There are no panes.
    std::nullptr_t of_one_pane(std::int64_t, std::int64_t) const { return {}; }

   private:
    session_windows& to_;
    table& open_;
  };

  template <class Sink>
  void close(std::int64_t w, Sink& sink) {
    for (table& shard : shards_) {
      all_.reserve(std::max(all_.size(), shard.size()));
      shard.each([&](auto const& key, sessions_of_key const& sessions) {
        auto& list = all_[key];
        for (session const& s : sessions) {
          auto& into = list[place(list, s.first, s.last)];
          query_.merge(into.state, s.state);
          ends_.push({into.last + gap_, key});
        }
      });
      shard.clear();
    }
    std::vector<complete_window<Query>> ended;
    while (!ends_.empty() && ends_.top().first <= w) {
      query_key<Query> const key = ends_.top().second;
      ends_.pop();
      auto& list = all_[key];
      for (std::size_t k = 0; k < list.size();) {
        if (list[k].last + gap_ > w) {
          ++k;
          continue;
        }
        ended.push_back({{list[k].first, list[k].last + gap_}, key, 0, std::move(list[k].state)});
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(k));
      }
      empty_ += list.empty();
    }
    if (2 * empty_ > all_.size()) drop_empty();
    give_in_order(ended, sink);
  }

  index_t open_groups() const {
    index_t groups = 0;
    auto const count = [&](table const& t) {
      t.each([&](auto const&, sessions_of_key const& list) { groups += std::ssize(list); });
    };
    for (table const& shard : shards_) count(shard);
    count(all_);
    return groups;
  }

 private:
  /// The session that records from first to last belong to, those that they join made one. What was apart from those
  /// stays apart: nothing fits between two that are less than the gap apart.
  std::size_t place(sessions_of_key& list, std::int64_t first, std::int64_t last) const {
    std::size_t found = list.size();
    for (std::size_t k = 0; k < list.size();) {
      session& s = list[k];
      if (first - s.last >= gap_ || s.first - last >= gap_) {
        ++k;
      } else if (found == list.size()) {
        found = k++;
        s.first = std::min(first, s.first), s.last = std::max(last, s.last);
      } else {
        session& into = list[found];
        into.first = std::min(into.first, s.first), into.last = std::max(into.last, s.last);
        query_.merge(into.state, s.state);
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(k));
      }
    }
    if (found == list.size()) list.push_back({first, last});
    return found;
  }

  /// Keys that have no sessions (again).
  void drop_empty() {
    table full;
    full.reserve(std::max<index_t>(all_.size() - empty_, 0));
    all_.each([&](auto const& key, sessions_of_key const& list) {
      if (!list.empty()) full[key] = list;
    });
    std::swap(all_, full);
    empty_ = 0;
  }

  Query const& query_;
  std::int64_t gap_;
  std::vector<table> shards_;
  table all_;
  index_t empty_ = 0;  // keys without sessions, at most
  using ending = std::pair<std::int64_t, query_key<Query>>;
  std::priority_queue<ending, std::vector<ending>, std::greater<>> ends_;
};

/// Windows of so many records of a key: records wait until none before them can come.
template <class Query>
class count_windows {
  struct record {
    std::int64_t t;
    index_t place;  ///< in the order of inputs, and of each one's records
    query_key<Query> key;
    typename Query::state_type state;
  };

 public:
  count_windows(Query const& query, int shards)
      : query_(query), size_(query.rule.size()), shards_(static_cast<std::size_t>(shards)) {}

  bool all_plain(std::int64_t least, std::int64_t w) const { return least >= w; }
  arrival arrival_of(std::int64_t t, std::int64_t w) const {
    return t >= w ? arrival::in_time : arrival::late;
  }

  class adder {
   public:
    adder(count_windows& to, int shard) : to_(to), waiting_(to.shards_[static_cast<std::size_t>(shard)]) {}
    template <class K, class V>
    void operator()(std::int64_t t, index_t place, K const& key, V const& value) {
      waiting_.push_back({t, place, query_key<Query>(key), {}});
      to_.query_.add(waiting_.back().state, value);
    }
    template <class K, class V>
    void behind(std::int64_t, std::int64_t, K const&, V const&) {}
    /// There are no panes.
    std::nullptr_t of_one_pane(std::int64_t, std::int64_t) const { return {}; }

   private:
    count_windows& to_;
    std::vector<record>& waiting_;
  };

  template <class Sink>
  void close(std::int64_t w, Sink& sink) {
    std::vector<record> now;
    for (auto& waiting : shards_) {
      auto const early =
          std::partition(waiting.begin(), waiting.end(), [&](record const& r) { return r.t >= w; });
      now.insert(now.end(), std::make_move_iterator(early), std::make_move_iterator(waiting.end()));
      waiting.erase(early, waiting.end());
    }
    std::sort(now.begin(), now.end(), [](record const& a, record const& b) {
      return std::tie(a.t, a.place) < std::tie(b.t, b.place);
    });
    std::vector<complete_window<Query>> full, rest;
    for (record const& r : now) {
      group& g = groups_[r.key];
      if (g.records++ == 0) g.first = r.t;
      g.last = r.t;
      query_.merge(g.state, r.state);
      if (g.records == size_) {
        full.push_back({{g.first, g.last + 1}, r.key, g.number++, std::move(g.state)});
        g.records = 0, g.state = {};
      }
    }
    give_in_order(full, sink);
    if (w != watermark::after_all) return;
    groups_.each([&](auto const& key, group const& g) {
      if (g.records > 0) rest.push_back({{g.first, g.last + 1}, key, g.number, g.state});
    });
    groups_.clear();
    give_in_order(rest, sink);  // behind all that are full: those may have been given out long ago
  }

  index_t open_groups() const {
    index_t groups = groups_.size();
    for (auto const& waiting : shards_) groups += std::ssize(waiting);
    return groups;
  }

 private:
  struct group {
    index_t records = 0, number = 0;
    std::int64_t first = 0, last = 0;
    typename Query::state_type state{};
  };
  Query const& query_;
  std::int64_t size_;
  std::vector<std::vector<record>> shards_;
  keyed_table<query_key<Query>, group> groups_;
};

template <class Query>
using windows_of =
    std::conditional_t<std::is_same_v<typename Query::rule_type, grid_rule>, grid_windows<Query>,
                       std::conditional_t<std::is_same_v<typename Query::rule_type, session_rule>,
                                          session_windows<Query>, count_windows<Query>>>;

}  // namespace prorata::events
