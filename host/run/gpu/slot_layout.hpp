// Elements of files side by side in one slot of memory, on their way to a device.
#pragma once

#include <algorithm>
#include <host/io/file_column.hpp>
#include <host/run/gpu/elements.hpp>
#include <host/stream.hpp>
#include <prorata/error.hpp>

namespace prorata::host {

inline constexpr index_t copy_grain = 1 << 20;  // bytes that one thread copies at a time

/// Where each file's elements lie within a slot of `count` elements: largest elements first, so that all are
/// aligned to their size however short the slot is.
///   f8, f4, f8 of 1000 elements   →   f8 at 0, f8 at 8000, f4 at 16000
class slot_layout {
 public:
  explicit slot_layout(std::vector<io::file_column const*> files) : files_(std::move(files)) {
    std::stable_sort(files_.begin(), files_.end(), [](io::file_column const* a, io::file_column const* b) {
      return size_of(*a) > size_of(*b);
    });
    files_.erase(std::unique(files_.begin(), files_.end()), files_.end());
    for (auto const* f : files_) bytes_ += size_of(*f);
  }

  static index_t size_of(io::file_column const& f) { return io::size_of(f.array().type); }

  /// Bytes of one element of every file.
  index_t bytes() const { return bytes_; }

  stored_elements find(void const* slot, index_t count, io::file_column const* wanted) const {
    auto const* at = static_cast<std::byte const*>(slot);
    for (auto const* f : files_) {
      if (f == wanted) return {at, f->array().type, f->array().swapped};
      at += count * size_of(*f);
    }
    throw device_error("a slot without one of its files");
  }

  /// Copies elements [begin, end) of every file to a slot, on the stream's threads.
  void fill(host::stream const& s, std::byte* slot, index_t begin, index_t end) const {
    for (auto const* f : files_) {
      index_t const size = size_of(*f), grain = copy_grain / size;
      s.parallel((end - begin + grain - 1) / grain, [&](index_t k) {
        index_t const first = begin + k * grain, last = std::min(first + grain, end);
        f->read_stored(first, last, slot + (first - begin) * size);
      });
      slot += (end - begin) * size;
    }
  }

 private:
  std::vector<io::file_column const*> files_;
  index_t bytes_ = 0;
};

}  // namespace prorata::host
