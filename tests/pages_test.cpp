// Memory in large pages: aligned, writable to its last byte, and refused where there is none.
#include <gtest/gtest.h>

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
