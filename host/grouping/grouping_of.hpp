// grouping_of: the grouping of rows whose aggregates are one State, as host/group_by.hpp describes it.
#pragma once

#include <atomic>
#include <cstring>
#include <host/group_by.hpp>
#include <host/grouping/worker.hpp>
#include <host/pool.hpp>
#include <mutex>
#include <prorata/error.hpp>

namespace prorata::host {

template <class State>
class grouping_of final : public grouping {
 public:
  using record = group_record<State>;

  explicit grouping_of(group_plan const& plan)
      : plan_(plan), workers_([this] { return std::make_unique<worker>(strategy_, overflow_); }) {}

  void limit(index_t bytes_per_thread, group_overflow* overflow) override {
    strategy_.limit(bytes_per_thread, sizeof(State));
    overflow_ = overflow;
  }

  void expect(std::vector<std::uint64_t> keys, std::span<std::uint64_t const> values, index_t rows) override {
    strategy_.expect(std::move(keys), values, rows);
  }

  std::unique_ptr<row_taker> taker() override { return std::make_unique<lent_worker>(workers_); }

  void take_records(stream const& s, record_run run) override {
    constexpr index_t grain = index_t{1} << 14;
    std::span<record const> const all{reinterpret_cast<record const*>(run.records),
                                      static_cast<std::size_t>(run.count)};
    s.parallel((run.count + grain - 1) / grain, [&](index_t k) {
      auto const first = static_cast<std::size_t>(k * grain);
      workers_.lend()->take(
          all.subspan(first, std::min(static_cast<std::size_t>(grain), all.size() - first)));
    });
  }

  void take_runs(std::vector<record_run> runs) override {
    for (auto const& r : runs)
      if (r.count > 0)
        runs_.push_back({reinterpret_cast<record const*>(r.records), static_cast<std::size_t>(r.count)});
  }

  index_t ranges() const override { return strategy_.ranges.count(); }

  void pass_on(record_run run) override {
    std::span<record const> const all{reinterpret_cast<record const*>(run.records),
                                      static_cast<std::size_t>(run.count)};
    for (std::size_t first = 0, last = 0; first < all.size(); first = last) {
      index_t const range = strategy_.ranges.of(all[first].key);
      while (last < all.size() && strategy_.ranges.of(all[last].key) == range) ++last;
      overflow_->records(range, std::as_bytes(all.subspan(first, last - first)));
    }
  }

  void spill(stream const& s) override {
    auto const& workers = workers_.all();
    s.parallel(static_cast<index_t>(workers.size()),
               [&](index_t k) { workers[static_cast<std::size_t>(k)]->spill(); });
  }

  void finish(stream const& s) override {
    each_piece(s, [&](group_table<State>& table, index_t piece) { finish_piece(table, piece); });
    groups_ = 0;
    for (auto const& p : pieces_) groups_ += static_cast<index_t>(p.columns[0].size());
  }

  void finish_to(stream const& s, column_taker const& take) override {
    std::mutex mutex;
    std::vector<bool> done;
    index_t turn = 0;
    groups_ = 0;
    each_piece(s, [&](group_table<State>& table, index_t piece) {
      finish_piece(table, piece);
      std::unique_lock lock(mutex);
      done.resize(pieces_.size());
      done[static_cast<std::size_t>(piece)] = true;
      while (turn < static_cast<index_t>(done.size()) && done[static_cast<std::size_t>(turn)]) {
        auto& mine = pieces_[static_cast<std::size_t>(turn++)].columns;
        if (mine[0].empty()) continue;  // each place is told once
        index_t const begin = groups_;
        groups_ += static_cast<index_t>(mine[0].size());
        lock.unlock();
        group_column_words words;
        std::copy(mine.begin(), mine.end(), words.begin());
        take(begin, words);
        mine = {};
        lock.lock();
      }
    });
  }

  void pack(stream const& s) override {
    each_piece(s, [&](group_table<State>& table, index_t piece) {
      auto& out = pieces_[static_cast<std::size_t>(piece)];
      table.in_order([&](std::uint64_t key, auto const& at, index_t states) {
        for (index_t k = 0; k < states; ++k) out.records.push_back({key, at(k)});
      });
    });
  }

  index_t groups() const override { return groups_; }
  std::vector<std::span<std::uint64_t const>> column(group_column column) const override {
    std::vector<std::span<std::uint64_t const>> all;
    for (auto const& p : pieces_) all.push_back(p.columns[static_cast<std::size_t>(column)]);
    return all;
  }
  index_t records() const override {
    index_t total = 0;
    for (auto const& p : pieces_) total += static_cast<index_t>(p.records.size());
    return total;
  }
  std::vector<std::span<std::byte const>> record_bytes() const override {
    std::vector<std::span<std::byte const>> all;
    for (auto const& p : pieces_) all.push_back(std::as_bytes(std::span(p.records)));
    return all;
  }

 private:
  using worker = group_worker<State>;
  class lent_worker final : public row_taker {
   public:
    explicit lent_worker(pool<worker>& workers) : mine_(workers) {}
    void take(std::uint64_t const* keys, std::uint64_t const* values, index_t n) override {
      mine_->take(keys, values, n);
    }

   private:
    typename pool<worker>::lease mine_;
  };
  struct piece_of_result {
    std::array<std::vector<std::uint64_t>, group_columns> columns;
    std::vector<record> records;
  };

  void finish_piece(group_table<State>& table, index_t piece) {
    auto& out = pieces_[static_cast<std::size_t>(piece)];
    table.in_order([&](std::uint64_t key, auto const& at, index_t states) {
      auto const answer = finished_group<State>(at, states, plan_.ddof);
      for (int c = 0; c < group_columns; ++c)
        if (has_column(plan_, static_cast<group_column>(c)))
          out.columns[static_cast<std::size_t>(c)].push_back(
              word_of(static_cast<group_column>(c), key, answer));
    });
  }

  /// Groups piece after piece of the keys' order, on all threads, and gives each to emit(table, its number).
  template <class Emit>
  void each_piece(stream const& s, Emit const& emit) {
    auto const& workers = workers_.all();
    bool const apart =
        std::any_of(workers.begin(), workers.end(), [](auto const& w) { return w->sets_aside(); });
    if (!apart && runs_.empty() && workers.size() <= 1) {
      pieces_.resize(1);
      if (!workers.empty()) emit(workers.front()->table(), 0);
      return;
    }
    // threads' own groups become runs, too
    std::vector<std::vector<record>> own(workers.size());
    s.parallel(static_cast<index_t>(workers.size()), [&](index_t k) {
      auto& mine = own[static_cast<std::size_t>(k)];
      workers[static_cast<std::size_t>(k)]->table().in_order(
          [&](std::uint64_t key, auto const& at, index_t states) {
            for (index_t j = 0; j < states; ++j) mine.push_back({key, at(j)});
          });
    });
    auto runs = runs_;
    for (auto const& r : own)
      if (!r.empty()) runs.push_back(r);
    std::vector<std::uint64_t> begins{0};
    if (apart) {
      for (index_t k = 1; k < strategy_.ranges.count(); ++k) begins.push_back(strategy_.ranges.begin(k));
    } else {
      begins = quantiles(runs);
    }
    pieces_.resize(begins.size());
    pool<group_table<State>> tables([] { return std::make_unique<group_table<State>>(); });
    std::atomic<index_t> next = 0;  // in order, so that results need not wait for earlier ones
    s.parallel(static_cast<index_t>(begins.size()), [&](index_t) {
      index_t const k = next++;
      auto const table = tables.lend();
      fill(*table, k, begins, runs, apart);
      emit(*table, k);
    });
  }

  /// The groups of piece k in a table.
  void fill(group_table<State>& table, index_t k, std::vector<std::uint64_t> const& begins,
            std::vector<std::span<record const>> const& runs, bool apart) const {
    bool const last = k + 1 == static_cast<index_t>(begins.size());
    std::uint64_t const begin = begins[static_cast<std::size_t>(k)];
    std::uint64_t const end = last ? 0 : begins[static_cast<std::size_t>(k) + 1];
    auto const less = [](record const& r, std::uint64_t key) { return r.key < key; };
    std::vector<std::span<record const>> mine;
    std::uint64_t low = ~std::uint64_t{0}, high = 0;
    index_t items = 0;
    for (auto const& run : runs) {
      auto const from = std::lower_bound(run.begin(), run.end(), begin, less);
      auto const to = last ? run.end() : std::lower_bound(from, run.end(), end, less);
      if (from == to) continue;
      mine.push_back({from, to});
      items += to - from;
      low = std::min(low, from->key);
      high = std::max(high, (to - 1)->key);
    }
    if (apart)
      for (auto const& w : workers_.all()) {
        items += static_cast<index_t>(w->records(k).size());
        for (record const& r : w->records(k)) {
          low = std::min(low, r.key);
          high = std::max(high, r.key);
        }
        if (w->aside() == nullptr) continue;
        items += w->aside()->rows(k);
        w->aside()->each(k, [&](group_row const* rows, index_t n) {
          for (index_t i = 0; i < n; ++i) {
            low = std::min(low, rows[i].key);
            high = std::max(high, rows[i].key);
          }
        });
      }
    std::uint64_t const span = items == 0 ? 0 : high - low;
    bool const close =
        items > 0 && span < strategy_.most_width && span < 16 * static_cast<std::uint64_t>(items) + 64;
    table.open(low, close ? span + 1 : 0, strategy_.origin, close ? 0 : std::min(items, groups_per_range));
    for (auto const& run : mine)
      for (record const& r : run) table.merge(r);
    if (apart)
      for (auto const& w : workers_.all()) {
        for (record const& r : w->records(k)) table.merge(r);
        if (w->aside() != nullptr)
          w->aside()->each(k, [&](group_row const* rows, index_t n) {
            table.template take<2>(&rows[0].key, &rows[0].value, n);
          });
      }
  }

  /// Keys that cut all runs into pieces of some thousand records.
  static std::vector<std::uint64_t> quantiles(std::vector<std::span<record const>> const& runs) {
    std::vector<std::uint64_t> begins{0}, keys;
    index_t total = 0;
    for (auto const& run : runs) total += static_cast<index_t>(run.size());
    index_t const pieces = total / (2 * groups_per_range);
    if (pieces < 2) return begins;
    index_t const step = std::max<index_t>(1, total / (pieces * 16));
    for (auto const& run : runs)
      for (std::size_t i = 0; i < run.size(); i += static_cast<std::size_t>(step)) keys.push_back(run[i].key);
    std::sort(keys.begin(), keys.end());
    for (index_t p = 1; p < pieces; ++p) {
      std::uint64_t const key =
          keys[static_cast<std::size_t>(p) * keys.size() / static_cast<std::size_t>(pieces)];
      if (key > begins.back()) begins.push_back(key);
    }
    return begins;
  }

  group_plan plan_;
  grouping_strategy strategy_;
  group_overflow* overflow_ = nullptr;
  pool<worker> workers_;
  std::vector<std::span<record const>> runs_;
  std::vector<piece_of_result> pieces_;
  index_t groups_ = 0;
};

/// The grouping of a plan whose values are of this kind; each kind is compiled in a unit of its own.
template <addend Kind>
std::unique_ptr<grouping> grouping_of_values(group_plan const& plan);

}  // namespace prorata::host
