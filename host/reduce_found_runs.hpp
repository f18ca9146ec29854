// Finding the runs of an array and reducing them while they are in cache, in one pass on the host.
#pragma once

#include <algorithm>
#include <host/chain.hpp>
#include <host/reduce_runs.hpp>
#include <host/select.hpp>
#include <mutex>
#include <vector>

namespace prorata::host {

namespace detail {

/// What one thread finds in a block: where runs begin, their keys, and the results of all but the last one,
/// which may go on.
template <class K, class T>
struct block_of_runs {
  explicit block_of_runs(index_t n) : begins(n + places_slack), keys(n), results(n) {}
  room_for<index_t> begins;
  room_for<K> keys;
  room_for<T> results;
};

}  // namespace detail

/// Queues, for the runs that begin in [begin, end): keys[k] = key(i) for the k-th i at which one begins,
/// out[k] = the reduction of load(i) for i in run k as if it were an array of its own, and *told = how many
/// there are and where the first and the last begin. A run begins with the first element if at_front, and
/// with any later one for which starts(i) holds. The last run may go on behind `end`: it is left out of
/// `out`. There is room for end − begin keys and results. All that is called may be called more than once for
/// an index.
///   cost  reads everything once but for a run a block, which is read where it ends; writes keys and results
///         once
template <class R, class Starts, class Key, class K, class Load>
void reduce_found_runs(stream& s, R const& r, index_t begin, index_t end, bool at_front, Starts starts,
                       Key key, K* keys, Load load, typename R::result_type* out, rank_runs* told) {
  using result = typename R::result_type;
  s.enqueue([&s, r, begin, end, at_front, starts, key, keys, load, out, told] {
    index_t const front = at_front ? 1 : 0;
    if (at_front) keys[0] = key(begin);
    index_t const from = begin + 1, n = std::max<index_t>(end - from, 0);
    index_t const blocks = (n + select_grain - 1) / select_grain;
    std::vector<index_t> lasts(static_cast<std::size_t>(blocks), -1);  // where each block's last run begins
    struct long_run {
      index_t place, begin, length;
    };
    std::vector<long_run> long_runs;
    std::mutex mutex;
    index_t earliest = at_front ? begin : 0;
    auto const open_before = [&](index_t k) {  // where the run begins that is open before block k
      while (k > 0)
        if (lasts[static_cast<std::size_t>(--k)] >= 0) return lasts[static_cast<std::size_t>(k)];
      return at_front ? begin : -1;
    };

    auto const make_room = [&] { return detail::block_of_runs<K, result>(std::min(n, select_grain)); };
    auto const work = [&](auto& room, index_t k) {
      index_t const first = from + k * select_grain, last = std::min(first + select_grain, end);
      index_t* const begins = room.begins.data();
      index_t count = 0, done = 0;  // runs that begin here, and those of them whose ends are known
      for (index_t i = first; i < last; i += tile) {
        index_t const before = count;
        count += detail::list_places(detail::ask(starts, i, std::min(tile, last - i)), i, begins + count);
        for (index_t j = before; j < count; ++j) room.keys.data()[j] = key(begins[j]);
        if (i + tile < last)
          done += detail::reduce_batches(r, load, begins + done, count - 1 - done, end,
                                         room.results.data() + done);
      }
      detail::reduce_lone_runs(r, load, begins + done, count - 1 - done, end, room.results.data() + done);
      if (count > 0) lasts[static_cast<std::size_t>(k)] = begins[count - 1];
      return count;
    };
    auto const place = [&](auto& room, index_t k, index_t before, index_t count) {
      if (count == 0) return;
      if (front + before == 0) earliest = room.begins.data()[0];
      if (index_t const open = open_before(k); open >= 0) {
        index_t const length = room.begins.data()[0] - open, at = front + before - 1;
        if (length > detail::longest_lone_run) {
          std::lock_guard const lock(mutex);
          long_runs.push_back({at, open, length});
        } else {
          out[at] = detail::reduce_run(r, load, open, length);
        }
      }
      index_t const seen = std::min(n, (k + 1) * select_grain);
      detail::settle(keys + front, room.keys.data(), count, before, seen, n);
      detail::settle(out + front, room.results.data(), count - 1, before, seen, n);
    };
    index_t const count = front + in_chain(s, blocks, make_room, work, place);
    for (auto const& run : long_runs)
      out[run.place] = detail::reduce_long_run(s, r, load, run.begin, run.length);
    *told = {count, earliest, count > 0 ? open_before(blocks) : 0};
  });
}

}  // namespace prorata::host
