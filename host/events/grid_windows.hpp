// grid_windows: tumbling and sliding windows of a stream_query, in panes that windows share.
#pragma once

#include <algorithm>
#include <host/events/arrival.hpp>
#include <host/events/ordered_groups.hpp>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace prorata::events {

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

}  // namespace prorata::events
