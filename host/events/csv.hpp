// CSV (RFC 4180): where records end, and a block of them as columns.
#pragma once

#include <host/events/record_parser.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::events {

/// The fields of one record; its line's end may be there or not.
///   throws  input_error saying what is wrong with it
std::vector<std::string> csv_fields(std::string_view record);

/// A field as it is written: in quotes where it has to be.
void write_csv_field(std::string& to, std::string_view field);

/// How many bytes of the text are whole records: up to the last line's end that is not in quotes; 0 where there is
/// none. The text begins with a record.
std::size_t whole_records(std::string_view text);

/// Reads blocks of whole records into columns. Fields may be quoted, lines may end in CR LF, empty lines are skipped.
///   cost    a block without quotes, blanks and mistakes is cut at 64 bytes a step, by vectors where the processor has
///           them, and each column is read by a loop of its own; other blocks are read a character at a time
class csv_parser : public record_parser {
 public:
  explicit csv_parser(row_schema schema) : schema_(std::move(schema)) {}
  bool parse(std::string_view text, row_batch& to) override;
  std::string_view line(row_batch const& rows, index_t r) const override;

 private:
  bool parse_regular(std::string_view text, row_batch& to);
  bool parse_any(std::string_view text, row_batch& to);
  void add_record(std::string_view line, index_t number, row_batch& to);

  row_schema schema_;
  char const* text_ = nullptr;
  std::vector<std::uint32_t> ends_;  // of fields, behind one of none
  std::vector<text_ref> fields_;
  std::vector<double> values_;
};

}  // namespace prorata::events
