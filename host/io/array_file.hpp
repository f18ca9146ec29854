// array_file: where an array lies inside a file, whichever format said so.
#pragma once

#include <host/io/dtype.hpp>
#include <string>
#include <vector>

namespace prorata::io {

/// The place and the type of one array in a file. Everything in it was checked against the file's size.
struct array_file {
  std::string path;
  dtype type = dtype::f64;
  bool swapped = false;        ///< the bytes of each element are in big-endian order
  bool fortran_order = false;  ///< the first index runs fastest
  std::vector<index_t> shape;  ///< {} is one element
  index_t count = 0;           ///< elements
  index_t data_offset = 0;     ///< bytes before the first element; any number, not only multiples of 64
  index_t data_bytes = 0;      ///< count · size_of(type)
  index_t trailing_bytes = 0;  ///< bytes after the last element, which are ignored
};

/// Elements of a shape: the product, 1 for {}, 0 when a dimension is 0; or -1 when it exceeds index_t.
index_t count_of(std::vector<index_t> const& shape);

/// "(1000, 20)", "(5,)", "()", as NumPy prints it.
std::string shape_text(std::vector<index_t> const& shape);

}  // namespace prorata::io
