// Work on a GPU that is not the current one: the current device is the caller's, and stays so.
#include <gtest/gtest.h>

#include <kernels/device.hpp>
#include <kernels/reduce.cuh>
#include <prorata/backend.hpp>

namespace prorata::cuda {
namespace {

struct own_number {
  PRORATA_HD std::int64_t operator()(index_t i) const { return i; }
};

/// All three steps of a reduction of n elements.
template <class R>
typename R::result_type reduced(stream& s, R const& r, index_t n) {
  piece const whole{0, n, n};
  auto const room = static_cast<std::size_t>((R::bytes(whole) + 63) / 64 * 64);
  auto* const memory = static_cast<std::byte*>(s.allocate(3 * room));
  auto* const out = reinterpret_cast<typename R::result_type*>(memory + 2 * room);
  reduce_piece(s, r, whole, own_number{}, memory);
  reduce_join(s, r, {whole}, memory, memory + room);
  reduce_finish(s, r, n, memory + room, out);
  typename R::result_type found{};
  s.copy(&found, out, sizeof found);
  s.deallocate(memory, 3 * room);
  s.sync();
  return found;
}

TEST(devices, every_device_works_while_another_is_current) {
  if (device_count() < 2) GTEST_SKIP() << "fewer than two: no such device on this machine";
  for (int const current : {0, 1}) {
    device_guard const callers(current);
    stream s(1 - current);
    index_t const n = 100'003, sum = n * (n - 1) / 2;
    EXPECT_EQ(reduced(s, order_free<plus<std::int64_t>>{}, n), sum);
    EXPECT_EQ(reduced(s, exactly_rounded<exact_sum<double>>{}, n), static_cast<double>(sum));
    try {
      device_guard on(current);
      on.change(1 - current);
      throw device_error("on the way");
    } catch (device_error const&) {}
    int still = -1;
    check(cudaGetDevice(&still));
    EXPECT_EQ(still, current);
  }
}

}  // namespace
}  // namespace prorata::cuda
