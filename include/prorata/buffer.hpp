// Memory of one device, owned: allocated and given back in the order of a stream.
#pragma once

#include <cstddef>
#include <memory>
#include <prorata/backend.hpp>
#include <type_traits>
#include <utility>

namespace prorata {

/// n uninitialised elements on the device of a stream. Move-only; it goes into kernels as the pointer data().
///   needs   the stream outlives the buffer
template <class T, backend S>
class buffer {
  static_assert(std::is_trivially_copyable_v<T>, "device memory holds trivially copyable elements");

 public:
  buffer() = default;
  buffer(S& stream, index_t size)
      : stream_(&stream),
        data_(static_cast<T*>(stream.allocate(static_cast<std::size_t>(size) * sizeof(T)))),
        size_(size) {}
  ~buffer() { release(); }
  buffer(buffer&& other) noexcept
      : stream_(other.stream_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  buffer& operator=(buffer&& other) noexcept {
    if (this != &other) {
      release();
      stream_ = other.stream_;
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }

  T* data() const { return data_; }
  index_t size() const { return size_; }
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }
  S& stream() const { return *stream_; }

 private:
  void release() noexcept {
    if (data_ != nullptr) stream_->deallocate(data_, bytes());
  }

  S* stream_ = nullptr;
  T* data_ = nullptr;
  index_t size_ = 0;
};

}  // namespace prorata
