// redis_source: records from a Redis stream.
#pragma once

#include <deque>
#include <host/events/block_source.hpp>
#include <host/feeds/redis_connection.hpp>
#include <host/io/stop_request.hpp>

namespace prorata::feeds {

/// Reads the entries of a stream in their order, from the first on, and waits for more. An entry has
///   lines    any number of records, each with its line's end or the last without; `records` is the same
///   header   of CSV, the line that names the columns: in the first entry, and the same where others have it
///   end      whatever its value: the input ends with it
/// An entry that has neither `lines` nor `end` is one record: its fields are the columns.
/// Entries are read by XREAD, without a consumer group: the place to go on from is the id of the last one, and a
/// checkpoint keeps it.
///   throws  communication_error; input_error: an entry whose lines end in quotes, or another header
class redis_source : public events::block_source {
 public:
  /// stop  asks for an end, as idle_seconds without an entry do (0: never)
  redis_source(address const& where, events::text_form form, index_t block_bytes,
               io::stop_request const* stop, double idle_seconds);

  std::string const& name() const override { return server_.name(); }
  std::string header() override;
  bool next(events::text_block& block) override;
  void fill(events::text_block&) override {}
  bool ready() override;
  void cut_again(events::text_block const&) override {}
  /// The id of the last entry in a block, and a checksum of what it said.
  std::string place() const override;
  void go_to(std::string_view place) override;
  bool stopped() const override { return stopped_; }

 private:
  bool read(bool wait);
  std::string text_of(redis_entry const& entry) const;
  std::uint64_t checksum_of(redis_entry const& entry) const;

  redis_connection server_;
  std::string stream_;
  events::text_form form_;
  std::size_t block_bytes_;
  io::stop_request const* stop_;
  double idle_seconds_;
  std::string header_;
  std::vector<std::string> columns_;
  std::deque<redis_entry> entries_;  // read, and in no block yet
  std::string last_read_ = "0-0";
  redis_entry last_{"0-0", {}};  // in a block
  index_t at_once_ = 16, bytes_ = 0;
  bool ended_ = false, stopped_ = false;
};

}  // namespace prorata::feeds
