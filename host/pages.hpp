// Memory in large pages where there are any: for scratch that is written once and read once.
#pragma once

#include <cstddef>

namespace prorata::host {

/// At least so many bytes, aligned to a page, in large pages if the system has them.
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
