// One class: what is grouped once from files and then from ranges on disk is the same work.
#include <malloc.h>

#include <host/algorithms/group_file.hpp>
#include <host/io/file_window.hpp>
#include <host/pages.hpp>
#include <host/run/encoded_column.hpp>
#include <host/run/held_results.hpp>
#include <host/run/spilled_groups.hpp>

namespace prorata::host {

namespace {

constexpr index_t piece_length = 1 << 14;  // rows or records that a thread reads back together
constexpr int most_levels = 24;            // each divides a range by 16 and more, but for what samples miss

/// Some rows, to choose ranges by: 64 neighbours at each of 256 places.
struct row_sample {
  std::vector<std::uint64_t> keys, values;

  /// read(first, n, keys, values)
  template <class Read>
  row_sample(index_t n, Read const& read) {
    constexpr index_t run = 64, places = 256;
    index_t const stride = n / places;
    if (stride <= run) {
      for (index_t first = 0; first < n; first += run) take(first, std::min(run, n - first), read);
      return;
    }
    std::uint64_t random = static_cast<std::uint64_t>(n);
    for (index_t p = 0; p < places; ++p) {
      random = random * 0x5851f42d4c957f2du + 0x14057b7ef767814fu;
      auto const within = static_cast<index_t>((random >> 20) % static_cast<std::uint64_t>(stride - run));
      take(p * stride + within, run, read);
    }
  }

 private:
  template <class Read>
  void take(index_t first, index_t n, Read const& read) {
    std::size_t const before = keys.size();
    keys.resize(before + static_cast<std::size_t>(n));
    values.resize(keys.size());
    read(first, n, keys.data() + before, values.data() + before);
  }
};

/// Some rows, or records, of a range on disk; `before` others come before them.
struct stretch {
  index_t range, begin, count, before;
};

/// Those of ranges [first, last), of which each has size(range).
template <class Size>
std::vector<stretch> stretches_of(index_t first, index_t last, Size const& size) {
  std::vector<stretch> all;
  index_t before = 0;
  for (index_t range = first; range < last; ++range)
    for (index_t begin = 0, end = size(range); begin < end; begin += piece_length) {
      all.push_back({range, begin, std::min(piece_length, end - begin), before});
      before += all.back().count;
    }
  return all;
}

index_t length_of(std::vector<stretch> const& all) {
  return all.empty() ? 0 : all.back().before + all.back().count;
}

/// Calls f(range, first, count, how many came before these) for elements [at, at + n) of the stretches.
template <class F>
void each_within(std::vector<stretch> const& all, index_t at, index_t n, F const& f) {
  auto s = std::upper_bound(all.begin(), all.end(), at,
                            [](index_t wanted, stretch const& x) { return wanted < x.before; });
  for (index_t done = 0; done < n;) {
    stretch const& in = *(s++ - 1);
    index_t const skip = at + done - in.before, count = std::min(n - done, in.count - skip);
    f(in.range, in.begin + skip, count, done);
    done += count;
  }
}

std::uint64_t key_of_record(std::byte const* record) {
  std::uint64_t key;
  std::memcpy(&key, record, sizeof key);
  return key;
}

/// Runs of records that ascend, from records that lie one after the other.
std::vector<record_run> ascending_runs(std::byte const* records, index_t count, index_t record_bytes) {
  std::vector<record_run> runs;
  std::byte const* const end = records + count * record_bytes;
  for (std::byte const* at = records; at != end; at += record_bytes) {
    if (at == records || key_of_record(at) < key_of_record(at - record_bytes)) runs.push_back({at, 0});
    ++runs.back().count;
  }
  return runs;
}

class group_job {
 public:
  group_job(chunked_run& run, file_rows rows, group_plan const& plan, file_sort_limits const& limits,
            grouping::column_taker const& take)
      : run_(run),
        key_file_(rows.keys),
        value_file_(rows.values),
        keys_(std::move(rows.key_words)),
        values_(std::move(rows.value_words)),
        as_stored_(rows.as_stored),
        plan_(plan),
        record_bytes_(record_bytes(plan)),
        limits_(limits),
        take_(take),
        hands_(stream_options{.threads = limits.threads}),
        budget_(std::max<index_t>(limits.memory / 2, index_t{16} << 20)) {
    thread_bytes_ = budget_ / std::max(run.threads_at_once(), hands_.threads());
    budget_ = all().least(budget_), thread_bytes_ = all().least(thread_bytes_);  // so are the ranges of all
  }

  grouping_outcome run() {
    index_t const n = run_.cuts().n;
    row_sample sample(n, [&](index_t first, index_t count, std::uint64_t* keys, std::uint64_t* values) {
      io::file_window of_keys, of_values;
      read_rows(of_keys, of_values, first, first + count).words(0, count, keys, values);
    });
    first_values_ = sample.values;
    if (all().alone()) {
      group(std::move(sample.keys), n, n * row_bytes, 0, take_, [&](grouping& to) { take_files(to); });
    } else {
      group_with_others(std::move(sample.keys), n);
    }
    if (outcome_.spilled > 0) run_.observer().ends();
    return outcome_;
  }

 private:
  static constexpr auto row_bytes = static_cast<index_t>(sizeof(group_row));

  processes const& all() const { return run_.processes(); }

  /// Every process spills what its ranks have; then each groups ranges of keys that lie in its stretch of all that is
  /// spilled, and holds the groups back until it knows how many come before them.
  void group_with_others(std::vector<std::uint64_t> sample, index_t rows) {
    spilled_groups spilled(limits_.folder, values_ != nullptr, record_bytes_, all());
    index_t ranges;
    {
      auto const groups = grouping::make(plan_);
      groups->limit(thread_bytes_, &spilled);
      groups->expect(std::move(sample), first_values_, rows);
      ranges = std::max<index_t>(groups->ranges(), 1);
      spilled.open(ranges);
      take_files(*groups);
      all().together([&] { on_hands([&] { groups->spill(hands_); }); });
    }
    spilled.share();
    held_results held(limits_.folder, static_cast<int>(group_columns));
    all().together([&] {
      group_spilled(spilled, ranges, 1, run_.shares().mine(spilled.bytes_on_disk()),
                    [&](index_t place, group_column_words const& columns) {
                      held_results::columns bytes;
                      for (auto const& words : columns) bytes.push_back(std::as_bytes(words));
                      held.hold(place, bytes);
                    });
    });
    index_t const before = all().before(outcome_.groups);
    all().together([&] {
      held.release([&](index_t place, held_results::columns const& bytes) {
        group_column_words columns;
        for (std::size_t c = 0; c < columns.size(); ++c)
          columns[c] = {reinterpret_cast<std::uint64_t const*>(bytes[c].data()),
                        bytes[c].size() / sizeof(std::uint64_t)};
        take_(before + place, columns);
      });
    });
    index_t sums[] = {outcome_.groups, outcome_.parts, outcome_.spilled};
    all().add(sums);
    outcome_ = {sums[0], sums[1], sums[2]};
  }

  /// Groups what feed(grouping) gives, in memory or range by range: `rows` of them, of which some have these
  /// keys. bytes: what they would take in memory at most.
  template <class Feed>
  void group(std::vector<std::uint64_t> sample, index_t rows, index_t bytes, int level,
             grouping::column_taker const& take, Feed const& feed) {
    if (level > most_levels)
      throw out_of_memory("groupby: the groups of one part of the keys do not fit --memory; raise it");
    spilled_groups spilled(limits_.folder, values_ != nullptr, record_bytes_, processes::one());
    index_t ranges;
    {
      auto const groups = grouping::make(plan_);
      groups->limit(thread_bytes_, bytes > budget_ ? &spilled : nullptr);
      groups->expect(std::move(sample), first_values_, rows);
      spilled.open(groups->ranges());
      feed(*groups);
      on_hands([&] {
        if (spilled.used()) return groups->spill(hands_);
        groups->finish_to(hands_, [&](index_t place, group_column_words const& columns) {
          take(outcome_.groups + place, columns);
        });
      });
      if (!spilled.used()) {
        outcome_.groups += groups->groups();
        ++outcome_.parts;
        return;
      }
      ranges = groups->ranges();
    }
    index_t const on_disk = spilled.bytes_on_disk();
    group_spilled(spilled, ranges, level + 1, {0, on_disk, on_disk}, take);
  }

  /// Range after range; neighbours together where they fit. Those that begin within `mine`, of all bytes.
  void group_spilled(spilled_groups& spilled, index_t ranges, int level, piece mine,
                     grouping::column_taker const& take) {
    index_t const on_disk = mine.end - mine.begin;
    outcome_.spilled += on_disk;
    if (level == 1) run_.observer().begins_moving("", on_disk);
    auto const bytes_of = [&](index_t range) {
      return spilled.rows_in(range) * row_bytes + spilled.records_in(range) * record_bytes_;
    };
    for (index_t first = 0, last = 0, at = 0; first < ranges; first = last) {
      index_t bytes = bytes_of(last++);
      bool const is_mine = mine.begin <= at && at < mine.end;
      while (last < ranges && bytes + bytes_of(last) <= budget_) bytes += bytes_of(last++);
      for (index_t range = first; range < last; ++range) at += spilled.bytes_on_disk(range);
      if (is_mine) group_ranges(spilled, first, last, bytes, level, take);
#ifdef __GLIBC__
      ::malloc_trim(0);  // each thread's arena would keep what a part took, beside what the next one takes
#endif
    }
  }

  void group_ranges(spilled_groups& from, index_t first, index_t last, index_t bytes, int level,
                    grouping::column_taker const& take) {
    auto const rows = stretches_of(first, last, [&](index_t range) { return from.rows_in(range); });
    auto const records = stretches_of(first, last, [&](index_t range) { return from.records_in(range); });
    row_sample sample(length_of(rows), [&](index_t at, index_t n, std::uint64_t* keys, std::uint64_t*) {
      std::vector<group_row> some(static_cast<std::size_t>(n));
      each_within(rows, at, n, [&](index_t range, index_t begin, index_t count, index_t before) {
        from.read_rows(
            range, begin,
            std::span(some).subspan(static_cast<std::size_t>(before), static_cast<std::size_t>(count)));
      });
      for (auto const& r : some) *keys++ = r.key;
    });
    if (bytes > budget_) {  // then records need ranges, too
      row_sample const more(length_of(records),
                            [&](index_t at, index_t n, std::uint64_t* keys, std::uint64_t*) {
                              std::vector<std::byte> some(static_cast<std::size_t>(n * record_bytes_));
                              read_records(from, records, at, n, some.data());
                              for (index_t i = 0; i < n; ++i)
                                keys[i] = key_of_record(some.data() + i * record_bytes_);
                            });
      sample.keys.insert(sample.keys.end(), more.keys.begin(), more.keys.end());
    }
    pages memory;  // of records, for as long as the grouping lives
    group(std::move(sample.keys), length_of(rows) + length_of(records), bytes, level, take,
          [&](grouping& to) {
            take_rows(from, rows, to);
            if (bytes > budget_) {
              pass_records(from, records, to);
            } else {
              memory = take_records(from, records, to);
            }
            for (index_t range = first; range < last; ++range) from.forget(range);
          });
  }

  void take_files(grouping& to) {
    auto const work = [&](piece p) {
      io::file_window of_keys, of_values;
      auto const rows = read_rows(of_keys, of_values, p.begin, p.end);
      take_blocks(to, p.end - p.begin,
                  [&](index_t first, index_t n, std::uint64_t* keys, std::uint64_t* values) {
                    rows.words(first, n, keys, values);
                  });
    };
    io::file_column const& values = value_file_ != nullptr ? *value_file_ : key_file_;
    run_.run("group", work, [&](stream const& s, gpu_rank& gpu, piece p) {
      if (!as_stored_) return each_grain(s, p, work);
      gpu.group(
          s, {&key_file_, &values, plan_}, p, [&](record_run run) { to.take_records(s, run); },
          [&](piece rows) { each_grain(s, rows, work); });
    });
  }

  void take_rows(spilled_groups const& from, std::vector<stretch> const& rows, grouping& to) {
    each_on_hands(rows, [&](stretch const& s) {
      std::vector<group_row> some(static_cast<std::size_t>(s.count));
      from.read_rows(s.range, s.begin, some);
      take_blocks(to, s.count, [&](index_t first, index_t n, std::uint64_t* keys, std::uint64_t* values) {
        for (index_t i = 0; i < n; ++i) {
          keys[i] = some[static_cast<std::size_t>(first + i)].key;
          values[i] = some[static_cast<std::size_t>(first + i)].value;
        }
      });
      run_.observer().moved(s.count * row_bytes);
    });
  }

  pages take_records(spilled_groups const& from, std::vector<stretch> const& records, grouping& to) {
    if (records.empty()) return {};
    pages memory(static_cast<std::size_t>(length_of(records) * record_bytes_));
    each_on_hands(records, [&](stretch const& s) {
      read_records(from, records, s.before, s.count, memory.data() + s.before * record_bytes_);
    });
    to.take_runs(ascending_runs(memory.data(), length_of(records), record_bytes_));
    return memory;
  }

  void pass_records(spilled_groups const& from, std::vector<stretch> const& records, grouping& to) {
    each_on_hands(records, [&](stretch const& s) {
      std::vector<std::byte> some(static_cast<std::size_t>(s.count * record_bytes_));
      read_records(from, records, s.before, s.count, some.data());
      for (auto const& run : ascending_runs(some.data(), s.count, record_bytes_)) to.pass_on(run);
    });
  }

  /// Gives n rows that read(first, count, keys, values) gets to the grouping, on the calling thread.
  template <class Read>
  static void take_blocks(grouping& to, index_t n, Read const& read) {
    auto const mine = to.taker();
    std::uint64_t keys[group_block], values[group_block];
    for (index_t first = 0; first < n; first += group_block) {
      index_t const count = std::min(group_block, n - first);
      read(first, count, keys, values);
      mine->take(keys, values, count);
    }
  }

  /// Rows of the files, as they are stored.
  struct stored_rows {
    group_job const& of;
    std::byte const *keys, *values;

    /// The words of rows [first, first + n) of these.
    void words(index_t first, index_t n, std::uint64_t* to_keys, std::uint64_t* to_values) const {
      of.keys_->encode(keys + first * io::size_of(of.key_file_.array().type), n, to_keys);
      if (of.values_) {
        of.values_->encode(values + first * io::size_of(of.value_file_->array().type), n, to_values);
      } else {
        std::fill_n(to_values, n, 0);
      }
    }
  };
  stored_rows read_rows(io::file_window& of_keys, io::file_window& of_values, index_t first,
                        index_t last) const {
    return {*this, of_keys.read(key_file_, first, last),
            values_ ? of_values.read(*value_file_, first, last) : nullptr};
  }

  void read_records(spilled_groups const& from, std::vector<stretch> const& records, index_t at, index_t n,
                    std::byte* to) const {
    each_within(records, at, n, [&](index_t range, index_t begin, index_t count, index_t before) {
      from.read_records(range, begin,
                        {to + before * record_bytes_, static_cast<std::size_t>(count * record_bytes_)});
    });
  }

  template <class F>
  void on_hands(F const& f) {
    hands_.enqueue([&] { f(); });
    hands_.sync();
  }
  template <class F>
  void each_on_hands(std::vector<stretch> const& all, F const& f) {
    on_hands([&] {
      hands_.parallel(static_cast<index_t>(all.size()),
                      [&](index_t k) { f(all[static_cast<std::size_t>(k)]); });
    });
  }

  chunked_run& run_;
  io::file_column const& key_file_;
  io::file_column const* value_file_;
  std::unique_ptr<encoded_column> keys_, values_;
  bool as_stored_;
  group_plan plan_;
  index_t record_bytes_;
  file_sort_limits const& limits_;
  grouping::column_taker const& take_;
  stream hands_;
  index_t budget_, thread_bytes_ = 0;
  std::vector<std::uint64_t> first_values_;  // sampled; they choose the bands of sums at every level
  grouping_outcome outcome_;
};

}  // namespace

grouping_outcome group_file(chunked_run& run, file_rows rows, group_plan const& plan,
                            file_sort_limits const& limits, grouping::column_taker const& take) {
  return group_job(run, std::move(rows), plan, limits, take).run();
}

}  // namespace prorata::host
