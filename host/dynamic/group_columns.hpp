// Columns of groups by their names: which are asked for, what they need of a plan, and their elements.
#pragma once

#include <cstdint>
#include <host/dynamic/number.hpp>
#include <host/io/array_sink.hpp>
#include <prorata/group_by.hpp>
#include <prorata/groups.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::dynamic {

/// A column of the result by the name that users know it by.
struct named_column {
  char const* name;
  group_column column;
  bool root = false;  ///< of the column: a standard deviation

  bool needs_values() const { return column != group_column::key && column != group_column::count; }
};

/// "key", and those of a list "sum,count": count sum mean var std min max.
///   throws  usage_error
std::vector<named_column> columns_named(std::string_view list);

/// What is added up for them.
group_wants wants_of(std::vector<named_column> const& columns);

/// The type of a column's elements, for keys and values of these types, whose sums are of that kind.
io::dtype type_of(named_column const& column, io::dtype keys, io::dtype values, addend kind);

/// A column on its way to a file, and its first elements, to be shown.
class group_output {
 public:
  ///   sink   of elements of the type
  ///   shown  how many
  group_output(named_column const& named, io::dtype type, io::array_sink sink, index_t shown);

  /// Words of its elements (grouping::column_taker) from `place` on. From any thread.
  void write(index_t place, std::span<std::uint64_t const> words);
  void finish(index_t groups) { sink_.finish(groups); }
  /// Element k, of those that are shown.
  number shown(index_t k) const { return number_at(type_, head_.data() + k * io::size_of(type_)); }
  named_column const& named() const { return named_; }

 private:
  named_column named_;
  io::dtype type_;
  io::array_sink sink_;
  std::vector<std::byte> head_;
};

}  // namespace prorata::dynamic
