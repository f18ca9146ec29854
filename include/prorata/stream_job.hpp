// stream_job: runs a stream_query over the batches that inputs push, on several threads, and gives out windows as they
// are complete.
#pragma once

#include <atomic>
#include <bit>
#include <cstring>
#include <deque>
#include <functional>
#include <host/events/query_windows.hpp>
#include <host/events/stream_driver.hpp>
#include <host/parallel.hpp>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <prorata/per_window.hpp>
#include <prorata/record_columns.hpp>
#include <prorata/stream_query.hpp>
#include <ranges>
#include <thread>
#include <utility>
#include <vector>

namespace prorata {

struct stream_job_options {
  int threads = 0;                ///< 0: every core
  index_t queue = 1 << 20;        ///< records that may wait in an input before who pushes has to wait
  index_t block_bytes = 1 << 18;  ///< of records that a thread takes at a time
};

/// How an input takes part.
struct stream_input_options {
  std::int64_t lateness = 0;                      ///< see watermark
  std::int64_t advance = 2 * largest_event_time;  ///< see watermark
  double weight = 1;                              ///< of its turns, while other inputs have batches, too
};

struct stream_job_counts {
  index_t records = 0;      ///< that came
  index_t late = 0;         ///< came after all their windows had closed, and count in none
  index_t partly_late = 0;  ///< came after some of their windows had closed, and count in the others
  index_t results = 0;
};

/// Runs a query.
///   results  sink(window_bounds, key, answer, answer …), without the key where the query has none: in the order of the
///            windows' ends, then of their begins, then of keys. They are the same for every number of threads, every
///            cut of an input into batches, and every order in which several inputs are served; but what comes from an
///            input that was idle may be late or not
///   windows  close when the watermarks of all inputs have reached their ends; inputs that are idle, or have ended, do
///            not hold them back; one that has not brought anything does. An event is late by its own input's
///            watermark, which is that of all its records, also of those that a filter leaves out: when all its
///            windows have ended; of sessions and batches_of, when it is behind the watermark at all
///   batches  records, or columns_of<Record>(…). A batch that is lent is done with when push() returns; one that is
///            given, as std::vector<Record>&&, waits in a queue
///   threads  any number may push. Functions of the query are called on several threads, and may be asked twice about a
///            record; sinks on one at a time: the job's own, and in finish() the caller's
///   failure  what a function or a sink throws ends the job: it is thrown by every push() and by finish()
///   cost     reads a batch once; a filter that comes first is a loop of its own
///   throws   usage_error: a time beyond 2^61, or pushing to a job that is finished
///   source   panes: Li et al., No Pane, No Gain, 2005; watermarks: Akidau et al., The Dataflow Model, 2015
template <class Query, class Sink>
class stream_job {
  using record = typename Query::record_type;
  enum class presence { active, idle, closed };

 public:
  class input {
   public:
    /// Adds the records of a batch, which is done with on return.
    template <class Batch>
    void push(Batch const& batch) {
      auto const size = static_cast<index_t>(batch.size());
      job_->driver_.push_and_wait(number_, size, [&] { job_->add(number_, as_rows(batch)); });
    }
    /// Takes a batch in, as soon as there is room.
    void push(std::vector<record>&& batch) {
      auto const size = std::ssize(batch);
      auto const kept = std::make_shared<std::vector<record> const>(std::move(batch));
      job_->driver_.push(number_, size,
                         [job = job_, number = number_, kept] { job->add(number, as_rows(*kept)); });
    }
    /// Nothing comes for a while: windows close without it, until the next push.
    void idle() { set(presence::idle); }
    /// Nothing comes any more.
    void close() { set(presence::closed); }
    void set_weight(double weight) { job_->driver_.set_weight(number_, weight); }
    /// Records that were added.
    index_t served() const { return job_->driver_.served(number_); }

   private:
    friend class stream_job;
    input(stream_job* job, std::size_t number) : job_(job), number_(number) {}
    void set(presence to) {
      job_->driver_.push(number_, 0, [job = job_, number = number_, to] { job->set_presence(number, to); });
    }
    stream_job* job_;
    std::size_t number_;
  };

  stream_job(Query query, Sink sink, stream_job_options const& o = {})
      : query_(std::move(query)),
        sink_(std::move(sink)),
        threads_(o.threads),
        block_(std::max<index_t>(o.block_bytes / static_cast<index_t>(sizeof(record)) / 64 * 64, 64)),
        windows_(query_, threads_.threads()),
        scratch_(static_cast<std::size_t>(threads_.threads())),
        driver_(o.queue) {}
  stream_job(stream_job const&) = delete;
  stream_job& operator=(stream_job const&) = delete;

  /// One more input. The first one should be there before any pushes: windows do not wait for who comes later.
  input add_input(stream_input_options const& o = {}) {
    watermark const mark(o.lateness, o.advance);
    std::lock_guard const lock(inputs_mutex_);
    auto const number = driver_.add_input(o.weight);
    inputs_.push_back({mark, presence::active});
    return input(this, number);
  }

  /// The same to the job's only input, which is made if need be.
  template <class Batch>
  void push(Batch&& batch) {
    std::call_once(only_made_, [&] { only_ = add_input(); });
    only_->push(std::forward<Batch>(batch));
  }

  /// All that a source has, which next(batch) gives a batch at a time: csv_records, or one of yours. While it reads,
  /// the batches before are worked on.
  template <class Source>
  void push_all(Source& source) {
    for (std::vector<record> batch; source.next(batch); batch = {}) push(std::move(batch));
  }

  /// Waits for all batches and closes all windows.
  void finish() {
    driver_.finish([&] { close(watermark::after_all); });
  }

  /// What comes too late is given there, in the order of its input, on the job's thread. Before the first push.
  void on_late(std::function<void(record const&)> late) { late_ = std::move(late); }

  /// Between pushes, or after finish().
  stream_job_counts const& counts() const { return counts_; }
  index_t open_groups() const { return windows_.open_groups(); }

 private:
  friend class input;
  struct input_state {
    watermark mark;
    presence now;
    index_t records = 0;  ///< that it has brought
  };

  /// What is known of a block before its records are added.
  struct block_times {
    std::int64_t first = 0, least = 0, largest = 0;
  };
  /// What a thread has of its own.
  struct scratch {
    std::vector<std::uint64_t> bits;
    std::vector<std::uint32_t> selected;
    index_t partly_late = 0;
  };

  template <class Batch>
  static auto as_rows(Batch const& batch) {
    if constexpr (std::ranges::contiguous_range<Batch>)
      return std::span<record const>(batch);
    else
      return batch;
  }

  template <class Rows>
  void add(std::size_t number, Rows const& rows) {
    input_state mine = state_of(number);
    auto const n = static_cast<index_t>(rows.size());
    // records of one time are in the order of inputs, and of each one's records
    index_t const first_place = (static_cast<index_t>(number) << 48) + mine.records;
    index_t const blocks = (n + block_ - 1) / block_;
    // the watermark before each block, at least what has been closed while this input was idle
    std::vector<watermark> marks(static_cast<std::size_t>(blocks) + 1, mine.mark);
    std::vector<block_times> times(static_cast<std::size_t>(blocks));
    std::vector<std::vector<record>> late(static_cast<std::size_t>(blocks));
    index_t const words = block_ / 64;
    std::vector<std::uint64_t> selected(static_cast<std::size_t>(blocks * words));  // a bit for each record
    std::vector<char> known(static_cast<std::size_t>(blocks));  // which blocks were looked at
    std::atomic<index_t> next = 0, turn = 0;  // the first block that nobody took, and that is not known
    std::atomic<bool> failed = false;
    std::mutex turns;  // of known, and what is known
    auto const look = [&](index_t b, scratch& at_work) {
      at_work.bits.resize(static_cast<std::size_t>(words));
      block_times const found = look_at(rows, b * block_, std::min(n, (b + 1) * block_), at_work.bits.data());
      std::lock_guard const lock(turns);
      if (std::exchange(known[static_cast<std::size_t>(b)], true)) return;
      times[static_cast<std::size_t>(b)] = found;
      std::copy(at_work.bits.begin(), at_work.bits.end(), selected.begin() + b * words);
      for (index_t k = turn; k < blocks && known[static_cast<std::size_t>(k)]; turn = ++k) {
        auto const at = static_cast<std::size_t>(k);
        watermark mark = marks[at];
        if (!mark.observe_all(times[at].first, times[at].largest))
          for (index_t i = k * block_; i < std::min(n, (k + 1) * block_); ++i) mark.observe(time_of(rows, i));
        marks[at + 1] = mark;
      }
    };
    // A thread adds the blocks that it took. Until all before one of them are known it takes more; but not so many
    // that none is in its cache any more: then it looks at the missing one, too, whose thread may have to wait for a
    // processor.
    auto const work = [&](index_t worker) {
      scratch& at_work = scratch_[static_cast<std::size_t>(worker)];
      std::deque<index_t> waiting;
      try {
        while (!failed) {
          while (!waiting.empty() && waiting.front() < turn) {
            auto const at = static_cast<std::size_t>(waiting.front());
            add_block(static_cast<int>(worker), rows, waiting.front() * block_,
                      selected.data() + waiting.front() * words, times[at], marks[at], marks[at + 1],
                      first_place, late[at]);
            waiting.pop_front();
          }
          index_t const missing = turn;
          if (waiting.size() > 2 && missing < waiting.front()) {
            look(missing, at_work);
          } else if (index_t const b = next++; b < blocks) {
            waiting.push_back(b);
            look(b, at_work);
          } else if (waiting.empty()) {
            return;
          } else if (missing < waiting.front()) {
            look(missing, at_work);
          }
        }
      } catch (...) {
        failed = true;
        throw;
      }
    };
    threads_.run_blocks(std::min<index_t>(threads_.threads(), blocks), host::loop_body::of(work));
    counts_.records += n;
    for (auto& s : scratch_) counts_.partly_late += std::exchange(s.partly_late, 0);
    for (auto const& list : late) {
      counts_.late += std::ssize(list);
      if (late_)
        for (record const& r : list) late_(r);
    }
    set_state(number, {marks.back(), presence::active, mine.records + n});
  }

  input_state state_of(std::size_t number) {
    std::lock_guard const lock(inputs_mutex_);
    return inputs_[number];
  }
  void set_presence(std::size_t number, presence to) {
    input_state mine = state_of(number);
    mine.now = to;
    set_state(number, mine);
  }
  void set_state(std::size_t number, input_state const& to) {
    std::int64_t w = watermark::after_all;
    {
      std::lock_guard const lock(inputs_mutex_);
      inputs_[number] = to;
      for (auto const& in : inputs_)
        if (in.now == presence::active) w = std::min(w, in.mark.value());
    }
    if (w != watermark::after_all) close(w);
  }

  template <class Rows>
  std::int64_t time_of(Rows const& rows, index_t i) const {
    return static_cast<std::int64_t>(std::invoke(query_.time, rows[static_cast<std::size_t>(i)]));
  }

  /// Reads the times of a block, and asks the first filter: 64 records at a time, whose bytes make a word of bits.
  template <class Rows>
  block_times look_at(Rows const& all, index_t begin, index_t end, std::uint64_t* bits) const {
    Rows const rows = all;  // which nothing that is written here is part of
    std::int64_t const first = time_of(rows, begin);
    std::int64_t least = first, largest = first;
    for (; begin < end; begin += 64) {
      auto const n = static_cast<std::size_t>(std::min<index_t>(end - begin, 64));
      auto const at = static_cast<std::size_t>(begin);
      for (std::size_t i = 0; i < n; ++i) {
        std::int64_t const now = time_of(rows, static_cast<index_t>(at + i));
        least = std::min(least, now), largest = std::max(largest, now);
      }
      if constexpr (std::is_same_v<decltype(Query::select), detail::every_record>) {
        *bits++ = ~std::uint64_t{0} >> (64 - n);
      } else {
        std::uint8_t taken[64] = {};
        if (n == 64)
          for (std::size_t i = 0; i < 64; ++i)
            taken[i] = static_cast<bool>(std::invoke(query_.select, rows[at + i]));
        else
          for (std::size_t i = 0; i < n; ++i)
            taken[i] = static_cast<bool>(std::invoke(query_.select, rows[at + i]));
        std::uint64_t word = 0;
        for (std::size_t k = 0; k < 8; ++k) {
          std::uint64_t eight;
          std::memcpy(&eight, taken + 8 * k, 8);
          word |= (eight * 0x0102'0408'1020'4080) >> 56 << 8 * k;
        }
        *bits++ = word;
      }
    }
    require(least >= -largest_event_time && largest <= largest_event_time,
            "stream_job: times are within 2^61");
    return {first, least, largest};
  }

  template <class Rows>
  void add_block(int worker, Rows const& rows, index_t begin, std::uint64_t const* bits,
                 block_times const& times, watermark const& before, watermark const& after,
                 index_t first_place, std::vector<record>& late) {
    auto const n = static_cast<index_t>(rows.size());
    index_t const end = std::min(n, begin + block_);
    auto& mine = scratch_[static_cast<std::size_t>(worker)];
    typename windows::adder adder(windows_, worker);
    if (!windows_.all_plain(times.least, std::max(after.value(), closed_)))
      return add_behind(mine, adder, rows, begin, end, bits, before, first_place, late);
    auto const with_value = [&](index_t i, auto const& f) {
      query_.steps(rows[static_cast<std::size_t>(i)], f);
    };
    auto const add_all = [&](auto const& chosen, auto const& time, auto& to) {
      for (std::size_t k = 0; k < chosen.size(); ++k) {
        // rows lie apart: those that a filter left out between them are not read again
        if constexpr (sizeof(record) >= 32 && std::ranges::contiguous_range<Rows>)
          __builtin_prefetch(
              &rows[static_cast<std::size_t>(begin) + chosen[std::min(k + 12, chosen.size() - 1)]]);
        index_t const i = begin + chosen[k];
        with_value(i, [&](auto const& x) { to(time(i), first_place + i, std::invoke(query_.key, x), x); });
      }
    };
    auto const add_to_pane = [&](auto const& chosen, auto& pane) {
      auto const time = [&](index_t) { return times.least; };  // times are not looked at again
      if (!pane.is_large()) return add_all(chosen, time, pane);
      for (std::size_t from = 0; from < chosen.size(); from += announced) {
        auto const some = chosen.subspan(from, std::min(announced, chosen.size() - from));
        for (auto const i : some)
          with_value(begin + i, [&](auto const& x) { pane.announce(std::invoke(query_.key, x)); });
        add_all(some, time, pane);
      }
    };
    number_selected(mine, bits, end - begin);
    std::span<std::uint32_t const> const chosen(mine.selected);
    auto pane = adder.of_one_pane(times.least, times.largest);
    if constexpr (!std::is_null_pointer_v<decltype(pane)>)
      if (pane) return add_to_pane(chosen, *pane);
    add_all(
        chosen, [&](index_t i) { return time_of(rows, i); }, adder);
  }
  static constexpr std::size_t announced = 64;

  /// The numbers of the bits that are set, eight at a time.
  static void number_selected(scratch& mine, std::uint64_t const* words, index_t n) {
    mine.selected.resize(static_cast<std::size_t>(n) + 64);
    std::uint32_t* to = mine.selected.data();
    for (index_t i = 0; i < n; i += 64) {
      std::uint64_t bits = *words++;
      auto const count = static_cast<std::size_t>(std::popcount(bits));
      for (std::size_t k = 0; k < count; k += 8)
        for (std::size_t j = 0; j < 8; ++j) {
          to[k + j] = static_cast<std::uint32_t>(i) +
                      static_cast<std::uint32_t>(std::countr_zero(bits | std::uint64_t{1} << 63));
          bits &= bits - 1;
        }
      to += count;
    }
    mine.selected.resize(static_cast<std::size_t>(to - mine.selected.data()));
  }

  /// Records one by one, of which some are behind the watermark.
  template <class Rows>
  void add_behind(scratch& mine, typename events::windows_of<Query>::adder& adder, Rows const& rows,
                  index_t begin, index_t end, std::uint64_t const* bits, watermark mark, index_t first_place,
                  std::vector<record>& late) {
    for (index_t i = begin; i < end; ++i) {
      record const& r = rows[static_cast<std::size_t>(i)];
      std::int64_t const t = time_of(rows, i);
      mark.observe(t);
      if ((bits[(i - begin) / 64] >> (i - begin) % 64 & 1) == 0) continue;
      query_.steps(r, [&](auto const& x) {
        std::int64_t const w = std::max(mark.value(), closed_);
        switch (windows_.arrival_of(t, w)) {
          case events::arrival::in_time:
            return adder(t, first_place + i, std::invoke(query_.key, x), x);
          case events::arrival::partly_late:
            ++mine.partly_late;
            return adder.behind(t, w, std::invoke(query_.key, x), x);
          case events::arrival::late:
            late.push_back(r);
        }
      });
    }
  }

  void close(std::int64_t w) {
    if (w <= closed_) return;
    closed_ = w;
    auto const give = [&](window_bounds const& window, auto const& key, auto const& state) {
      ++counts_.results;
      query_.give(sink_, window, key, state);
    };
    windows_.close(w, give);
  }

  using windows = events::windows_of<Query>;

  Query const query_;
  Sink sink_;
  host::thread_limit threads_;
  index_t block_;
  windows windows_;
  std::vector<scratch> scratch_;
  std::function<void(record const&)> late_;
  stream_job_counts counts_;
  std::int64_t closed_ = watermark::before_all;
  std::mutex inputs_mutex_;
  std::vector<input_state> inputs_;
  std::once_flag only_made_;
  std::optional<input> only_;
  events::stream_driver driver_;  // last: its thread uses the others
};

}  // namespace prorata
