// Elements by number, and the numbers that C order gives them.
#include <host/io/file_column.hpp>

namespace prorata::io {

index_t file_column::place_in_c_order(index_t i) const {
  index_t result = 0, stride = array_.count;
  for (index_t const n : array_.shape) {
    stride /= n;
    result += i % n * stride;
    i /= n;
  }
  return result;
}

void file_column::use_copy_in_c_order(input_file copy) {
  copy_.emplace(std::move(copy));
  array_.data_offset = 0;
  array_.fortran_order = reordered_ = false;
}

}  // namespace prorata::io
