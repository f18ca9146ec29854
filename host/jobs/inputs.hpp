// The arrays a job reads: opened and described, ready to be read piece by piece.
#pragma once

#include <host/io/file_column.hpp>
#include <host/io/job_files.hpp>
#include <host/jobs/options.hpp>
#include <memory>
#include <vector>

namespace prorata::jobs {

/// Whether the numbers of elements count in what a job answers.
enum class numbering {
  any,     ///< they do not: files in Fortran order are read as they are stored
  c_order  ///< they do, and are those of C order, as in NumPy
};

/// One input array.
class input : public io::file_column {
 public:
  /// Opens PATH, one of the job's files, as .npy, or as what o.raw_inputs says.
  input(io::job_files& files, std::string const& path, job_options const& o);

  /// Has them stored in C order from now on: where they are not, by a temporary copy in `folder`, or here.
  ///   throws  as host::store_in_c_order
  void store_in_c_order(std::string const& folder, job_options const& o);

  /// An index in C order as "(3, 17)"; empty for one dimension.
  std::string position(index_t c_order_index) const;
};

/// Inputs as the columns that they are, and the bytes of an element of each, together.
std::vector<io::file_column const*> columns_of(std::vector<std::unique_ptr<input>> const& inputs);
index_t bytes_of(std::vector<io::file_column const*> const& columns);

/// Opens every input; they must have one shape. Where they are stored in different orders, all get C order.
///   folder  of temporary copies; empty: here
///   throws  usage_error, input_error; as store_in_c_order
std::vector<std::unique_ptr<input>> open_inputs(io::job_files& files, std::vector<std::string> const& paths,
                                                job_options const& o, numbering by = numbering::any,
                                                std::string const& folder = "");

}  // namespace prorata::jobs
