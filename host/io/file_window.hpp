// file_window: a stretch of a file_column in memory of its own, for what is read once and in order.
#pragma once

#include <algorithm>
#include <host/io/file_column.hpp>
#include <memory>
#include <new>

namespace prorata::io {

/// Elements as they are stored. Files are read rather than mapped: to copy a page takes less time than to map it
/// (measured on Linux 6: a sum of 1 GiB in the page cache by two threads, 0.09 s against 0.12 s, and 0.07 s less when
/// the process ends), a copy lies in the cache of the core, and a file that shrinks is an error like any other.
///   threads  one
class file_window {
 public:
  /// So much is read at a time: less pays for more calls, more leaves the second-level cache.
  static constexpr index_t bytes = index_t{256} << 10;

  /// Elements [first, last), at a multiple of 64 bytes; they stay until the next call.
  ///   throws  input_error where the file has become shorter or the disk fails; std::bad_alloc
  std::byte const* read(file_column const& column, index_t first, index_t last) {
    index_t const size = size_of(column.array().type) * (last - first);
    if (size > room_) {
      memory_.reset(static_cast<std::byte*>(::operator new(static_cast<std::size_t>(size), alignment)));
      room_ = size;
    }
    column.read_stored(first, last, memory_.get());
    return memory_.get();
  }

 private:
  static constexpr std::align_val_t alignment{64};
  struct deleter {
    void operator()(std::byte* p) const { ::operator delete(p, alignment); }
  };
  std::unique_ptr<std::byte, deleter> memory_;
  index_t room_ = 0;
};

/// f(stored, first, n) for elements [first, last) of a column, a window at a time.
template <class F>
void each_window(file_column const& column, index_t first, index_t last, F const& f) {
  index_t const most = file_window::bytes / size_of(column.array().type);
  file_window window;
  for (index_t begin = first; begin < last; begin += most) {
    index_t const end = std::min(begin + most, last);
    f(window.read(column, begin, end), begin, end - begin);
  }
}

}  // namespace prorata::io
