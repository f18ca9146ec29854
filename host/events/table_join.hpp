// table_join: columns that records get from tables, by one of theirs.
#pragma once

#include <host/events/record_parser.hpp>
#include <prorata/hash_map.hpp>
#include <string>
#include <vector>

namespace prorata::events {

/// A table of integers and what belongs to them.
///   memory  of a row some 20 bytes in a hash_map, 24 bytes, and its text
class lookup_table {
 public:
  /// The rows of a table; of a key that comes several times the last one counts.
  ///   keys     as 64 bits, in two's complement where they are signed
  ///   values   numbers, as texts
  ///   threads  0: every core
  lookup_table(std::vector<std::uint64_t> const& keys, bool are_signed,
               std::vector<std::string> const& values, int threads);
  lookup_table(lookup_table const&) = delete;
  lookup_table& operator=(lookup_table const&) = delete;

  /// The row of each text's number, or `nowhere`.
  void find(std::vector<text_ref> const& texts, std::vector<std::uint64_t>& rows) const;
  static constexpr std::uint64_t nowhere = ~std::uint64_t{0};

  text_ref text(std::uint64_t row) const { return texts_[row]; }
  /// missing() where the text is empty, as in a column of the input.
  double number(std::uint64_t row) const { return numbers_[row]; }
  std::uint64_t checksum() const { return checksum_; }

 private:
  bool are_signed_;
  std::uint64_t checksum_;
  hash_map<std::uint64_t, std::uint64_t> rows_;
  std::string pool_;
  std::vector<text_ref> texts_;
  std::vector<double> numbers_;
};

/// A column that comes from a table.
struct joined_column {
  std::string name;
  std::uint32_t by;  ///< column of the input in which keys are
  std::shared_ptr<lookup_table const> table;
};

/// A parser whose records have further columns: those of `joined` behind the `columns` that the input has. Records of
/// which a table has no row are left out, as if the input did not have them, and counted (row_batch::unmatched).
///   of  makes a parser of the input's columns
make_parser joining_parser(make_parser of, std::uint32_t columns, std::vector<joined_column> joined);

}  // namespace prorata::events
