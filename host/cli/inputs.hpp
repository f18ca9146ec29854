// The arrays a command reads: opened, described and mapped, ready to be loaded element by element.
#pragma once

#include <algorithm>
#include <cstring>
#include <host/cli/options.hpp>
#include <host/io/array_file.hpp>
#include <host/io/input_file.hpp>
#include <host/io/job_files.hpp>
#include <memory>
#include <vector>

namespace prorata::cli {

/// One input array. Elements are numbered in the order they are stored.
class input {
 public:
  /// Opens PATH, one of the job's files, as .npy, or as the raw layout that --dtype describes.
  input(io::job_files& files, std::string const& path, options const& o);

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

  /// Copies elements [first, last), in this machine's byte order. From any thread.
  ///   few     fewer are read as they are; for more, the caller prepares and releases them
  void read(index_t first, index_t last, std::byte* to) const;
  static constexpr index_t few = 64;

  /// Prepares, reads and releases elements [first, last) of T, one after another at f(place in the piece, x).
  template <class T, class F>
  void read_each(index_t first, index_t last, F const& f) const {
    constexpr index_t at_once = 1 << 13;
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
std::vector<std::unique_ptr<input>> open_inputs(io::job_files& files, options const& o);

}  // namespace prorata::cli
