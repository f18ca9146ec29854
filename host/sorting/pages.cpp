// Scratch memory for sorting.
#include <sys/mman.h>

#include <host/sorting/buckets.hpp>
#include <string>
#include <utility>

namespace prorata::host::sorting {

pages::pages(std::size_t bytes) : data_(nullptr), bytes_(0) {
  constexpr std::size_t large_page = std::size_t{2} << 20;
  bytes_ = (bytes + large_page - 1) / large_page * large_page;
  void* const memory =
      ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    throw out_of_memory("host memory: cannot allocate " + std::to_string(bytes_) +
                        " bytes to sort in; sorting needs as much room again as its data");
  ::madvise(memory, bytes_, MADV_HUGEPAGE);  // where there are none, small ones do
  data_ = static_cast<std::byte*>(memory);
}

pages::~pages() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

pages::pages(pages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

}  // namespace prorata::host::sorting
