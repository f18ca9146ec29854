// file_column: one array in a file, opened, described and mapped, so that pieces of it can be brought into reach.
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
    if (array_.data_bytes > 0) mapping_ = file_.map(array_.data_offset, array_.data_bytes);
    // With one element or none in all dimensions but one, both orders are the same.
    auto const long_dimensions =
        std::count_if(array_.shape.begin(), array_.shape.end(), [](index_t n) { return n > 1; });
    reordered_ = array_.fortran_order && long_dimensions > 1 && array_.count > 0;
  }

  array_file const& array() const { return array_; }
  input_file const& file() const { return file_; }
  index_t count() const { return array_.count; }
  std::byte const* data() const { return mapping_.data(); }
  io::mapping const& mapping() const { return mapping_; }

  /// Brings elements [first, last) into reach; gives them back after use. From any thread.
  ///   throws  input_error when the file lost them or the disk cannot deliver them
  void prepare(index_t first, index_t last) const {
    mapping_.populate(first * size_, (last - first) * size_);
  }
  void release(index_t first, index_t last) const noexcept {
    mapping_.release(first * size_, (last - first) * size_);
  }

  /// Says that elements [first, last) will be read_once: what of them the page cache lacks is asked for.
  void announce(index_t first, index_t last) const noexcept {
    stored().announce(array_.data_offset + first * size_, (last - first) * size_);
  }
  /// Copies elements [first, last) as they are stored, past the mapping: nothing is to be prepared or released.
  ///   throws  input_error when the file lost them or the disk cannot deliver them
  void read_once(index_t first, index_t last, std::byte* to) const {
    stored().read(array_.data_offset + first * size_, {to, static_cast<std::size_t>((last - first) * size_)});
  }

  /// Copies elements [first, last), as they are stored or in this machine's byte order. From any thread.
  ///   few     fewer are read as they are; for more, the caller prepares and releases them
  void read_stored(index_t first, index_t last, std::byte* to) const;
  void read(index_t first, index_t last, std::byte* to) const {
    read_stored(first, last, to);
    if (array_.swapped) swap_bytes(to, last - first, size_);
  }
  static constexpr index_t few = 64;

  /// Prepares, reads and releases elements [first, last) of T, one after another at f(place in the piece, x).
  template <class T, class F>
  void read_each(index_t first, index_t last, F const& f) const {
    constexpr index_t at_once = (index_t{16} << 10) / index_t{sizeof(T)};  // on the stack
    T elements[at_once];
    bool const mapped = last - first >= few;
    if (mapped) prepare(first, last);
    for (index_t begin = first; begin < last; begin += at_once) {
      index_t const end = std::min(begin + at_once, last);
      read(begin, end, reinterpret_cast<std::byte*>(elements));
      for (index_t i = begin; i < end; ++i) f(i - first, elements[i - begin]);
    }
    if (mapped) release(first, last);
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
  io::mapping mapping_;
  index_t size_;  // bytes of an element
  bool reordered_;
  std::optional<input_file> copy_;  // in C order
};

}  // namespace prorata::io
