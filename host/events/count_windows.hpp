// count_windows: windows of a stream_query that hold so many records of a key.
#pragma once

#include <algorithm>
#include <host/events/arrival.hpp>
#include <host/events/complete_window.hpp>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

namespace prorata::events {

/// Windows of so many records of a key: records wait until none before them can come.
template <class Query>
class count_windows : public late_behind_watermark {
  struct record {
    std::int64_t t;
    index_t place;  ///< in the order of inputs, and of each one's records
    query_key<Query> key;
    typename Query::state_type state;
  };

 public:
  count_windows(Query const& query, int shards)
      : query_(query), size_(query.rule.size()), shards_(static_cast<std::size_t>(shards)) {}

  class adder : public adder_without_panes {
   public:
    adder(count_windows& to, int shard) : to_(to), waiting_(to.shards_[static_cast<std::size_t>(shard)]) {}
    template <class K, class V>
    void operator()(std::int64_t t, index_t place, K const& key, V const& value) {
      waiting_.push_back({t, place, query_key<Query>(key), {}});
      to_.query_.add(waiting_.back().state, value);
    }

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

}  // namespace prorata::events
