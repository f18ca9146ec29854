// growing_array: a .npy file of one dimension whose number of elements is known last.
#pragma once

#include <host/io/atomic_file.hpp>
#include <host/io/npy.hpp>
#include <span>
#include <string>

namespace prorata::cli {

/// Headers of one dimension have one size, whatever the number of elements.
class growing_array {
 public:
  /// out: null where the elements are not wanted.
  growing_array(io::atomic_file* out, io::dtype type)
      : out_(out), type_(type), begin_(static_cast<index_t>(io::npy_header(type, {0}).size())) {}

  /// Writes elements from `place` on. From any thread.
  void write(index_t place, std::span<std::byte const> elements) const {
    if (out_ != nullptr) out_->write(begin_ + place * io::size_of(type_), elements);
  }

  /// Says how many there are, before the file is committed.
  void finish(index_t count) const {
    if (out_ == nullptr) return;
    std::string const header = io::npy_header(type_, {count});
    out_->write(0, std::as_bytes(std::span(header.data(), header.size())));
  }

 private:
  io::atomic_file* out_;
  io::dtype type_;
  index_t begin_;
};

}  // namespace prorata::cli
