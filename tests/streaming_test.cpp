// Stores past the caches: every byte arrives, and none beside them is touched.
#include <gtest/gtest.h>

#include <host/for_each.hpp>
#include <host/streaming.hpp>
#include <vector>

namespace prorata::host {
namespace {

TEST(streaming, bytes_that_begin_and_end_anywhere) {
  std::vector<unsigned char> from(400);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<unsigned char>(i * 7 + 1);
  for (std::size_t begin = 0; begin < 2 * line_bytes; ++begin)
    for (std::size_t bytes = 0; bytes < 3 * line_bytes; ++bytes) {
      alignas(line_bytes) unsigned char to[8 * line_bytes] = {};
      stream_bytes(to + begin, from.data(), bytes);
      for (std::size_t i = 0; i < sizeof to; ++i)
        ASSERT_EQ(to[i], i < begin || i >= begin + bytes ? 0 : from[i - begin])
            << begin << ", " << bytes << ", " << i;
    }
}

template <class T>
void stream_elements() {
  for (index_t begin = 0; begin < 20; ++begin)
    for (index_t n = 0; n < 600; ++n) {
      alignas(line_bytes) T to[700] = {};
      detail::stream_each([](index_t i) { return static_cast<T>(i + 1); }, 5, 5 + n, to + begin);
      for (index_t i = 0; i < 700; ++i)
        ASSERT_EQ(to[i], i < begin || i >= begin + n ? T{0} : static_cast<T>(i - begin + 6))
            << begin << ", " << n;
    }
}
TEST(streaming, elements_that_begin_and_end_anywhere) {
  stream_elements<float>();
  stream_elements<double>();
}

}  // namespace
}  // namespace prorata::host
