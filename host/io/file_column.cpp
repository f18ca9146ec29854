// Elements by number, and the numbers that C order gives them.
#include <host/io/file_column.hpp>

namespace prorata::io {

void file_column::read_stored(index_t first, index_t last, std::byte* to) const {
  // A touch of the mapping brings in many pages around it: a sample of it would be all of it.
  if (last - first < few) {
    read_once(first, last, to);
  } else {
    std::copy_n(data() + first * size_, (last - first) * size_, to);
  }
}

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
  mapping_ = copy_->map(0, array_.data_bytes);
  array_.data_offset = 0;
  array_.fortran_order = reordered_ = false;
}

}  // namespace prorata::io
