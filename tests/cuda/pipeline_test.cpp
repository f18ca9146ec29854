// The out-of-core pipeline, over host streams: chunks in any number and size, results in order, failures.
#include <gtest/gtest.h>

#include <cstring>
#include <host/stream.hpp>
#include <kernels/pipeline.hpp>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace prorata {
namespace {

std::shared_ptr<std::byte> heap(std::size_t bytes) {
  return {new std::byte[bytes], [](std::byte* p) { delete[] p; }};
}

struct three_streams {
  host::stream up, compute, down;
};

TEST(pipeline, sends_every_byte_through_and_back) {
  for (std::size_t total : {0u, 1u, 63u, 64u, 65u, 1000u, 6400u})
    for (int slots : {1, 2, 3, 4}) {  // 16 and 100 chunks: also where slots do not divide them
      std::vector<unsigned char> in(total), out(total, 0);
      std::iota(in.begin(), in.end(), static_cast<unsigned char>(1));
      three_streams s;
      cuda::pipeline<host::stream> line(s.up, s.compute, s.down, {64, 64, slots}, heap);
      index_t next = 0;
      line.run(
          total,
          [&](void* to, std::size_t offset, std::size_t bytes) {
            std::memcpy(to, in.data() + offset, bytes);
          },
          [](host::stream& compute, cuda::pipeline_chunk& chunk) {
            chunk.result_bytes = chunk.bytes;
            compute.enqueue([chunk] {
              for (std::size_t k = 0; k < chunk.bytes; ++k)
                static_cast<unsigned char*>(chunk.out)[k] =
                    static_cast<unsigned char>(static_cast<unsigned char const*>(chunk.in)[k] ^ 0x55);
            });
          },
          [&](cuda::pipeline_chunk const& chunk, void const* from) {
            EXPECT_EQ(chunk.number, next++) << "results come in order";
            std::memcpy(out.data() + chunk.offset, from, chunk.result_bytes);
          });
      for (auto& v : in) v ^= 0x55;
      EXPECT_EQ(in, out) << total << " bytes through " << slots << " slots";
    }
}

TEST(pipeline, runs_again_and_without_results) {
  three_streams s;
  cuda::pipeline<host::stream> line(s.up, s.compute, s.down, {16, 0, 3}, heap);
  for (int turn = 0; turn < 3; ++turn) {
    long sum = 0;
    line.run(
        1000, [](void* to, std::size_t, std::size_t bytes) { std::memset(to, 2, bytes); },
        [&](host::stream& compute, cuda::pipeline_chunk& chunk) {
          compute.enqueue([chunk, &sum] {
            for (std::size_t k = 0; k < chunk.bytes; ++k)
              sum += static_cast<unsigned char const*>(chunk.in)[k];
          });
        });
    EXPECT_EQ(sum, 2000);
  }
}

TEST(pipeline, ends_with_the_first_failure) {
  three_streams s;
  cuda::pipeline<host::stream> line(s.up, s.compute, s.down, {16, 16, 3}, heap);
  auto const fill = [](void* to, std::size_t, std::size_t bytes) { std::memset(to, 1, bytes); };
  auto const nothing = [](host::stream&, cuda::pipeline_chunk&) {};
  auto const read_fails = [&](void* to, std::size_t offset, std::size_t bytes) {
    if (offset > 100) throw input_error("the file ends early");
    fill(to, offset, bytes);
  };
  EXPECT_THROW(line.run(1000, read_fails, nothing), input_error);
  auto const work_fails = [](host::stream& compute, cuda::pipeline_chunk& chunk) {
    if (chunk.number == 5) compute.enqueue([] { throw device_error("the device failed"); });
  };
  EXPECT_THROW(line.run(1000, fill, work_fails), device_error);
  EXPECT_NO_THROW(line.run(1000, fill, nothing)) << "a pipeline can be used after a failure";
}

}  // namespace
}  // namespace prorata
