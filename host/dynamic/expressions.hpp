// Expressions over files: mapped to a file, or as a condition that elements are selected by.
#pragma once

#include <cstddef>
#include <host/algorithms/select_column.hpp>
#include <host/expression/program.hpp>
#include <host/expression/tree.hpp>
#include <host/io/array_sink.hpp>
#include <host/run/chunked_run.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace prorata::dynamic {

/// An expression whose variables are the elements of columns that lie beside each other; the columns outlive it.
class file_expression {
 public:
  using columns = std::vector<io::file_column const*>;

  ///   to      the type of its values; else its own
  ///   throws  usage_error where the text is no expression of these columns
  file_expression(std::string const& text, columns in, std::optional<io::dtype> to = {});
  /// The same as a condition: an expression of numbers holds where it is not zero.
  static file_expression condition(std::string const& text, columns in);

  io::dtype type() const { return program_.output(); }
  /// Its values of a piece, at `to`.
  void values(piece p, void* to) const;
  host::gpu_map const& on_gpu() const { return on_gpu_; }

 private:
  file_expression(expression::tree const& tree, columns in, std::optional<io::dtype> to);

  columns in_;
  expression::program program_;
  host::gpu_map on_gpu_;
};

/// Writes the values, chunk by chunk, and has some of them computed again where the run verifies.
///   out     of as many elements of its type as the columns have
///   throws  device_error, also where devices disagree
void map(host::chunked_run& run, file_expression const& values, io::array_sink const& out);

}  // namespace prorata::dynamic
