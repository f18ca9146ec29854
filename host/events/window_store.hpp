// window_store: what is kept of the windows that are open, in shards that threads fill, and the windows that close.
#pragma once

#include <functional>
#include <host/events/group_table.hpp>
#include <memory>
#include <prorata/windows.hpp>
#include <string>
#include <vector>

namespace prorata::events {

/// A window that is complete: its bounds, its key, and ",answer,answer".
struct closed_window {
  window_bounds bounds;
  std::string key;
  index_t number;  ///< among those of one key and bounds (windows of so many records)
  std::string answers;
};
/// Given windows in the order of their ends, then of their begins, then of keys.
using window_sink = std::function<void(closed_window const&)>;

/// Open windows of all keys.
///   promise  what comes out depends on the records and on the watermark at each of them, and not on who brings them in
///            which batches. For that, records are of two kinds. Those that are not before the watermark of their place
///            (`is_plain`) belong to no window that is closed by then: they may be added before windows are closed that
///            earlier records close. The others are added one by one, in the order of the input, after close() of their
///            watermark.
///   threads  add() of different shards at a time; all else alone
class window_store {
 public:
  static std::unique_ptr<window_store> make(window_rule const& rule, aggregate_plan const& plan, int shards);
  virtual ~window_store() = default;

  /// Whether every record of a key has to be added to one shard, in order; else to any.
  virtual bool by_key() const = 0;

  /// Whether a record of time t is plain where the watermark is w; then so are all that are not before t.
  virtual bool is_plain(std::int64_t t, std::int64_t w) const = 0;

  /// Adds plain records [begin, end) of a batch.
  virtual void add(int shard, row_batch const& rows, index_t begin, index_t end) = 0;

  enum class arrival { in_time, partly_late, late };
  /// Adds a record that is not plain, at watermark w, to which all has been closed; unless it is late for all windows.
  virtual arrival add_behind(int shard, row_batch const& rows, index_t row, std::int64_t w) = 0;

  /// Closes all windows whose ends are up to w; at watermark::after_all, those that have no end yet, too.
  virtual void close(std::int64_t w, window_sink const& sink) = 0;

  /// All of it, for a store of the same rule and aggregates; of the same number of shards where keys stay together.
  ///   throws  input_error where it is none
  virtual void save(byte_writer& to) const = 0;
  virtual void load(byte_reader& from) = 0;

  /// Groups of keys and windows that are kept.
  virtual index_t open_groups() const = 0;
};

}  // namespace prorata::events
