// record_parser: what makes columns of blocks of text.
#pragma once

#include <functional>
#include <host/events/row_batch.hpp>
#include <memory>
#include <string_view>

namespace prorata::events {

/// What records are written in.
enum class text_form {
  csv,         ///< RFC 4180; the first record names the columns
  json_lines,  ///< an object a line
};

/// Reads blocks of whole records into columns.
///   threads  one at a time
class record_parser {
 public:
  virtual ~record_parser() = default;

  /// The records of a text that begins with a record, with text_margin bytes on both sides of it, and ends with a
  /// line's end. Says whether it ends with a record, too; else it ends in quotes, and `to` is of no use.
  virtual bool parse(std::string_view text, row_batch& to) = 0;

  /// Record r of the block that was parsed last, as it was, without the end of its line.
  virtual std::string_view line(row_batch const& rows, index_t r) const = 0;
};

using make_parser = std::function<std::unique_ptr<record_parser>(row_schema const&)>;

/// Adds one record of which the fields of all columns are known, those of the schema's columns with their margins; else
/// notes as malformed what is wrong with it.
///   number  of its line in the block
///   values  room for its numbers
void add_record(row_schema const& schema, std::vector<text_ref> const& fields, std::string_view line,
                index_t number, std::vector<double>& values, row_batch& to);

}  // namespace prorata::events
