// A stream from its source to its results: read, joined with tables, added up in windows, written; and what it takes to
// go on after a kill.
#pragma once

#include <functional>
#include <host/events/stream_engine.hpp>
#include <host/feeds/stream_tables.hpp>
#include <host/feeds/stream_texts.hpp>
#include <host/io/job_files.hpp>
#include <host/pictures/stream_status.hpp>
#include <prorata/windows.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::feeds {

/// What is asked of a stream.
struct stream_request {
  window_rule window{window_kind::tumbling, 1};
  std::int64_t lateness = 0, advance = 2 * largest_event_time;  ///< see watermark
  std::string input;                                            ///< see stream_input
  events::text_form form = events::text_form::csv;
  index_t block = index_t{128} << 10;  ///< bytes
  double idle_seconds = 0;             ///< after which an input that may bring more has ended; 0: never
  std::string time, by;                ///< columns; without `by`, all records have one key
  time_unit unit{"ms"};                ///< of times
  std::vector<events::aggregate> aggregates;
  std::vector<join_option> joins;
  bool skip_malformed = false;
  events::key_partition partition{};
  std::vector<events::sub_stream> sub_streams{};
  std::string weights_file;  ///< where their weights are, and may change
  std::string output;        ///< a file, or redis://HOST:PORT/STREAM; empty: `print`
  std::int64_t rotate = 0;   ///< of event time, that a file of results has; 0: one file has all
  std::string late;          ///< the file of late records; empty: they are left out
  std::string checkpoint;    ///< a folder; empty: none
  double checkpoint_seconds = 10;
  std::string metrics;  ///< the address where Prometheus asks; empty: nowhere
  int threads = 0;
  std::function<void(std::string_view)> print{};
  std::function<void(pictures::stream_state const&, bool ended)> after_round{};
};

/// What a stream has come to.
struct stream_outcome {
  pictures::stream_state state;  ///< with its counts
  std::vector<events::sub_stream> sub_streams;
  std::string resumed_at;  ///< a byte of a file, or the id of an entry; empty: nowhere
  bool stopped = false;
  index_t left_over = 0;  ///< bytes of a record that had not come to its end
};

/// Runs it to the end of its input. Outputs are `files`' to publish; what goes to Redis is complete.
///   throws  usage_error, input_error, communication_error, out_of_memory
stream_outcome run_stream(stream_request const& request, io::job_files& files);

}  // namespace prorata::feeds
