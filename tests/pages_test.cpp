// Memory in large pages: aligned, writable to its last byte, and refused where there is none.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <host/pages.hpp>
#include <prorata/error.hpp>
#include <utility>

namespace {

using namespace prorata;

bool aligned(void const* memory, std::size_t to) {
  return reinterpret_cast<std::uintptr_t>(memory) % to == 0;
}

constexpr std::size_t large = std::size_t{2} << 20;

/// How many bytes after a multiple of 2 MiB the system places what pages ask for, or less than zero: where it
/// likes. Some systems like nothing but multiples.
std::ptrdiff_t placed_after = -1;

}  // namespace

extern "C" {
void* __real_mmap(void*, std::size_t, int, int, int, off_t);

void* __wrap_mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset) {
  if (placed_after < 0) return __real_mmap(at, bytes, protection, flags, file, offset);
  void* const memory = __real_mmap(at, bytes + 2 * large, protection, flags, file, offset);
  if (memory == MAP_FAILED) return memory;
  auto* const begin = static_cast<std::byte*>(memory);
  std::size_t const before =
      large - reinterpret_cast<std::uintptr_t>(begin) % large + static_cast<std::size_t>(placed_after);
  ::munmap(begin, before);
  if (before < 2 * large) ::munmap(begin + before + bytes, 2 * large - before);
  return begin + before;
}
}

namespace {

TEST(Pages, AlignedMemoryIsWritableToItsEnd) {
  for (std::size_t const bytes :
       {std::size_t{0}, std::size_t{1}, std::size_t{129}, 2 * large - 1, 2 * large, 3 * large + 7}) {
    void* const memory = host::allocate_aligned(bytes);
    ASSERT_NE(memory, nullptr) << bytes;
    EXPECT_TRUE(aligned(memory, bytes >= 2 * large ? large : 128)) << bytes;
    std::memset(memory, 1, bytes);
    std::free(memory);
  }
}

TEST(Pages, AlignedMemoryThatCannotBeIsNull) {
  EXPECT_EQ(host::allocate_aligned(SIZE_MAX), nullptr);
  EXPECT_EQ(host::allocate_aligned(SIZE_MAX - large), nullptr);
}

TEST(Pages, ScratchIsAtLeastWhatWasAskedForAndZero) {
  for (std::size_t const bytes : {std::size_t{1}, large - 1, large, large + 1, 5 * large}) {
    host::pages const p(bytes);
    EXPECT_GE(p.bytes(), bytes);
    EXPECT_TRUE(aligned(p.data(), large)) << bytes;
    for (std::size_t k = 0; k < p.bytes(); k += 4096) ASSERT_EQ(p.data()[k], std::byte{0});
    std::memset(p.data(), 1, p.bytes());
  }
  EXPECT_EQ(host::pages(0).data(), nullptr);
  EXPECT_EQ(host::pages().bytes(), 0u);
}

TEST(Pages, ScratchIsAlignedWhereverTheSystemPlacesIt) {
  for (std::size_t const after : {std::size_t{0}, std::size_t{4096}, large / 2, large - 4096}) {
    placed_after = static_cast<std::ptrdiff_t>(after);
    host::pages const p(3 * large - 1);
    placed_after = -1;
    ASSERT_TRUE(aligned(p.data(), large)) << after;
    EXPECT_EQ(p.bytes(), 3 * large);
    std::memset(p.data(), 1, p.bytes());
  }
}

TEST(Pages, MovesLikeAUniquePointer) {
  host::pages a(100);
  std::byte* const memory = a.data();
  host::pages b(std::move(a));
  EXPECT_EQ(b.data(), memory);
  EXPECT_EQ(a.data(), nullptr);
  EXPECT_EQ(a.bytes(), 0u);
  host::pages c(200);
  c = std::move(b);
  EXPECT_EQ(c.data(), memory);
  c = host::pages();
  EXPECT_EQ(c.data(), nullptr);
}

TEST(Pages, SaysHowMuchCouldNotBeHad) {
  try {
    host::pages const p(std::size_t{1} << 60);
    FAIL();
  } catch (out_of_memory const& e) {
    EXPECT_NE(std::string(e.what()).find(std::to_string(std::size_t{1} << 60)), std::string::npos)
        << e.what();
  }
}

}  // namespace
