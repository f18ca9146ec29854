// record_columns: records whose members lie in columns, as a batch of a stream.
#pragma once

#include <prorata/config.hpp>
#include <prorata/error.hpp>
#include <ranges>
#include <span>
#include <tuple>
#include <utility>

namespace prorata {

/// Record i is Record{column 0 [i], column 1 [i], …}. What a pipeline does not look at is not read.
template <class Record, class... Columns>
class record_columns {
 public:
  ///   throws  usage_error: columns of different lengths
  explicit record_columns(std::span<Columns const>... columns) : columns_(columns...) {
    std::size_t const rows = std::get<0>(columns_).size();
    require(((columns.size() == rows) && ...), "columns_of: the columns have different lengths");
  }
  std::size_t size() const { return std::get<0>(columns_).size(); }
  Record operator[](std::size_t i) const {
    return [&]<std::size_t... C>(std::index_sequence<C...>) { return Record{std::get<C>(columns_)[i]...}; }
    (std::index_sequence_for<Columns...>());
  }

 private:
  std::tuple<std::span<Columns const>...> columns_;
};

/// The batch of some columns: std::vector, std::span, std::array.
///   example  struct click { std::int64_t time; int ad; };  job.push(columns_of<click>(times, ads));
template <class Record, std::ranges::contiguous_range... Columns>
auto columns_of(Columns const&... columns) {
  return record_columns<Record, std::ranges::range_value_t<Columns>...>(
      std::span<std::ranges::range_value_t<Columns> const>(columns)...);
}

}  // namespace prorata
