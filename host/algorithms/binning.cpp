// Bins of a column: counted by threads and GPUs, or grouped by their number.
#include <algorithm>
#include <host/algorithms/binning.hpp>
#include <host/group_by.hpp>
#include <host/histogram.hpp>
#include <host/io/decoded.hpp>
#include <host/io/file_window.hpp>
#include <host/run/encoded_column.hpp>
#include <limits>
#include <mutex>

namespace prorata::host {

namespace {

constexpr element_span nothing{std::numeric_limits<double>::infinity(),
                               -std::numeric_limits<double>::infinity(), 0};

/// A file's elements as what bins are found for: floats and halves as float, everything else as double.
template <class X>
struct binned_column {
  io::file_column const& in;
  io::decoded<X> source;

  explicit binned_column(io::file_column const& file) : in(file), source(file.array()) {}

  /// f(first, elements, n) for blocks of a piece.
  template <index_t Block, class F>
  void each(piece p, F const& f) const {
    index_t const size = io::size_of(in.array().type);
    alignas(64) X room[Block];
    io::each_window(in, p.begin, p.end, [&](std::byte const* stored, index_t begin, index_t all) {
      for (index_t at = 0; at < all; at += Block) {
        index_t const n = std::min(Block, all - at);
        f(begin + at, source.of(stored + at * size, n, room), n);
      }
    });
  }
};

/// load(i) of a window, or many at once.
template <class X>
struct by_block {
  io::decoded<X> const& source;
  std::byte const* stored;  // element `begin`
  index_t begin, size;
  X operator()(index_t i) const {
    X x;
    read(i, 1, &x);
    return x;
  }
  void read(index_t first, index_t n, X* to) const { source.decode(stored + (first - begin) * size, n, to); }
};

}  // namespace

template <class X>
element_span span_within(chunked_run& run, io::file_column const& column, double low, double high) {
  binned_column<X> const file(column);
  std::mutex mutex;
  element_span all = nothing;
  run.run("range", [&](piece p) {
    element_span mine = nothing;
    file.template each<tile>(p, [&](index_t, X const* elements, index_t n) {
      for (index_t i = 0; i < n; ++i) {
        double const x = static_cast<double>(elements[i]);
        bool const within = low <= x && x <= high;
        mine.low = within && x < mine.low ? x : mine.low;
        mine.high = within && x > mine.high ? x : mine.high;
        mine.count += within;
      }
    });
    std::lock_guard const lock(mutex);
    all = {std::min(all.low, mine.low), std::max(all.high, mine.high), all.count + mine.count};
  });
  element_span of_all = nothing;
  for (auto const& one : run.processes().gather(std::vector{all}))
    of_all = {std::min(of_all.low, one.low), std::max(of_all.high, one.high), of_all.count + one.count};
  return of_all;
}

template <class X>
std::vector<index_t> counts_in_bins(chunked_run& run, io::file_column const& column, bin_rule const& rule) {
  io::decoded<X> const elements(column.array());
  bin_counters counters(rule);
  std::vector<index_t> total(static_cast<std::size_t>(rule.slots()), 0);
  std::mutex adding;
  run.run(
      "histogram",
      [&](piece p) {
        io::each_window(column, p.begin, p.end, [&](std::byte const* stored, index_t first, index_t count) {
          counters.count(by_block<X>{elements, stored, first, io::size_of(column.array().type)}, first,
                         first + count);
        });
      },
      [&](stream const& s, gpu_rank& gpu, piece p) {
        std::vector<index_t> counts(total.size(), 0);
        gpu.count_bins(s, column, rule, p, counts.data());
        std::lock_guard const lock(adding);
        for (std::size_t k = 0; k < counts.size(); ++k) total[k] += counts[k];
      });
  counters.add_to(total.data());
  run.processes().add(total);
  return total;
}

template <class X>
weighted_counts weights_in_bins(chunked_run& run, io::file_column const& column, bin_rule const& rule,
                                io::file_column const& by) {
  require(run.processes().alone(), "weights of bins are added up by one process; start one");
  binned_column<X> const file(column);
  group_plan const plan{addend_in(by), {1, false}, 0};
  auto const groups = grouping::make(plan);
  auto const weights = values_of(by);
  auto const each_words = [&](piece p, auto const& f) {
    io::file_window window;
    std::byte const* const stored = window.read(by, p.begin, p.end);
    index_t const size = io::size_of(by.array().type);
    file.template each<group_block>(p, [&](index_t first, X const* elements, index_t n) {
      std::uint64_t keys[group_block], values[group_block];
      for (index_t i = 0; i < n; ++i) keys[i] = encoded_key(rule(elements[i]));
      weights->encode(stored + (first - p.begin) * size, n, values);
      f(keys, values, n);
    });
  };
  index_t const n = run.cuts().n;
  std::vector<std::uint64_t> some_keys{encoded_key(index_t{0}), encoded_key(rule.slots() - 1)}, some_values;
  each_words({0, std::min<index_t>(n, 4096), n},
             [&](std::uint64_t const* keys, std::uint64_t const* values, index_t count) {
               some_keys.insert(some_keys.end(), keys, keys + count);
               some_values.insert(some_values.end(), values, values + count);
             });
  groups->expect(std::move(some_keys), some_values, n);
  auto const work = [&](piece p) {
    auto const mine = groups->taker();
    each_words(p,
               [&](auto const* keys, auto const* values, index_t count) { mine->take(keys, values, count); });
  };
  run.run("histogram", work, [&](stream const& s, gpu_rank& gpu, piece p) {
    gpu.group(
        s, {&column, &by, plan, &rule}, p, [&](record_run run) { groups->take_records(s, run); },
        [&](piece rows) { each_grain(s, rows, work); });
  });
  groups->finish(run.team().streams().front());
  weighted_counts result;
  result.counts.assign(static_cast<std::size_t>(rule.slots()), 0);
  result.sums.assign(result.counts.size(), 0);  // the words of +0 and 0
  auto const keys = groups->column(group_column::key), counts = groups->column(group_column::count),
             sums = groups->column(group_column::sum);
  for (std::size_t piece = 0; piece < keys.size(); ++piece)
    for (std::size_t k = 0; k < keys[piece].size(); ++k) {
      auto const slot = static_cast<std::size_t>(decoded_key<index_t>(keys[piece][k]));
      result.counts[slot] = static_cast<index_t>(counts[piece][k]);
      result.sums[slot] = sums[piece][k];
    }
  return result;
}

template element_span span_within<float>(chunked_run&, io::file_column const&, double, double);
template std::vector<index_t> counts_in_bins<float>(chunked_run&, io::file_column const&, bin_rule const&);
template weighted_counts weights_in_bins<float>(chunked_run&, io::file_column const&, bin_rule const&,
                                                io::file_column const&);
template element_span span_within<double>(chunked_run&, io::file_column const&, double, double);
template std::vector<index_t> counts_in_bins<double>(chunked_run&, io::file_column const&, bin_rule const&);
template weighted_counts weights_in_bins<double>(chunked_run&, io::file_column const&, bin_rule const&,
                                                 io::file_column const&);

}  // namespace prorata::host
