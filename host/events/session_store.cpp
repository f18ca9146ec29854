// Sessions of each key: intervals that grow, join and end.
#include <algorithm>
#include <host/events/slot_pool.hpp>
#include <host/events/stores.hpp>
#include <queue>

namespace prorata::events {

namespace {

struct session {
  std::int64_t first, last;
  std::int64_t queued;  // the end by which it stands in the queue
  std::uint32_t slot;
};

/// The sessions of some of the keys.
class session_shard {
 public:
  session_shard(std::int64_t gap, aggregate_plan const& plan) : gap_(gap), plan_(plan), groups_(plan) {}

  void add(row_batch const& rows, index_t row) {
    std::int64_t const t = rows.times[static_cast<std::size_t>(row)];
    std::uint32_t const key = keys_.find_or_add(rows.key(row));
    if (key == sessions_.size()) sessions_.emplace_back();
    auto& of_key = sessions_[key];
    live_keys_ += of_key.empty();
    session* mine = nullptr;
    for (std::size_t k = 0; k < of_key.size();) {
      session& s = of_key[k];
      if (!touches(s, t)) {
        ++k;
      } else if (mine == nullptr) {
        mine = &s, ++k;
        s.first = std::min(s.first, t), s.last = std::max(s.last, t);
      } else {  // t joins two
        mine->first = std::min(mine->first, s.first), mine->last = std::max(mine->last, s.last);
        groups_.merge(mine->slot, s.slot);
        groups_.give_back(s.slot);
        of_key.erase(of_key.begin() + static_cast<std::ptrdiff_t>(k));  // it stands behind mine
      }
    }
    if (mine == nullptr) {
      of_key.push_back({t, t, t + gap_, groups_.take()});
      mine = &of_key.back();
      queue_.push({mine->queued, key});
    }
    groups_.add(mine->slot, rows, row);
  }

  /// Whether a session of that key is there that a record of time t would belong to.
  bool has_session(text_ref text, std::int64_t t) {
    std::uint32_t const key = keys_.find_or_add(text);
    if (key == sessions_.size()) sessions_.emplace_back();
    return std::any_of(sessions_[key].begin(), sessions_[key].end(),
                       [&](session const& s) { return touches(s, t); });
  }

  void close(std::int64_t w, std::vector<closed_window>& out) {
    while (!queue_.empty() && queue_.top().end <= w) {
      auto const [end, key] = queue_.top();
      queue_.pop();
      auto& of_key = sessions_[key];
      for (std::size_t k = 0; k < of_key.size();) {
        session& s = of_key[k];
        if (s.queued != end) {
          ++k;
        } else if (s.last + gap_ > w) {
          s.queued = s.last + gap_;
          queue_.push({s.queued, key});
          ++k;
        } else {
          out.push_back({{s.first, s.last + gap_}, keys_.text(key), 0, {}});
          groups_.write_answers(plan_, s.slot, out.back().answers);
          groups_.give_back(s.slot);
          of_key.erase(of_key.begin() + static_cast<std::ptrdiff_t>(k));
          if (of_key.empty()) --live_keys_;
        }
      }
    }
    if (keys_.size() > 2 * live_keys_ + 1024) forget_keys();
  }

  index_t open_groups() const { return groups_.used(); }

  void save(byte_writer& to) const {
    groups_.save(to);
    keys_.save(to);
    for (auto const& of_key : sessions_) to.put_list(of_key);
  }
  void load(byte_reader& from) {
    groups_.load(from);
    keys_.load(from);
    sessions_.resize(keys_.size());
    for (std::uint32_t key = 0; key < keys_.size(); ++key) {
      from.get_list(sessions_[key]);
      live_keys_ += !sessions_[key].empty();
      for (session const& s : sessions_[key]) {
        if (s.slot >= groups_.size()) byte_reader::damaged();
        queue_.push({s.queued, key});
      }
    }
  }

 private:
  struct ending {
    std::int64_t end;
    std::uint32_t key;
    bool operator<(ending const& other) const { return end > other.end; }  // the least on top
  };

  bool touches(session const& s, std::int64_t t) const { return t < s.last + gap_ && s.first < t + gap_; }

  /// Keys without sessions give their memory back.
  void forget_keys() {
    key_table fresh;
    std::vector<std::vector<session>> kept;
    std::priority_queue<ending> queue;
    row_batch room;
    for (std::uint32_t key = 0; key < keys_.size(); ++key) {
      if (sessions_[key].empty()) continue;
      room.clear({});
      std::uint32_t const id = fresh.find_or_add(room.keep(keys_.text(key)));
      for (session const& s : sessions_[key]) queue.push({s.queued, id});
      kept.push_back(std::move(sessions_[key]));
    }
    keys_ = std::move(fresh), sessions_ = std::move(kept), queue_ = std::move(queue);
  }

  std::int64_t gap_;
  aggregate_plan const& plan_;
  slot_pool groups_;
  key_table keys_;
  std::vector<std::vector<session>> sessions_;  // of each key
  std::size_t live_keys_ = 0;
  std::priority_queue<ending> queue_;
};

class session_store : public window_store {
 public:
  session_store(window_rule const& rule, aggregate_plan const& plan, int shards) : gap_(rule.size()) {
    for (int k = 0; k < shards; ++k) shards_.emplace_back(gap_, plan);
  }
  bool by_key() const override { return true; }
  bool is_plain(std::int64_t t, std::int64_t w) const override { return t >= w; }
  void add(int shard, row_batch const& rows, index_t begin, index_t end) override {
    for (index_t row = begin; row < end; ++row) shards_[static_cast<std::size_t>(shard)].add(rows, row);
  }
  arrival add_behind(int shard, row_batch const& rows, index_t row, std::int64_t w) override {
    std::int64_t const t = rows.times[static_cast<std::size_t>(row)];
    auto& mine = shards_[static_cast<std::size_t>(shard)];
    if (t + gap_ <= w && !mine.has_session(rows.key(row), t)) return arrival::late;
    mine.add(rows, row);
    return arrival::in_time;
  }
  void close(std::int64_t w, window_sink const& sink) override {
    std::vector<closed_window> closed;
    for (auto& shard : shards_) shard.close(w, closed);
    give_in_order(closed, sink);
  }
  void save(byte_writer& to) const override {
    to.put(shards_.size());
    for (auto const& shard : shards_) shard.save(to);
  }
  void load(byte_reader& from) override {
    if (from.get<std::size_t>() != shards_.size()) byte_reader::damaged();
    for (auto& shard : shards_) shard.load(from);
  }
  index_t open_groups() const override {
    index_t groups = 0;
    for (auto const& shard : shards_) groups += shard.open_groups();
    return groups;
  }

 private:
  std::int64_t gap_;
  std::deque<session_shard> shards_;
};

}  // namespace

std::unique_ptr<window_store> make_session_store(window_rule const& rule, aggregate_plan const& plan,
                                                 int shards) {
  return std::make_unique<session_store>(rule, plan, shards);
}

void give_in_order(std::vector<closed_window>& closed, window_sink const& sink) {
  std::vector<std::pair<key_order, closed_window const*>> order;
  for (auto const& window : closed) order.emplace_back(key_order(window.key), &window);
  std::sort(order.begin(), order.end(), [](auto const& a, auto const& b) {
    auto const& [key, window] = a;
    auto const& [other_key, other] = b;
    if (window->bounds.end != other->bounds.end) return window->bounds.end < other->bounds.end;
    if (window->bounds.begin != other->bounds.begin) return window->bounds.begin < other->bounds.begin;
    if (!(key == other_key)) return key < other_key;
    return window->number < other->number;
  });
  for (auto const& [key, window] : order) sink(*window);
}

}  // namespace prorata::events
