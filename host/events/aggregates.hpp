// What is asked of a window, and what has to be kept to answer it.
#pragma once

#include <host/events/row_batch.hpp>
#include <host/events/saved_bytes.hpp>
#include <memory>
#include <prorata/groups.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::events {

/// An aggregate of a column's values in a window. Fields without a value do not count; of none there is no answer, but
/// counts. Values are doubles; sums, means and variances are those of their true values, rounded once.
enum class aggregate_kind {
  count,  ///< records; with a column, those that have a value there
  sum,
  mean,
  variance,  ///< of the population: divided by n
  deviation,
  minimum,  ///< a NaN wins, −0 < +0
  maximum,
  quantile,  ///< numpy.quantile's linear method; NaN where there is one
  top,       ///< the k largest, NaNs last
  distinct,  ///< different texts
};

struct aggregate {
  aggregate_kind kind;
  std::string column;  ///< empty: count of records
  double q = 0;        ///< of a quantile
  index_t k = 0;       ///< of top
  std::string name;    ///< in the header of results: sum_value
};

/// "count,sum:value,p99:value,top3:value": count sum mean var std min max median pNN topK distinct.
///   throws  usage_error
std::vector<aggregate> parse_aggregates(std::string_view list);

/// What is kept of a column for a number of groups ("slots").
class column_states {
 public:
  virtual ~column_states() = default;
  /// There are so many slots; new ones are empty.
  virtual void resize(std::size_t slots) = 0;
  /// Adds records [begin, end) of a batch, each to its slot: slots[i − begin].
  virtual void add(row_batch const& rows, index_t begin, index_t end, std::uint32_t const* slots) = 0;
  /// Adds what a slot of another of the same kind holds.
  virtual void merge(std::uint32_t slot, column_states const& other, std::uint32_t from) = 0;
  virtual void clear(std::uint32_t slot) = 0;
  virtual void save(byte_writer& to) const = 0;
  virtual void load(byte_reader& from, std::size_t slots) = 0;
  /// Appends the answer as text; nothing where there is none.
  virtual void answer(std::uint32_t slot, aggregate const& what, std::string& to) = 0;
};

/// The number of a column by its name.
///   throws  usage_error naming the option and the columns that there are
std::uint32_t column_named(row_schema const& schema, std::string const& name, char const* option);

/// Which states serve a list of aggregates of columns of a schema, and which of them answers which.
class aggregate_plan {
 public:
  /// Adds the columns that are read to the schema, whose names are known.
  ///   throws  usage_error where there is no such column
  aggregate_plan(std::vector<aggregate> wanted, row_schema& schema);

  std::vector<std::unique_ptr<column_states>> make_states() const;
  std::span<aggregate const> wanted() const { return wanted_; }
  /// Appends ",answer,answer": of the records' count and the states of one slot.
  void write_answers(std::uint64_t count, std::span<std::unique_ptr<column_states> const> states,
                     std::uint32_t slot, std::string& to) const;

 private:
  enum class keeps { moments, values, filled, texts };
  struct state_spec {
    keeps kept;
    std::size_t column;  // of the batch's numbers, or texts
    group_wants wants{};
  };
  std::size_t state_for(keeps kept, std::size_t column);

  std::vector<aggregate> wanted_;
  std::vector<state_spec> specs_;
  std::vector<int> answers_;  // by which state; −1: the count of records
};

/// Shortest text that reads back as this double: 3, 0.1, 1e+300, nan, inf, -0; as Python's repr, without ".0".
void write_number(double x, std::string& to);

}  // namespace prorata::events
