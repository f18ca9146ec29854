// file_column: one array in a file, opened, described and mapped, so that pieces of it can be brought into reach.
#pragma once

#include <host/io/array_file.hpp>
#include <host/io/input_file.hpp>
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

 protected:
  input_file file_;
  array_file array_;
  io::mapping mapping_;
  index_t size_;  // bytes of an element
};

}  // namespace prorata::io
