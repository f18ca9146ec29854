// Memory in large pages where there are any.
#pragma once

#include <cstddef>

namespace prorata::host {

/// At least so many bytes for std::free, aligned to 128 bytes; from 4 MiB on in large pages if the system has
/// them, so that the first touch costs a fault for each 2 MiB instead of each 4 KiB.
///   returns  null where there is no memory
void* allocate_aligned(std::size_t bytes) noexcept;

/// Scratch that is given back to the system at once: at least so many bytes, aligned to a page, in large
/// pages if the system has them.
///   throws  out_of_memory, with the number of bytes
class pages {
 public:
  pages() = default;
  explicit pages(std::size_t bytes);
  ~pages();
  pages(pages&& other) noexcept;
  pages& operator=(pages&& other) noexcept;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace prorata::host
