// The arrays a command reads: opened, described and mapped, ready to be loaded element by element.
#pragma once

#include <cstring>
#include <host/cli/options.hpp>
#include <host/io/array_file.hpp>
#include <host/io/input_file.hpp>
#include <memory>
#include <vector>

namespace prorata::cli {

/// One input array. Elements are numbered in the order they are stored.
class input {
 public:
  /// Opens PATH as .npy, or as the raw layout that --dtype describes.
  input(std::string const& path, options const& o);

  io::array_file const& array() const { return array_; }
  io::input_file const& file() const { return file_; }
  index_t count() const { return array_.count; }
  std::byte const* data() const { return mapping_.data(); }
  io::mapping const& mapping() const { return mapping_; }

  /// Brings elements [first, last) into reach; gives them back after use. From any thread.
  void prepare(index_t first, index_t last) const {
    mapping_.populate(first * size_, (last - first) * size_);
  }
  void release(index_t first, index_t last) const { mapping_.release(first * size_, (last - first) * size_); }

  /// The index that NumPy would call the element stored at i: its position in C order.
  index_t c_order_index(index_t i) const;
  /// That position as "(3, 17)"; empty for one dimension.
  std::string position(index_t i) const;

 private:
  io::input_file file_;
  io::array_file array_;
  io::mapping mapping_;
  index_t size_;  // bytes of an element
};

/// Opens every input; they must have one shape.
///   throws  usage_error, input_error
std::vector<std::unique_ptr<input>> open_inputs(options const& o);

}  // namespace prorata::cli
