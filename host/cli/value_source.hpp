// Elements of a file as numbers of one type, a block at a time: so that what works on numbers is made once
// and not for every stored type.
#pragma once

#include <host/cli/inputs.hpp>
#include <memory>

namespace prorata::cli {

/// X is float, double, int64_t or uint64_t.
template <class X>
class value_source {
 public:
  virtual ~value_source() = default;
  /// Writes elements [first, first + n), which must be within reach. From many threads.
  virtual void read(index_t first, index_t n, X* to) const = 0;
};

template <class X>
std::unique_ptr<value_source<X>> value_source_of(input const& in);

/// load(i), or many at once.
template <class X>
struct by_block {
  value_source<X> const& source;
  X operator()(index_t i) const {
    X x;
    source.read(i, 1, &x);
    return x;
  }
  void read(index_t first, index_t n, X* to) const { source.read(first, n, to); }
};

/// Elements [begin, …) that lie in memory, by their index in the file.
template <class X>
struct in_block {
  X const* block;
  index_t begin;
  X operator()(index_t i) const { return block[i - begin]; }
  X const* contiguous(index_t i) const { return block + (i - begin); }
};

}  // namespace prorata::cli
