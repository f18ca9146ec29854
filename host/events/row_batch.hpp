// row_batch: the records of a block as columns.
#pragma once

#include <deque>
#include <host/events/saved_bytes.hpp>
#include <host/events/text.hpp>
#include <prorata/config.hpp>
#include <string>
#include <vector>

namespace prorata::events {

/// Which columns of the input are read, by their numbers from 0 on.
struct row_schema {
  std::uint32_t columns = 0;  ///< of the input
  std::uint32_t time = 0;
  std::int32_t key = -1;               ///< −1: all records have one key, which is empty
  std::vector<std::uint32_t> numbers;  ///< columns of numbers
  std::vector<std::uint32_t> texts;    ///< columns of which the text counts
  std::vector<std::string> names;      ///< of all columns
};

/// A record that could not be read.
struct malformed_record {
  index_t line;  ///< of the block, from 0 on
  std::string reason;
};

/// Records in the order of the input. Texts lie in the block that they were read from, or here.
struct row_batch {
  std::vector<std::int64_t> times;
  std::vector<text_ref> keys;   ///< empty without a key
  std::vector<text_ref> lines;  ///< each record as it was; empty where csv_parser::line knows
  std::vector<std::vector<double>> numbers;
  std::vector<std::vector<text_ref>> texts;
  std::vector<malformed_record> malformed;
  index_t lines_of_text = 0;                       ///< of the block
  index_t unmatched = 0;                           ///< records that a join left out
  std::int64_t first = 0, least = 0, largest = 0;  ///< times; 0 where there are no records

  index_t size() const { return std::ssize(times); }

  void clear(row_schema const& schema) {
    times.clear(), keys.clear(), lines.clear(), malformed.clear(), kept_.clear();
    numbers.resize(schema.numbers.size()), texts.resize(schema.texts.size());
    for (auto& column : numbers) column.clear();
    for (auto& column : texts) column.clear();
    lines_of_text = unmatched = 0;
    first = least = largest = 0;
  }

  /// Becomes a batch of so many records, whose values are written next: those of times, keys, numbers and texts.
  void shape(row_schema const& schema, std::size_t rows) {
    times.resize(rows), keys.resize(schema.key >= 0 ? rows : 0);
    lines.clear(), malformed.clear(), kept_.clear();
    numbers.resize(schema.numbers.size()), texts.resize(schema.texts.size());
    for (auto& column : numbers) column.resize(rows);
    for (auto& column : texts) column.resize(rows);
    lines_of_text = unmatched = 0;
    first = least = largest = 0;
  }

  /// The text somewhere where it stays as long as the batch, with its margins.
  text_ref keep(std::string_view text) {
    std::string& room = kept_.emplace_back(text_margin, '\0');
    room.append(text).append(text_margin, '\0');
    return {room.data() + text_margin, static_cast<std::uint32_t>(text.size())};
  }

  /// Adds row r of another batch, whose texts are kept here: its key, too, or all but that.
  void append(row_batch const& from, index_t r, bool with_key = true) {
    auto const row = static_cast<std::size_t>(r);
    times.push_back(from.times[row]);
    numbers.resize(from.numbers.size()), texts.resize(from.texts.size());
    if (with_key && !from.keys.empty()) keys.push_back(keep(from.keys[row].view()));
    for (std::size_t c = 0; c < numbers.size(); ++c) numbers[c].push_back(from.numbers[c][row]);
    for (std::size_t c = 0; c < texts.size(); ++c) texts[c].push_back(keep(from.texts[c][row].view()));
  }

  /// Times, numbers and texts.
  void save(byte_writer& to) const {
    to.put_list(times);
    to.put(numbers.size());
    for (auto const& column : numbers) to.put_list(column);
    to.put(texts.size());
    for (auto const& column : texts)
      for (text_ref const text : column) to.put_text(text.view());
  }
  void load(byte_reader& from) {
    from.get_list(times);
    auto const few = [&](std::size_t columns) {
      return columns <= 4096 ? columns : (byte_reader::damaged(), 0);
    };
    numbers.resize(few(from.get<std::size_t>()));
    for (auto& column : numbers) {
      from.get_list(column);
      if (column.size() != times.size()) byte_reader::damaged();
    }
    texts.resize(few(from.get<std::size_t>()));
    for (auto& column : texts)
      for (std::size_t row = 0; row < times.size(); ++row) column.push_back(keep(from.get_text()));
  }

  text_ref key(index_t row) const { return keys.empty() ? no_text : keys[static_cast<std::size_t>(row)]; }

 private:
  std::deque<std::string> kept_;
};

}  // namespace prorata::events
