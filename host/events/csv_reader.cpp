// Blocks, one after the other.
#include <unistd.h>

#include <algorithm>
#include <host/events/aggregates.hpp>
#include <host/events/csv_reader.hpp>
#include <host/io/job_files.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>

namespace prorata::events {

csv_reader::csv_reader(std::string const& path, std::string const& time,
                       std::vector<std::string> const& numbers, std::vector<std::string> const& texts,
                       options const& o)
    : options_(o) {
  require(o.block_bytes >= 1, "csv_records: a block has at least one byte");
  if (path == "-") {
    source_ = std::make_unique<pipe_source>(STDIN_FILENO, "standard input", text_form::csv, o.block_bytes);
  } else {
    file_.emplace(io::job_files().read(path));
    source_ = std::make_unique<file_source>(*file_, o.block_bytes);
  }
  row_schema schema;
  schema.names = csv_fields(source_->header());
  schema.columns = static_cast<std::uint32_t>(schema.names.size());
  schema.time = column_named(schema, time, "csv_records");
  for (auto const& name : numbers) schema.numbers.push_back(column_named(schema, name, "csv_records"));
  for (auto const& name : texts) schema.texts.push_back(column_named(schema, name, "csv_records"));
  parser_.emplace(std::move(schema));
}

row_batch const* csv_reader::next() {
  lines_ += rows_.lines_of_text;
  rows_.lines_of_text = 0;
  for (;;) {
    if (!source_->next(block_)) {
      if (file_) file_->check_unchanged();
      return nullptr;
    }
    source_->fill(block_);
    if (parser_->parse(block_.text(), rows_)) break;
    if (block_.last) refuse_line(0, "a quoted field does not end");
    source_->cut_again(block_);
  }
  malformed_ += std::ssize(rows_.malformed);
  if (!rows_.malformed.empty() && !options_.skip_malformed)
    refuse_line(rows_.malformed.front().line, rows_.malformed.front().reason);
  return &rows_;
}

void csv_reader::refuse(index_t r, std::string const& reason) const {
  // the record's line: those before it, and the malformed ones among them
  std::string_view const record = parser_->line(rows_, r), text = block_.text();
  auto const before = text.substr(0, static_cast<std::size_t>(record.data() - text.data()));
  refuse_line(std::count(before.begin(), before.end(), '\n'), reason);
}

void csv_reader::refuse_line(index_t line, std::string const& reason) const {
  throw input_error(io::printable(source_->name()) + ", line " + std::to_string(lines_ + 1 + line) + ": " +
                    reason);
}

}  // namespace prorata::events
