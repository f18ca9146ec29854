// Memory whose pages are 2 MiB where the system has them.
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <host/pages.hpp>
#include <prorata/error.hpp>
#include <string>
#include <utility>

namespace prorata::host {

namespace {
constexpr std::size_t large_page = std::size_t{2} << 20;

std::size_t rounded_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }
}  // namespace

void* allocate_aligned(std::size_t bytes) noexcept {
  bool const large = bytes >= 2 * large_page;
  std::size_t const alignment = large ? large_page : 128;
  if (bytes > SIZE_MAX - alignment) return nullptr;
  void* const memory = std::aligned_alloc(alignment, rounded_up(bytes == 0 ? 1 : bytes, alignment));
  if (large && memory != nullptr) ::madvise(memory, rounded_up(bytes, large_page), MADV_HUGEPAGE);
  return memory;
}

pages::pages(std::size_t bytes) {
  if (bytes == 0) return;
  // Large pages want addresses that are multiples of their size: what lies outside is given back.
  std::size_t const size = rounded_up(bytes, large_page);
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
