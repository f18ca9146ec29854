// Squares turned over their diagonal, against the definition, at every alignment.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <host/transpose.hpp>
#include <random>
#include <vector>

namespace {

using namespace prorata;

template <class T>
void expect_turned() {
  std::mt19937_64 random(sizeof(T));
  std::vector<std::byte> from(1024 * sizeof(T) + 64), to(from.size()), guard(from.size());
  for (std::size_t const in : {0, 1, 4, 8, 33})
    for (std::size_t const out : {0, 1, 4, 8, 33}) {
      if ((in | out) % alignof(T) != 0) continue;
      for (auto& b : from) b = static_cast<std::byte>(random());
      for (std::size_t k = 0; k < to.size(); ++k) guard[k] = to[k] = static_cast<std::byte>(k * 7);
      host::transpose(reinterpret_cast<T const*>(from.data() + in), reinterpret_cast<T*>(to.data() + out));
      for (std::size_t r = 0; r < 32; ++r)
        for (std::size_t c = 0; c < 32; ++c)
          ASSERT_EQ(std::memcmp(to.data() + out + (c * 32 + r) * sizeof(T),
                                from.data() + in + (r * 32 + c) * sizeof(T), sizeof(T)),
                    0)
              << r << ' ' << c;
      for (std::size_t k = 0; k < to.size(); ++k) {
        if (k < out || k >= out + 1024 * sizeof(T)) { ASSERT_EQ(to[k], guard[k]) << "beside the square"; }
      }
    }
}

TEST(Transpose, TurnsWords) {
  expect_turned<std::uint32_t>();
  expect_turned<float>();
  expect_turned<std::uint64_t>();
  expect_turned<double>();
}
TEST(Transpose, TurnsElementsOfOtherSizes) {
  expect_turned<std::uint8_t>();
  expect_turned<std::int16_t>();
  expect_turned<std::array<std::byte, 3>>();
  expect_turned<std::array<double, 3>>();
}

}  // namespace
