// session_windows: sessions of a stream_query.
#pragma once

#include <algorithm>
#include <functional>
#include <host/events/arrival.hpp>
#include <host/events/complete_window.hpp>
#include <queue>
#include <utility>
#include <vector>

namespace prorata::events {

/// Sessions: those of a key are apart by the gap, in each shard, and meet when shards are brought together.
template <class Query>
class session_windows : public late_behind_watermark {
  struct session {
    std::int64_t first, last;  ///< its records' times
    typename Query::state_type state{};
  };
  using sessions_of_key = std::vector<session>;  // in no order
  using table = keyed_table<query_key<Query>, sessions_of_key>;

 public:
  session_windows(Query const& query, int shards)
      : query_(query), gap_(query.rule.size()), shards_(static_cast<std::size_t>(shards)) {}

  class adder : public adder_without_panes {
   public:
    adder(session_windows& to, int shard) : to_(to), open_(to.shards_[static_cast<std::size_t>(shard)]) {}
    template <class K, class V>
    void operator()(std::int64_t t, index_t, K const& key, V const& value) {
      auto& list = open_[key];
      to_.query_.add(list[to_.place(list, t, t)].state, value);
    }

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

}  // namespace prorata::events
