// array_sink: where the elements of one array go in a file that is being written.
#pragma once

#include <host/io/atomic_file.hpp>
#include <host/io/npy.hpp>
#include <span>
#include <string>
#include <vector>

namespace prorata::io {

class array_sink {
 public:
  /// Of an output that nobody wants: nothing is written.
  explicit array_sink(dtype type) : type_(type) {}

  /// Writes the header, unless the array is to be without.
  ///   shape  {0} where the number of elements is known last; then finish() says it
  array_sink(atomic_file& out, dtype type, std::vector<index_t> const& shape, bool fortran_order = false,
             bool raw = false)
      : out_(&out), type_(type) {
    if (!raw) write_header(npy_header(type, shape, fortran_order));
  }

  dtype type() const { return type_; }
  index_t element_bytes() const { return size_of(type_); }

  /// Writes elements from `place` on. From any thread.
  void write(index_t place, std::span<std::byte const> elements) const {
    if (out_ != nullptr) out_->write(begin_ + place * size_of(type_), elements);
  }

  /// Reads elements back that were written.
  void read(index_t place, std::span<std::byte> elements) const {
    out_->read(begin_ + place * size_of(type_), elements);
  }

  /// Says how many elements there are in one dimension: the header keeps its size.
  void finish(index_t count) {
    if (out_ != nullptr && begin_ > 0) write_header(npy_header(type_, {count}));
  }

 private:
  void write_header(std::string const& text) {
    out_->write_text(text);
    begin_ = static_cast<index_t>(text.size());
  }

  atomic_file* out_ = nullptr;
  dtype type_;
  index_t begin_ = 0;  // of the first element, in bytes
};

}  // namespace prorata::io
