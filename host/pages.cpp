// Pages straight from the system: 2 MiB each where it has them, and given back at once.
#include <sys/mman.h>

#include <cstdint>

#include <host/pages.hpp>
#include <prorata/error.hpp>
#include <string>
#include <utility>

namespace prorata::host {

pages::pages(std::size_t bytes) {
  constexpr std::size_t large_page = std::size_t{2} << 20;
  if (bytes == 0) return;
  // Large pages want addresses that are multiples of their size: what lies outside is given back.
  std::size_t const size = (bytes + large_page - 1) / large_page * large_page;
  void* const memory = ::mmap(nullptr, size + large_page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    throw out_of_memory("host memory: cannot allocate " + std::to_string(bytes) +
                        " bytes of scratch; lower --memory or the size");
  auto* const begin = static_cast<std::byte*>(memory);
  std::size_t const before = (large_page - reinterpret_cast<std::uintptr_t>(begin) % large_page) % large_page;
  if (before > 0) ::munmap(begin, before);
  if (before < large_page) ::munmap(begin + before + size, large_page - before);
  data_ = begin + before;
  bytes_ = size;
  ::madvise(data_, bytes_, MADV_HUGEPAGE);  // where there are none, small ones do
}

pages::~pages() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

pages::pages(pages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

pages& pages::operator=(pages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

}  // namespace prorata::host
