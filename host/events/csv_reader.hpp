// csv_reader: some columns of a CSV file or of standard input, a block of records at a time.
#pragma once

#include <host/events/block_source.hpp>
#include <host/events/csv.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace prorata::events {

class csv_reader {
 public:
  struct options {
    bool skip_malformed = false;  ///< else the first record that cannot be read ends it
    index_t block_bytes = 1 << 17;
  };

  /// path: "-" is standard input. The columns: of whole numbers, the first of which is times; of doubles; of texts.
  ///   throws  input_error: no such file, or no header; usage_error: no such column
  csv_reader(std::string const& path, std::string const& time, std::vector<std::string> const& numbers,
             std::vector<std::string> const& texts, options const& o);

  /// The next block's records, in the order of the columns' names; null at the end. Valid until the next call.
  ///   throws  input_error: where and why a record cannot be read
  row_batch const* next();

  /// Records that were left out.
  index_t malformed() const { return malformed_; }
  /// Refuses record r of the block: it cannot be read after all.
  [[noreturn]] void refuse(index_t r, std::string const& reason) const;
  bool skips() const { return options_.skip_malformed; }
  void note_malformed() { ++malformed_; }

 private:
  [[noreturn]] void refuse_line(index_t line, std::string const& reason) const;

  options options_;
  std::optional<io::input_file> file_;
  std::unique_ptr<block_source> source_;
  std::optional<csv_parser> parser_;
  text_block block_;
  row_batch rows_;
  index_t lines_ = 1;  // before the block
  index_t malformed_ = 0;
};

}  // namespace prorata::events
