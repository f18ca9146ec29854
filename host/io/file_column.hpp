// file_column: one array in a file, opened and described, so that pieces of it can be read.
#pragma once

#include <algorithm>
#include <host/io/array_file.hpp>
#include <host/io/input_file.hpp>
#include <optional>
#include <utility>

namespace prorata::io {

/// Elements are numbered in the order in which they are stored.
class file_column {
 public:
  /// The array that describe(file) finds in it: read_npy, or what is said of a raw file.
  template <class Describe>
  file_column(input_file file, Describe const& describe)
      : file_(std::move(file)), array_(describe(std::as_const(file_))), size_(size_of(array_.type)) {
    // With one element or none in all dimensions but one, both orders are the same.
    auto const long_dimensions =
        std::count_if(array_.shape.begin(), array_.shape.end(), [](index_t n) { return n > 1; });
    reordered_ = array_.fortran_order && long_dimensions > 1 && array_.count > 0;
  }

  array_file const& array() const { return array_; }
  input_file const& file() const { return file_; }
  index_t count() const { return array_.count; }

  /// Says that elements [first, last) will be read soon: what of them the page cache lacks is asked for.
  void announce(index_t first, index_t last) const noexcept {
    stored().announce(array_.data_offset + first * size_, (last - first) * size_);
  }

  /// Copies elements [first, last), as they are stored or in this machine's byte order. From any thread.
  ///   cost    a system call
  ///   throws  input_error when the file lost them or the disk cannot deliver them
  void read_stored(index_t first, index_t last, std::byte* to) const {
    stored().read(array_.data_offset + first * size_, {to, static_cast<std::size_t>((last - first) * size_)});
  }
  void read(index_t first, index_t last, std::byte* to) const {
    read_stored(first, last, to);
    if (array_.swapped) swap_bytes(to, last - first, size_);
  }

  /// Whether elements are stored in another order than C order numbers them.
  bool reordered() const { return reordered_; }
  /// The index that C order gives the element stored at i.
  index_t c_order_index(index_t i) const { return reordered_ ? place_in_c_order(i) : i; }
  /// A file of the same elements without a header, in C order: they are read from there from now on.
  void use_copy_in_c_order(input_file copy);

 private:
  index_t place_in_c_order(index_t i) const;
  /// The file that elements are read from.
  input_file const& stored() const { return copy_ ? *copy_ : file_; }

  input_file file_;
  array_file array_;
  index_t size_;  // bytes of an element
  bool reordered_;
  std::optional<input_file> copy_;  // in C order
};

}  // namespace prorata::io
