// What elements cost, as a file says it.
#pragma once

#include <host/io/file_column.hpp>
#include <vector>

namespace prorata::dynamic {

/// The costs of elements as a file of any type gives them: read when they are needed, and not kept.
class element_costs {
 public:
  /// file: outlives it
  explicit element_costs(io::file_column const& file) : file_(file) {}

  index_t count() const { return file_.count(); }
  index_t bytes() const { return file_.array().data_bytes; }
  /// Costs [first, first + n), of which there are 1024 at most; from any thread.
  ///   throws  input_error naming the file's first cost that is NaN, infinite or negative
  void read(index_t first, index_t n, double* to) const;
  /// All of them in memory, for those who must have them there.
  std::vector<double> all() const;
  ///   throws  input_error when the file changed since it was opened
  void check_unchanged() const { file_.file().check_unchanged(); }

 private:
  void read_unchecked(index_t first, index_t n, double* to) const;
  [[noreturn]] void refuse_first_below(index_t end) const;

  io::file_column const& file_;
};

}  // namespace prorata::dynamic
