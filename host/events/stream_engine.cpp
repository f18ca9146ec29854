// Rounds of blocks.
#include <algorithm>
#include <host/events/csv.hpp>
#include <host/events/stream_engine.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>

namespace prorata::events {

/// A block, and what became of it.
struct stream_engine::work {
  explicit work(std::unique_ptr<record_parser> p) : parser(std::move(p)) {}
  text_block block;
  std::unique_ptr<record_parser> parser;
  row_batch rows;
  std::vector<std::uint16_t> partitions;  // of each record, where keys stay together
  // With sub-streams, the records of partition p: sorted[begins[p]] to sorted[begins[p + 1]].
  std::vector<std::uint32_t> sorted, begins;
  std::chrono::steady_clock::time_point taken;
  std::vector<index_t> behind;  // records that are not plain
  index_t number = 0;           // in its round
  bool whole = true;            // it ends with a record
  watermark before{0};          // of its first record
  std::int64_t after = 0;       // the watermark behind its last one
};

/// Records that came behind the watermark, and it.
struct stream_engine::behind_rows {
  row_batch rows;
  std::vector<std::int64_t> marks;
  std::vector<std::string> lines;
};

stream_engine::stream_engine(window_rule const& rule, watermark const& mark, row_schema schema,
                             aggregate_plan const& plan, stream_limits const& limits, window_sink results,
                             line_sink late)
    : schema_(std::move(schema)),
      limits_(limits),
      late_(std::move(late)),
      threads_(limits.threads),
      by_key_(!rule.on_a_grid() || !limits.sub_streams.empty()),
      store_(window_store::make(rule, plan, by_key_ ? limits.partition.partitions : threads_.threads())),
      mark_(mark) {
  for (auto const& split : limits_.partition.splits) splits_.emplace_back(split);
  for (auto const& s : limits_.sub_streams) {
    queue_.join(s.weight);
    served_.emplace_back().weight = s.weight;
  }
  if (!limits_.parser) limits_.parser = [](row_schema const& s) { return std::make_unique<csv_parser>(s); };
  counts_.lines = limits_.header_lines;
  results_ = [this, sink = std::move(results)](closed_window const& window) {
    ++counts_.results;
    sink(window);
  };
}
stream_engine::~stream_engine() = default;

void stream_engine::run(block_source& source, std::function<void(bool ended)> const& after_round) {
  source_ = &source;
  for (bool ended = false; !ended;) {
    begin_round();
    threads_.run_blocks(threads_.threads(), host::loop_body::of([this](index_t worker) {
                          work_on_blocks(static_cast<int>(worker));
                        }));
    for (index_t b = turn_; b < taken_; ++b)  // they come again
      if (by_key_) works_[static_cast<std::size_t>(b)]->rows.clear(schema_);
    if (cut_ != nullptr) source.cut_again(cut_->block);
    ended = ended_ && cut_ == nullptr;
    if (by_key_ && served_.empty()) add_by_partition();
    if (!served_.empty()) add_by_weight();
    for (auto const& behind : behind_)
      if (behind) add_behind(*behind);
    bool const closes = ended && !(limits_.keep_open && source.stopped());
    store_->close(closes ? watermark::after_all : mark_.value(), results_);
    after_round(ended);
  }
}

/// Where a round's records stay until its end, fewer stay in the caches.
index_t stream_engine::blocks_of_round() const {
  if (!by_key_) return (limits_.long_rounds ? 8 : 1) * limits_.round_blocks;
  return served_.empty() ? std::max<index_t>(limits_.round_blocks / 4, 1) : limits_.round_blocks;
}

/// Whether a round has gone on for so long that windows should be closed.
bool stream_engine::round_is_long() const {
  return !by_key_ && std::chrono::steady_clock::now() - begun_ > std::chrono::milliseconds(100);
}

void stream_engine::begin_round() {
  taken_ = turn_ = open_ = 0;
  begun_ = std::chrono::steady_clock::now();
  stopped_ = ended_ = no_more_ = false;
  cut_ = nullptr;
  parsed_.clear(), ready_.clear(), behind_.clear(), free_.clear();
  if (by_key_) return;
  while (std::ssize(works_) < 3 * threads_.threads())
    works_.push_back(std::make_unique<work>(limits_.parser(schema_)));
  for (auto const& w : works_) free_.push_back(w.get());
}

void stream_engine::work_on_blocks(int worker) {
  try {
    for (;;) {
      work *ready = nullptr, *empty = nullptr;
      {
        std::unique_lock lock(turns_);
        auto const may_take = [&] { return !no_more_ && !stopped_ && (by_key_ || !free_.empty()); };
        change_.wait(lock,
                     [&] { return !ready_.empty() || may_take() || stopped_ || (no_more_ && open_ == 0); });
        if (!ready_.empty()) {
          ready = ready_.back();
          ready_.pop_back();
        } else if (!may_take()) {
          return;
        } else if (!by_key_) {
          empty = free_.back();
          free_.pop_back();
        }
      }
      if (ready != nullptr) {
        add(*ready, worker);
        give_back(ready);
      } else if ((empty = take(empty)) != nullptr) {
        parse(*empty);
        take_turns(*empty);
      }
    }
  } catch (...) {
    std::lock_guard const lock(turns_);
    stopped_ = true;  // else the others would wait for ever
    change_.notify_all();
    throw;
  }
}

/// The next block of the input, in `room` or, where the blocks of a round stay until its end, in one that stays; null
/// where the round has no more.
stream_engine::work* stream_engine::take(work* room) {
  work* mine = room;
  {
    std::lock_guard const lock(taking_);
    bool const more =
        !ended_ && taken_ < blocks_of_round() && (taken_ == 0 || (source_->ready() && !round_is_long()));
    if (more && by_key_) {
      if (std::ssize(works_) == taken_) works_.push_back(std::make_unique<work>(limits_.parser(schema_)));
      mine = works_[static_cast<std::size_t>(taken_)].get();
    }
    ended_ = ended_ || (more && !source_->next(mine->block));
    if (more && !ended_) {
      mine->number = taken_++;
      mine->taken = std::chrono::steady_clock::now();
      std::lock_guard const turns(turns_);
      ++open_;
      parsed_.push_back(nullptr), behind_.emplace_back();
      return mine;
    }
  }
  std::lock_guard const lock(turns_);
  no_more_ = true;
  if (room != nullptr) free_.push_back(room);
  change_.notify_all();
  return nullptr;
}

void stream_engine::parse(work& mine) {
  source_->fill(mine.block);
  mine.whole = mine.parser->parse(mine.block.text(), mine.rows);
  mine.behind.clear();
  if (by_key_) find_partitions(mine);
}

/// Learns, in the order of blocks, how far event time had come: of this one, if its turn has come, and of those behind
/// it that have waited for that. Nobody waits for a turn: who parses the block that is missing takes the turns of the
/// others.
void stream_engine::take_turns(work& mine) {
  std::lock_guard const lock(turns_);
  parsed_[static_cast<std::size_t>(mine.number)] = &mine;
  while (!stopped_ && turn_ < std::ssize(parsed_) && parsed_[static_cast<std::size_t>(turn_)] != nullptr) {
    work& next = *parsed_[static_cast<std::size_t>(turn_)];
    if (!next.whole) {
      if (next.block.last)
        throw input_error(io::printable(source_->name()) + ", from line " +
                          std::to_string(counts_.lines + 1) + " on: a quoted field does not end");
      cut_ = &next;
      stopped_ = true;
      break;
    }
    next.before = mark_;
    note_malformed(next.rows);
    observe(next.rows);
    next.after = mark_.value();
    counts_.lines += next.rows.lines_of_text;
    counts_.bytes += next.block.bytes;
    counts_.records += next.rows.size();
    counts_.unmatched += next.rows.unmatched;
    ready_.push_back(&next);
    ++turn_, --open_;
  }
  change_.notify_all();
}

/// Adds the records of a block whose turn was, but those that stay for the end of the round.
void stream_engine::add(work& mine, int worker) {
  row_batch const& rows = mine.rows;
  if (rows.size() == 0) return;
  if (!store_->is_plain(rows.least, mine.after)) {
    auto behind = std::make_unique<behind_rows>();
    find_behind(mine, mine.before, *behind);
    if (!mine.behind.empty()) {
      std::lock_guard const lock(turns_);
      behind_[static_cast<std::size_t>(mine.number)] = std::move(behind);
    }
  }
  if (by_key_) return;
  index_t begin = 0;
  for (index_t const skipped : mine.behind) {
    store_->add(worker, rows, begin, skipped);
    begin = skipped + 1;
  }
  store_->add(worker, rows, begin, rows.size());
}

void stream_engine::give_back(work* done) {
  if (by_key_) return;
  std::lock_guard const lock(turns_);
  free_.push_back(done);
  change_.notify_all();
}

void stream_engine::observe(row_batch const& rows) {
  if (rows.size() == 0 || mark_.observe_all(rows.first, rows.largest)) return;
  for (std::int64_t const t : rows.times) mark_.observe(t);
}

void stream_engine::note_malformed(row_batch const& rows) {
  if (rows.malformed.empty()) return;
  counts_.malformed += std::ssize(rows.malformed);
  auto const& first = rows.malformed.front();
  std::string const where = "line " + std::to_string(counts_.lines + 1 + first.line) + ": " + first.reason;
  if (!limits_.skip_malformed)
    throw input_error(io::printable(source_->name()) + ", " + where +
                      "; --malformed skip leaves such records out");
  if (counts_.first_malformed.empty()) counts_.first_malformed = where;
}

void stream_engine::find_behind(work& mine, watermark mark, behind_rows& behind) {
  for (index_t row = 0; row < mine.rows.size(); ++row) {
    std::int64_t const t = mine.rows.times[static_cast<std::size_t>(row)];
    mark.observe(t);
    if (store_->is_plain(t, mark.value())) continue;
    mine.behind.push_back(row);
    behind.rows.append(mine.rows, row);
    behind.marks.push_back(mark.value());
    behind.lines.emplace_back(mine.parser->line(mine.rows, row));
  }
}

void stream_engine::find_partitions(work& mine) {
  auto const rows = static_cast<std::size_t>(mine.rows.size());
  auto const partitions = static_cast<std::size_t>(limits_.partition.partitions);
  mine.partitions.resize(rows);
  for (std::size_t row = 0; row < rows; ++row)
    mine.partitions[row] = static_cast<std::uint16_t>(partition_of(mine.rows.key(static_cast<index_t>(row))));
  if (served_.empty()) return;
  mine.begins.assign(partitions + 1, 0);
  for (std::size_t row = 0; row < rows; ++row) ++mine.begins[mine.partitions[row] + std::size_t{1}];
  for (std::size_t p = 0; p < partitions; ++p) mine.begins[p + 1] += mine.begins[p];
  std::vector<std::uint32_t> next(mine.begins.begin(), mine.begins.end() - 1);
  mine.sorted.resize(rows);
  for (std::size_t row = 0; row < rows; ++row)
    mine.sorted[next[mine.partitions[row]]++] = static_cast<std::uint32_t>(row);
}

/// The plain records of a block that belong to a partition.
void stream_engine::add_partition(work const& block, int partition) {
  auto behind = block.behind.begin();
  auto const p = static_cast<std::size_t>(partition);
  for (std::size_t k = block.begins[p]; k < block.begins[p + 1]; ++k) {
    index_t const row = block.sorted[k];
    while (behind != block.behind.end() && *behind < row) ++behind;
    if (behind == block.behind.end() || *behind != row) store_->add(partition, block.rows, row, row + 1);
  }
}

/// Every thread has partitions of its own, and goes from block to block, each of which its cache holds.
void stream_engine::add_by_partition() {
  int const threads = threads_.threads();
  auto const add = [&](index_t worker) {
    for (index_t b = 0; b < taken_; ++b) {
      work const& block = *works_[static_cast<std::size_t>(b)];
      if (block.rows.size() == 0) continue;  // it may not be added
      auto behind = block.behind.begin();
      for (index_t row = 0; row < block.rows.size(); ++row) {
        bool const skipped = behind != block.behind.end() && *behind == row;
        if (skipped) ++behind;
        int const partition = block.partitions[static_cast<std::size_t>(row)];
        if (!skipped && partition % threads == worker) store_->add(partition, block.rows, row, row + 1);
      }
    }
  };
  threads_.run_blocks(threads, host::loop_body::of(add));
}

void stream_engine::add_by_weight() {
  struct flow {
    std::vector<work const*> batches;
    std::size_t next = 0;
  };
  std::vector<flow> flows(served_.size());
  for (index_t b = 0; b < taken_; ++b) {
    work const& block = *works_[static_cast<std::size_t>(b)];
    if (block.rows.size() == 0) continue;
    for (std::size_t f = 0; f < flows.size(); ++f) {
      auto const& s = limits_.sub_streams[f];
      index_t const cost = block.begins[static_cast<std::size_t>(s.last) + 1] -
                           block.begins[static_cast<std::size_t>(s.first)];
      if (cost == 0) continue;
      flows[f].batches.push_back(&block);
      queue_.offer(f, cost);
    }
  }
  // Batches of a sub-stream may be at work on several threads; its partitions take them one after the other.
  std::mutex mutex;
  std::condition_variable done;
  std::vector<std::size_t> batches_of(static_cast<std::size_t>(limits_.partition.partitions));
  auto const all_wait = [&] {
    for (std::size_t f = 0; f < flows.size(); ++f)
      if (served_[f].weight > 0 && queue_.size(f) == 0) return false;
    return true;
  };
  bool failed = false;
  auto const take_new_weights = [&] {
    auto const weights = limits_.new_weights ? limits_.new_weights() : std::nullopt;
    for (std::size_t f = 0; weights && f < served_.size(); ++f) {
      queue_.set_weight(f, (*weights)[f]);
      served_[f].weight = (*weights)[f];
    }
  };
  auto const serve_next = [&](std::unique_lock<std::mutex>& lock) {
    take_new_weights();
    bool const contended = all_wait();
    auto const turn = queue_.take();
    if (!turn || failed) return false;
    auto const& s = limits_.sub_streams[turn->flow];
    auto& counts = served_[turn->flow];
    std::size_t const number = flows[turn->flow].next++;
    work const& block = *flows[turn->flow].batches[number];
    counts.records += turn->cost;
    ++counts.batches;
    if (contended) counts.contended += turn->cost;
    for (int p = s.first; p <= s.last; ++p) {
      std::size_t& mine = batches_of[static_cast<std::size_t>(p)];
      done.wait(lock, [&] { return mine == number || failed; });
      if (failed) return false;
      lock.unlock();
      add_partition(block, p);
      lock.lock();
      ++mine;
      done.notify_all();
    }
    counts.latency.add(std::chrono::duration<double>(std::chrono::steady_clock::now() - block.taken).count());
    return true;
  };
  auto const serve = [&](index_t) {
    std::unique_lock lock(mutex);
    try {
      while (serve_next(lock)) continue;
    } catch (...) {  // where memory runs out, the others must not wait for ever
      if (!lock.owns_lock()) lock.lock();
      failed = true;
      done.notify_all();
      throw;
    }
  };
  threads_.run_blocks(threads_.threads(), host::loop_body::of(serve));
}

void stream_engine::add_behind(behind_rows const& behind) {
  for (index_t row = 0; row < behind.rows.size(); ++row) {
    std::int64_t const mark = behind.marks[static_cast<std::size_t>(row)];
    store_->close(mark, results_);
    int const shard = by_key_ ? partition_of(behind.rows.key(row)) : 0;
    auto const arrival = store_->add_behind(shard, behind.rows, row, mark);
    if (arrival == window_store::arrival::partly_late) ++counts_.partly_late;
    if (arrival != window_store::arrival::late) continue;
    ++counts_.late;
    counts_.latest_by = std::max(counts_.latest_by, mark - behind.rows.times[static_cast<std::size_t>(row)]);
    if (late_) late_(behind.lines[static_cast<std::size_t>(row)]);
  }
}

int stream_engine::partition_of(text_ref key) const {
  if (!splits_.empty())
    return static_cast<int>(std::upper_bound(splits_.begin(), splits_.end(), key_order(key.view())) -
                            splits_.begin());
  // other bits of the hash than tables use
  std::uint64_t const low = hash_of(packed_key_of(key)) & 0xffffffff;
  return static_cast<int>(low * static_cast<std::uint64_t>(limits_.partition.partitions) >> 32);
}

void stream_engine::save(byte_writer& to) const {
  to.put(mark_.largest());
  to.put(counts_.bytes), to.put(counts_.records), to.put(counts_.late), to.put(counts_.partly_late);
  to.put(counts_.malformed), to.put(counts_.results), to.put(counts_.lines), to.put(counts_.latest_by),
      to.put(counts_.unmatched);
  to.put_text(counts_.first_malformed);
  store_->save(to);
}

void stream_engine::load(byte_reader& from) {
  mark_.go_to(from.get<std::int64_t>());
  from.get(counts_.bytes), from.get(counts_.records), from.get(counts_.late), from.get(counts_.partly_late);
  from.get(counts_.malformed), from.get(counts_.results), from.get(counts_.lines),
      from.get(counts_.latest_by), from.get(counts_.unmatched);
  counts_.first_malformed = from.get_text();
  store_->load(from);
}

}  // namespace prorata::events
