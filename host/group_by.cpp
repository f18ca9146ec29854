// Grouping: choosing the way, threads' own groups, ranges of keys, and what comes out in order.
#include <array>
#include <atomic>
#include <cstdlib>
#include <host/group_by.hpp>
#include <host/group_rows.hpp>
#include <host/group_table.hpp>
#include <host/pages.hpp>
#include <host/pool.hpp>
#include <host/streaming.hpp>
#include <new>
#include <numeric>
#include <prorata/error.hpp>

namespace prorata::host {

// ---- order ---------------------------------------------------------------------------------------------

void sort_places(std::vector<word_place>& places, std::vector<word_place>& scratch) {
  auto const before = [](word_place const& a, word_place const& b) { return a.key < b.key; };
  std::size_t const n = places.size();
  if (n < 64) return std::sort(places.begin(), places.end(), before);
  std::uint64_t low = places[0].key, high = low;
  for (auto const& p : places) {
    low = std::min(low, p.key);
    high = std::max(high, p.key);
  }
  int const bits = bit_length(high - low);
  // leading bits that tell n keys apart if they are spread evenly, in passes of 8
  int const telling = std::min(bits, bit_length(static_cast<std::uint64_t>(n)) + 3);
  int const passes = (telling + 7) / 8;
  int const first = std::max(0, bits - 8 * passes);
  scratch.resize(n);
  for (int pass = 0; pass < passes; ++pass) {
    int const shift = first + 8 * pass;
    std::array<std::uint32_t, 257> from{};
    for (auto const& p : places) ++from[((p.key - low) >> shift & 255) + 1];
    for (std::size_t d = 1; d < 257; ++d) from[d] += from[d - 1];
    for (auto const& p : places) scratch[from[(p.key - low) >> shift & 255]++] = p;
    places.swap(scratch);
  }
  if (first == 0) return;
  for (std::size_t i = 0; i < n;) {
    std::size_t last = i + 1;
    while (last < n && (places[last].key - low) >> first == (places[i].key - low) >> first) ++last;
    if (last - i > 1)
      std::sort(places.begin() + static_cast<std::ptrdiff_t>(i),
                places.begin() + static_cast<std::ptrdiff_t>(last), before);
    i = last;
  }
}

key_ranges::key_ranges(std::vector<std::uint64_t> const& sample, index_t ranges) : range_of_cell_(cells) {
  // a few outlying keys must not spread the cells over nothing
  std::size_t const n = sample.size(), outlying = n / 256;
  low_ = sample[outlying];
  int const bits = bit_length(sample[n - 1 - outlying] - low_);
  shift_ = std::max(0, bits - 16);
  std::vector<index_t> held(cells + 1);
  for (std::uint64_t const key : sample) {
    std::uint64_t const cell = key > low_ ? (key - low_) >> shift_ : 0;
    ++held[std::min(static_cast<std::size_t>(cell), cells - 1) + 1];
  }
  std::partial_sum(held.begin(), held.end(), held.begin());
  begins_.push_back(0);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    // the range that the cell's first sampled key would be in, if it is a new one
    index_t const wanted = held[cell] * ranges / static_cast<index_t>(n);
    if (cell > 0 && wanted >= static_cast<index_t>(begins_.size()))
      begins_.push_back(low_ + (static_cast<std::uint64_t>(cell) << shift_));
    range_of_cell_[cell] = static_cast<std::uint16_t>(begins_.size() - 1);
  }
}

// ---- rows by range -------------------------------------------------------------------------------------

group_rows::group_rows(index_t ranges)
    : open_(static_cast<std::size_t>(ranges)), chunks_(static_cast<std::size_t>(ranges)) {}

group_row* group_rows::fresh_chunk() {
  constexpr std::size_t bytes = chunk_rows * sizeof(group_row);
  if (slab_left_ < bytes) {
    void* const slab = allocate_aligned(slab_bytes);
    if (slab == nullptr) throw out_of_memory("group-by: no memory for rows; lower --memory or the size");
    slabs_.emplace_back(slab);
    slab_next_ = static_cast<std::byte*>(slab);
    slab_left_ = slab_bytes;
  }
  auto* const chunk = reinterpret_cast<group_row*>(slab_next_);
  slab_next_ += bytes;
  slab_left_ -= bytes;
  return chunk;
}

void group_rows::flush(std::uint16_t range) {
  open_range& r = open_[range];
  if ((r.rows - line_rows) % chunk_rows == 0) {
    r.next = fresh_chunk();
    chunks_[range].push_back(r.next);
  }
  stream_lines(r.next, r.line, sizeof r.line);
  r.next += line_rows;
}

// ---- grouping ------------------------------------------------------------------------------------------

namespace {

constexpr index_t few_groups = 16 * 1024;            // a thread's own fit its second-level cache
constexpr index_t too_many_groups = 4 * few_groups;  // of a thread's own, when the sample was misleading
constexpr index_t groups_per_range = 4 * 1024;
constexpr std::uint64_t most_width = 1 << 16;  // of a window of keys

/// What a sample says.
struct expectation {
  index_t groups = 0;
  std::uint64_t low = 0, high = 0;
  int origin = 0;
  std::vector<std::uint64_t> frequent;
};

/// The top of the band of the largest exponent, with a little room above.
int origin_for(std::span<std::uint64_t const> values) {
  int largest = 0;
  for (std::uint64_t const v : values) {
    int const field = static_cast<int>(v >> 52) & 0x7ff;
    if (field != 0x7ff) largest = std::max(largest, field);
  }
  return 31 - ((largest + 2) & 31);
}

/// sample: sorted. Groups by Good and Turing: what share of the rows is of keys that the sample has seen.
expectation expect_from(std::vector<std::uint64_t> const& sample, std::span<std::uint64_t const> values,
                        index_t rows) {
  expectation e;
  e.origin = origin_for(values);
  auto const n = static_cast<index_t>(sample.size());
  if (n == 0) return e;
  e.low = sample.front();
  e.high = sample.back();
  index_t distinct = 0, once = 0;
  for (std::size_t i = 0; i < sample.size();) {
    std::size_t last = i + 1;
    while (last < sample.size() && sample[last] == sample[i]) ++last;
    ++distinct;
    once += last - i == 1;
    if (static_cast<index_t>(last - i) > std::max<index_t>(n / 512, 8)) e.frequent.push_back(sample[i]);
    i = last;
  }
  e.groups = n == rows   ? distinct
             : once == n ? rows
                         : static_cast<index_t>(static_cast<double>(distinct) /
                                                (1 - static_cast<double>(once) / static_cast<double>(n)));
  e.groups = std::min(e.groups, rows);
  return e;
}

template <class State>
class grouping_of final : public grouping {
 public:
  using record = group_record<State>;

  explicit grouping_of(group_plan const& plan)
      : plan_(plan), workers_([this] {
          auto made = std::make_unique<worker>(*this);
          ready(made->table);
          return made;
        }) {}

  void expect(std::vector<std::uint64_t> keys, std::span<std::uint64_t const> values, index_t rows) override {
    std::sort(keys.begin(), keys.end());
    expected_ = expect_from(keys, values, rows);
    if (keys.empty()) return;
    index_t const ranges = std::clamp<index_t>(expected_.groups / groups_per_range, 64, 4096);
    if (rows > 4 * too_many_groups) ranges_ = key_ranges(keys, ranges);
    apart_ = ranges_.count() > 1 && expected_.groups > few_groups;
  }

  std::unique_ptr<row_taker> taker() override { return std::make_unique<lent_worker>(workers_); }

  void take_runs(std::vector<record_run> runs) override {
    for (auto const& r : runs)
      if (r.count > 0)
        runs_.push_back({reinterpret_cast<record const*>(r.records), static_cast<std::size_t>(r.count)});
  }

  void finish(stream const& s) override {
    each_piece(s, [&](group_table<State>& table, piece_of_result& out) {
      table.in_order([&](std::uint64_t key, auto const& at, index_t states) {
        auto const answer = finished_group<State>(at, states, plan_.ddof);
        for (int c = 0; c < group_columns; ++c)
          if (has_column(plan_, static_cast<group_column>(c)))
            out.columns[static_cast<std::size_t>(c)].push_back(
                word_of(static_cast<group_column>(c), key, answer));
      });
    });
  }

  void pack(stream const& s) override {
    each_piece(s, [&](group_table<State>& table, piece_of_result& out) {
      table.in_order([&](std::uint64_t key, auto const& at, index_t states) {
        for (index_t k = 0; k < states; ++k) out.records.push_back({key, at(k)});
      });
    });
  }

  index_t groups() const override {
    index_t total = 0;
    for (auto const& p : pieces_) total += static_cast<index_t>(p.columns[0].size());
    return total;
  }
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
  index_t bytes() const override {
    index_t total = 0;
    workers_.each([&](worker const& w) { total += w.bytes.load(std::memory_order_relaxed); });
    return total;
  }

 private:
  /// What one thread holds.
  struct worker {
    explicit worker(grouping_of const& of) : owner(of) {}
    grouping_of const& owner;
    group_table<State> table;
    std::unique_ptr<group_rows> aside;
    std::atomic<index_t> bytes = 0;  // of both, as of when it was last given back

    void take(std::uint64_t const* keys, std::uint64_t const* values, index_t n) {
      if (!owner.apart_ && (table.hashed() < too_many_groups || owner.ranges_.count() < 2))
        return table.take_many(keys, values, n);
      if (!aside) aside = std::make_unique<group_rows>(owner.ranges_.count());
      if (owner.frequent_.empty()) {
        for (index_t i = 0; i < n; ++i) aside->push(owner.ranges_.of(keys[i]), {keys[i], values[i]});
        return;
      }
      for (index_t i = 0; i < n; ++i) {
        if (owner.is_frequent(keys[i])) {
          table.take_one(keys[i], values[i]);
        } else {
          aside->push(owner.ranges_.of(keys[i]), {keys[i], values[i]});
        }
      }
    }
  };
  class lent_worker final : public row_taker {
   public:
    explicit lent_worker(pool<worker>& workers) : mine_(workers) {}
    ~lent_worker() override {
      mine_->bytes.store(mine_->table.bytes() + (mine_->aside ? mine_->aside->bytes() : 0),
                         std::memory_order_relaxed);
    }
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

  /// A table for a thread's own groups: a window where the sample's keys are close together.
  void ready(group_table<State>& table) {
    if (apart_ && frequent_.empty()) choose_frequent();
    bool const close = !apart_ && expected_.high - expected_.low < most_width;
    table.open(
        expected_.low, close ? expected_.high - expected_.low + 1 : 0, expected_.origin,
        apart_ ? static_cast<index_t>(expected_.frequent.size()) : std::min(expected_.groups, few_groups));
  }

  /// A set of the frequent keys that answers from the first-level cache; none where no key is frequent.
  void choose_frequent() {
    if (expected_.frequent.empty()) return;
    frequent_.assign(frequent_slots, empty_slot());
    for (std::uint64_t const key : expected_.frequent) {
      std::size_t h = frequent_hash(key);
      while (frequent_[h].taken) h = (h + 1) % frequent_slots;
      frequent_[h] = {key, true};
    }
  }
  bool is_frequent(std::uint64_t key) const {
    for (std::size_t h = frequent_hash(key); frequent_[h].taken; h = (h + 1) % frequent_slots)
      if (frequent_[h].key == key) return true;
    return false;
  }
  static constexpr std::size_t frequent_slots = 2048;  // at most 512 frequent keys
  static std::size_t frequent_hash(std::uint64_t key) {
    return static_cast<std::size_t>((key ^ (key >> 32)) * 0x9e3779b97f4a7c15u >> 53);
  }
  struct frequent_slot {
    std::uint64_t key;
    bool taken;
  };
  static frequent_slot empty_slot() { return {0, false}; }

  /// Groups piece after piece of the keys' order, on all threads, and gives each to emit(table, result).
  template <class Emit>
  void each_piece(stream const& s, Emit const& emit) {
    auto const& workers = workers_.all();
    bool const rows_apart =
        std::any_of(workers.begin(), workers.end(), [](auto const& w) { return !!w->aside; });
    if (!rows_apart && runs_.empty() && workers.size() <= 1) {
      pieces_.resize(1);
      if (!workers.empty()) emit(workers.front()->table, pieces_.front());
      return;
    }
    // threads' own groups become runs, too
    std::vector<std::vector<record>> own(workers.size());
    s.parallel(static_cast<index_t>(workers.size()), [&](index_t k) {
      auto& mine = own[static_cast<std::size_t>(k)];
      workers[static_cast<std::size_t>(k)]->table.in_order(
          [&](std::uint64_t key, auto const& at, index_t states) {
            for (index_t j = 0; j < states; ++j) mine.push_back({key, at(j)});
          });
    });
    auto runs = runs_;
    for (auto const& r : own)
      if (!r.empty()) runs.push_back(r);
    std::vector<std::uint64_t> begins{0};
    if (rows_apart) {
      for (index_t k = 1; k < ranges_.count(); ++k) begins.push_back(ranges_.begin(k));
    } else {
      begins = quantiles(runs);
    }
    pieces_.resize(begins.size());
    pool<group_table<State>> tables([] { return std::make_unique<group_table<State>>(); });
    s.parallel(static_cast<index_t>(begins.size()), [&](index_t k) {
      auto const table = tables.lend();
      fill(*table, k, begins, runs, rows_apart);
      emit(*table, pieces_[static_cast<std::size_t>(k)]);
    });
  }

  /// The groups of piece k in a table.
  void fill(group_table<State>& table, index_t k, std::vector<std::uint64_t> const& begins,
            std::vector<std::span<record const>> const& runs, bool rows_apart) const {
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
    if (rows_apart)
      for (auto const& w : workers_.all()) {
        if (!w->aside) continue;
        items += w->aside->rows(k);
        w->aside->each(k, [&](group_row const* rows, index_t n) {
          for (index_t i = 0; i < n; ++i) {
            low = std::min(low, rows[i].key);
            high = std::max(high, rows[i].key);
          }
        });
      }
    std::uint64_t const span = items == 0 ? 0 : high - low;
    bool const close = items > 0 && span < most_width && span < 16 * static_cast<std::uint64_t>(items) + 64;
    table.open(low, close ? span + 1 : 0, expected_.origin, close ? 0 : std::min(items, groups_per_range));
    for (auto const& run : mine)
      for (record const& r : run) table.merge(r);
    if (rows_apart)
      for (auto const& w : workers_.all())
        if (w->aside)
          w->aside->each(k, [&](group_row const* rows, index_t n) {
            table.template take<2>(&rows[0].key, &rows[0].value, n);
          });
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
  expectation expected_;
  key_ranges ranges_;
  bool apart_ = false;
  std::vector<frequent_slot> frequent_;
  pool<worker> workers_;
  std::vector<std::span<record const>> runs_;
  std::vector<piece_of_result> pieces_;
};

}  // namespace

std::unique_ptr<grouping> grouping::make(group_plan const& plan) {
  return with_group_state(plan, [&](auto tag) -> std::unique_ptr<grouping> {
    return std::make_unique<grouping_of<typename decltype(tag)::type>>(plan);
  });
}

groups merge_groups(stream& s, group_plan const& plan, std::vector<record_run> runs) {
  groups made(grouping::make(plan));
  s.enqueue([&s, made, runs = std::move(runs)] {
    made.of().take_runs(runs);
    made.of().finish(s);
  });
  return made;
}

void read_records(stream& s, groups const& from, std::byte* out) {
  s.enqueue([from, out] {
    std::byte* to = out;
    for (auto const& bytes : from.of().record_bytes()) {
      if (bytes.empty()) continue;
      std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    }
  });
}

}  // namespace prorata::host
