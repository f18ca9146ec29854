// stream_engine: from blocks of records to windows that close, on several threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <host/events/block_source.hpp>
#include <host/events/latency_histogram.hpp>
#include <host/events/record_parser.hpp>
#include <host/events/window_store.hpp>
#include <host/parallel.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <prorata/fair_queue.hpp>
#include <prorata/windows.hpp>
#include <vector>

namespace prorata::events {

/// Keys by partition: by their hash, or by where they stand among given keys in the order of results.
struct key_partition {
  int partitions = 16;
  std::vector<std::string>
      splits;  ///< of ranges: partition p has keys from splits[p - 1] on, below splits[p]
};

/// Partitions first to last, which are served in proportion to a weight.
struct sub_stream {
  int first, last;
  double weight;
};

/// What was done for a sub-stream.
struct sub_stream_counts {
  double weight = 0;  ///< now
  index_t records = 0, batches = 0;
  index_t contended = 0;  ///< records that were served while every sub-stream with a weight had some waiting
  latency_histogram latency;  ///< from when its block was taken until it was added: a time for each batch
};

struct stream_limits {
  int threads = 0;                        ///< 0: every core
  bool skip_malformed = false;            ///< else the first one ends the stream
  key_partition partition{};              ///< where a key's records stay together
  std::vector<sub_stream> sub_streams{};  ///< empty: partitions are served as they come
  /// Other weights of the sub-streams, from now on; asked before each batch is chosen, by one thread at a time.
  std::function<std::optional<std::vector<double>>()> new_weights{};
  index_t round_blocks =
      128;  ///< after so many, at the latest, windows are closed; a fourth of that where keys stay together
  bool long_rounds =
      false;             ///< eight times as many where no records wait for the end of a round, or for 0.1 s
  make_parser parser{};  ///< empty: of CSV
  index_t header_lines = 1;  ///< of the input, before its records
  bool keep_open = false;    ///< windows stay open where the source was stopped, for a checkpoint
};

struct stream_counts {
  index_t bytes = 0, records = 0, late = 0, partly_late = 0, malformed = 0, results = 0;
  index_t unmatched = 0;        ///< records that a join left out
  index_t lines = 0;            ///< of the input so far, the header's included
  std::int64_t latest_by = 0;   ///< how far behind the watermark a late record was, at most
  std::string first_malformed;  ///< where, and why
};

/// Reads records, adds them up in windows and gives out the windows that are complete.
///   method  rounds. In a round, threads take blocks and parse them; in the order of the blocks it is learned how far
///           event time had come; then a thread adds a block's records to a shard of its own, or, where a key's
///           records have to stay together, they wait for the end of the round and go to the shards of their keys. Then
///           what came behind the watermark is added record by record, and windows are closed. A round ends early where
///           the input has no more for now
///   weights  with sub-streams, the records of a block that belong to one are a batch, which costs as many units as it
///           has records; at the end of a round a fair_queue says which batch a thread takes next
///   promise the same results for all blocks, threads and rounds (see window_store)
class stream_engine {
 public:
  using line_sink = std::function<void(std::string_view line)>;
  /// late: given records that came too late for all their windows, as they were, in their order.
  stream_engine(window_rule const& rule, watermark const& mark, row_schema schema, aggregate_plan const& plan,
                stream_limits const& limits, window_sink results, line_sink late);
  ~stream_engine();

  /// Reads all; `after_round` is called when the windows of a round have been given out, and told whether it was the
  /// last.
  ///   throws  input_error for a malformed record, unless they are skipped
  void run(block_source& source, std::function<void(bool ended)> const& after_round);

  /// All that is known of the records so far, between two rounds.
  void save(byte_writer& to) const;
  /// Goes on from there; before run(), where rule, aggregates and partitions are the same.
  ///   throws  input_error where it is none
  void load(byte_reader& from);

  stream_counts const& counts() const { return counts_; }
  /// The largest time, as --max-advance bounds it; watermark::before_all before the first record.
  std::int64_t largest_time() const { return mark_.largest(); }
  index_t open_groups() const { return store_->open_groups(); }
  std::vector<sub_stream_counts> const& sub_streams() const { return served_; }

 private:
  struct work;
  struct behind_rows;

  void work_on_blocks(int worker);
  index_t blocks_of_round() const;
  bool round_is_long() const;
  void begin_round();
  work* take(work* room);
  void parse(work& mine);
  void take_turns(work& mine);
  void add(work& mine, int worker);
  void give_back(work* done);
  void observe(row_batch const& rows);
  void note_malformed(row_batch const& rows);
  void find_behind(work& mine, watermark mark, behind_rows& behind);
  void add_partition(work const& block, int partition);
  void add_by_partition();
  void add_by_weight();
  void add_behind(behind_rows const& behind);
  int partition_of(text_ref key) const;
  void find_partitions(work& mine);

  row_schema schema_;
  stream_limits limits_;
  line_sink late_;
  host::thread_limit threads_;
  bool by_key_;
  std::unique_ptr<window_store> store_;
  std::vector<key_order> splits_;
  fair_queue queue_;
  std::vector<sub_stream_counts> served_;
  window_sink results_;
  std::vector<std::unique_ptr<work>> works_;

  // of a round
  std::mutex taking_;
  block_source* source_ = nullptr;
  index_t taken_ = 0;
  std::chrono::steady_clock::time_point begun_;
  bool ended_ = false;

  std::mutex turns_;  // may be locked where taking_ is, and not the other way round
  std::condition_variable change_;
  std::vector<work*> parsed_;                         // by number; null: not yet
  std::vector<work*> ready_, free_;                   // whose turn was; where a block may be taken to
  std::vector<std::unique_ptr<behind_rows>> behind_;  // of each block
  index_t turn_ = 0, open_ = 0;  // blocks whose turn was; that were taken, and whose turn was not
  bool no_more_ = false;         // may be taken
  bool stopped_ = false;         // blocks whose turn has not come are not added
  work const* cut_ = nullptr;    // it did not end with a record
  watermark mark_;
  stream_counts counts_;
};

}  // namespace prorata::events
