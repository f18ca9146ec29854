// Windows that lie on a grid: groups of each pane, joined when a window is complete.
#include <algorithm>
#include <host/events/stores.hpp>
#include <map>

namespace prorata::events {

namespace {

class pane_store : public window_store {
 public:
  pane_store(window_rule const& rule, aggregate_plan const& plan, int shards)
      : rule_(rule), plan_(plan), shards_(static_cast<std::size_t>(shards)) {}

  bool by_key() const override { return false; }
  bool is_plain(std::int64_t t, std::int64_t w) const override { return t >= w || rule_.first_end(t) > w; }

  void add(int shard, row_batch const& rows, index_t begin, index_t end) override {
    auto const& times = rows.times;
    auto& panes = shards_[static_cast<std::size_t>(shard)];
    while (begin < end) {  // runs of one pane
      std::int64_t const first = rule_.pane_of(times[static_cast<std::size_t>(begin)]),
                         last = first + rule_.pane();
      index_t next = begin + 1;
      if (next < end && first <= rows.least && rows.largest < last) next = end;
      for (; next < end; ++next)
        if (std::int64_t const t = times[static_cast<std::size_t>(next)]; t < first || t >= last) break;
      pane(panes, first).add(rows, begin, next);
      begin = next;
    }
  }

  arrival add_behind(int shard, row_batch const& rows, index_t row, std::int64_t w) override {
    std::int64_t const t = rows.times[static_cast<std::size_t>(row)];
    if (rule_.last_end(t) <= w) return arrival::late;
    add(shard, rows, row, row + 1);
    return rule_.first_end(t) <= w ? arrival::partly_late : arrival::in_time;
  }

  void close(std::int64_t w, window_sink const& sink) override {
    while (auto const end = next_end()) {
      if (*end > w) break;
      emit({*end - rule_.size(), *end}, sink);
      closed_ = *end;
    }
    closed_ = std::max(closed_, w);
    drop_panes();
  }

  void save(byte_writer& to) const override {
    to.put(closed_);
    to.put(shards_.size());
    for (auto const& panes : shards_) {
      to.put(panes.size());
      for (auto const& [begin, table] : panes) to.put(begin), table.save(to);
    }
  }
  void load(byte_reader& from) override {
    from.get(closed_);
    auto const shards = from.get<std::size_t>();
    for (std::size_t k = 0; k < shards; ++k)
      for (auto left = from.get<std::size_t>(); left > 0; --left) {
        auto const begin = from.get<std::int64_t>();
        group_table table(plan_);
        table.load(from);
        pane(shards_[k % shards_.size()], begin).merge(table);
      }
  }

  index_t open_groups() const override {
    index_t groups = 0;
    for (auto const& panes : shards_)
      for (auto const& [begin, table] : panes) groups += table.keys.size();
    return groups;
  }

 private:
  using pane_map = std::map<std::int64_t, group_table>;

  group_table& pane(pane_map& panes, std::int64_t begin) {
    auto const at = panes.lower_bound(begin);
    if (at != panes.end() && at->first == begin) return at->second;
    return panes.emplace_hint(at, begin, plan_)->second;
  }

  /// The end of the first window that is not closed and holds a record.
  std::optional<std::int64_t> next_end() {
    drop_panes();
    std::optional<std::int64_t> least;
    for (auto const& panes : shards_)
      if (!panes.empty()) least = std::min(least.value_or(panes.begin()->first), panes.begin()->first);
    if (!least) return {};
    return std::max(rule_.first_end(*least), rule_.end_after(closed_));
  }

  void drop_panes() {
    for (auto& panes : shards_)
      while (!panes.empty() && rule_.last_end(panes.begin()->first) <= closed_) panes.erase(panes.begin());
  }

  void emit(window_bounds const& window, window_sink const& sink) {
    group_table* all = nullptr;
    std::optional<group_table> joined;
    for (auto& panes : shards_)
      for (auto pane = panes.lower_bound(window.begin); pane != panes.end() && pane->first < window.end;
           ++pane) {
        if (all == nullptr) {
          all = &pane->second;
          continue;
        }
        if (!joined) {
          joined.emplace(plan_);
          joined->merge(*all);
          all = &*joined;
        }
        joined->merge(pane->second);
      }
    if (all == nullptr) return;
    std::vector<std::pair<key_order, std::uint32_t>> order;
    std::deque<std::string> texts;
    for (std::uint32_t slot = 0; slot < all->keys.size(); ++slot)
      order.emplace_back(key_order(texts.emplace_back(all->keys.text(slot))), slot);
    std::sort(order.begin(), order.end(), [](auto const& a, auto const& b) { return a.first < b.first; });
    closed_window out{window, {}, 0, {}};
    for (auto const& [key, slot] : order) {
      out.key = key.text;
      out.answers.clear();
      plan_.write_answers(all->counts[slot], all->states, slot, out.answers);
      sink(out);
    }
  }

  window_rule rule_;
  aggregate_plan const& plan_;
  std::vector<pane_map> shards_;
  std::int64_t closed_ = watermark::before_all;
};

}  // namespace

std::unique_ptr<window_store> make_pane_store(window_rule const& rule, aggregate_plan const& plan,
                                              int shards) {
  return std::make_unique<pane_store>(rule, plan, shards);
}

std::unique_ptr<window_store> window_store::make(window_rule const& rule, aggregate_plan const& plan,
                                                 int shards) {
  if (rule.on_a_grid()) return make_pane_store(rule, plan, shards);
  if (rule.kind() == window_kind::session) return make_session_store(rule, plan, shards);
  return make_count_store(rule, plan, shards);
}

}  // namespace prorata::events
