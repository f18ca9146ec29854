// Windows of so many records of a key, in the order of their times.
#include <algorithm>
#include <host/events/slot_pool.hpp>
#include <host/events/stores.hpp>

namespace prorata::events {

namespace {

/// Records wait until the watermark has passed them: then none can come that stands before them.
class count_shard {
 public:
  count_shard(std::uint64_t size, aggregate_plan const& plan) : size_(size), plan_(plan), groups_(plan) {}

  void add(row_batch const& rows, index_t begin, index_t end) {
    for (index_t row = begin; row < end; ++row) {
      waiting_.append(rows, row, false);
      keys_of_waiting_.push_back(keys_.find_or_add(rows.key(row)));
    }
    windows_.resize(keys_.size());
  }

  void close(std::int64_t w, std::vector<closed_window>& full, std::vector<closed_window>& unfilled) {
    std::vector<index_t> final;
    for (index_t row = 0; row < waiting_.size(); ++row)
      if (waiting_.times[static_cast<std::size_t>(row)] < w) final.push_back(row);
    std::stable_sort(final.begin(), final.end(), [&](index_t a, index_t b) {
      return waiting_.times[static_cast<std::size_t>(a)] < waiting_.times[static_cast<std::size_t>(b)];
    });
    for (index_t const row : final) take(row, full);
    if (!final.empty()) keep_others(w);
    if (w != watermark::after_all) return;
    for (std::uint32_t key = 0; key < windows_.size(); ++key)
      if (windows_[key].open) emit(key, unfilled);
  }

  index_t open_groups() const { return groups_.used() + waiting_.size(); }

  void save(byte_writer& to) const {
    groups_.save(to);
    keys_.save(to);
    to.put_list(windows_);
    to.put_list(keys_of_waiting_);
    waiting_.save(to);
  }
  void load(byte_reader& from) {
    groups_.load(from);
    keys_.load(from);
    from.get_list(windows_);
    from.get_list(keys_of_waiting_);
    waiting_.load(from);
    if (windows_.size() != keys_.size() || std::ssize(keys_of_waiting_) != waiting_.size())
      byte_reader::damaged();
    for (window const& w : windows_)
      if (w.open && w.slot >= groups_.size()) byte_reader::damaged();
    for (std::uint32_t const key : keys_of_waiting_)
      if (key >= keys_.size()) byte_reader::damaged();
  }

 private:
  struct window {
    std::int64_t first = 0, last = 0;
    index_t number = 0;
    std::uint32_t slot = 0;
    bool open = false;
  };

  void take(index_t row, std::vector<closed_window>& full) {
    std::uint32_t const key = keys_of_waiting_[static_cast<std::size_t>(row)];
    window& of_key = windows_[key];
    std::int64_t const t = waiting_.times[static_cast<std::size_t>(row)];
    if (!of_key.open) {
      of_key.open = true;
      of_key.first = t;
      of_key.slot = groups_.take();
    }
    of_key.last = t;
    groups_.add(of_key.slot, waiting_, row);
    if (groups_.count(of_key.slot) == size_) emit(key, full);
  }

  void emit(std::uint32_t key, std::vector<closed_window>& to) {
    window& of_key = windows_[key];
    to.push_back({{of_key.first, of_key.last + 1}, keys_.text(key), of_key.number++, {}});
    groups_.write_answers(plan_, of_key.slot, to.back().answers);
    groups_.give_back(of_key.slot);
    of_key.open = false;
  }

  void keep_others(std::int64_t w) {
    row_batch others;
    std::vector<std::uint32_t> keys;
    for (index_t row = 0; row < waiting_.size(); ++row)
      if (waiting_.times[static_cast<std::size_t>(row)] >= w) {
        others.append(waiting_, row, false);
        keys.push_back(keys_of_waiting_[static_cast<std::size_t>(row)]);
      }
    waiting_ = std::move(others), keys_of_waiting_ = std::move(keys);
  }

  std::uint64_t size_;
  aggregate_plan const& plan_;
  slot_pool groups_;
  key_table keys_;
  std::vector<window> windows_;  // of each key
  row_batch waiting_;
  std::vector<std::uint32_t> keys_of_waiting_;
};

class count_store : public window_store {
 public:
  count_store(window_rule const& rule, aggregate_plan const& plan, int shards) {
    for (int k = 0; k < shards; ++k) shards_.emplace_back(static_cast<std::uint64_t>(rule.size()), plan);
  }
  bool by_key() const override { return true; }
  bool is_plain(std::int64_t t, std::int64_t w) const override { return t >= w; }
  void add(int shard, row_batch const& rows, index_t begin, index_t end) override {
    shards_[static_cast<std::size_t>(shard)].add(rows, begin, end);
  }
  arrival add_behind(int, row_batch const&, index_t, std::int64_t) override { return arrival::late; }
  void close(std::int64_t w, window_sink const& sink) override {
    std::vector<closed_window> full, unfilled;
    for (auto& shard : shards_) shard.close(w, full, unfilled);
    give_in_order(full, sink);
    give_in_order(unfilled, sink);
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
  std::deque<count_shard> shards_;
};

}  // namespace

std::unique_ptr<window_store> make_count_store(window_rule const& rule, aggregate_plan const& plan,
                                               int shards) {
  return std::make_unique<count_store>(rule, plan, shards);
}

}  // namespace prorata::events
