// The canonical floating-point environment: what it does to arithmetic, and that callers get theirs back.
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <array>
#include <cfenv>
#include <host/fp_environment.hpp>
#include <limits>
#include <stdexcept>

namespace {

using namespace prorata;

/// Every rounding mode, with and without flushing and its like.
constexpr std::array<unsigned, 8> environments{0x1f80, 0x3f80, 0x5f80, 0x7f80,
                                               0x9fc0, 0xbfc0, 0xdfc0, 0xffc0};

class as_before {
 public:
  ~as_before() { _mm_setcsr(saved_); }

 private:
  unsigned saved_ = _mm_getcsr();
};

double volatile one = 1, third = 3, tiny = std::numeric_limits<double>::denorm_min(),
                smallest = std::numeric_limits<double>::min(), half = 0.5;

TEST(FpEnvironment, RoundsToNearestAndKeepsSubnormalsWhateverTheCallerSet) {
  as_before const guard;
  for (unsigned const caller : environments) {
    _mm_setcsr(caller);
    double quotient = 0, operand = 0, result = 0;
    {
      host::fp_environment const canonical;
      quotient = one / third;
      operand = tiny * 4;
      result = smallest * half;
    }
    unsigned const after = _mm_getcsr();
    _mm_setcsr(0x1f80);
    EXPECT_EQ(quotient, 0x1.5555555555555p-2) << std::hex << caller;
    EXPECT_EQ(operand, 0x1p-1072) << std::hex << caller;
    EXPECT_EQ(result, 0x1p-1023) << std::hex << caller;
    EXPECT_EQ(after, caller);  // flags that were raised inside are not the caller's
  }
}

TEST(FpEnvironment, IsGivenBackWhenAnExceptionPasses) {
  as_before const guard;
  _mm_setcsr(0xdfc0);
  try {
    host::fp_environment const canonical;
    throw std::runtime_error("");
  } catch (std::runtime_error const&) {}
  EXPECT_EQ(_mm_getcsr(), 0xdfc0u);
  _mm_setcsr(0xdfc0);
  EXPECT_THROW(host::canonically([]() -> int { throw std::runtime_error(""); }), std::runtime_error);
  EXPECT_EQ(_mm_getcsr() & ~0x3fu, 0xdfc0u);
}

TEST(FpEnvironment, FinishesAResultCanonically) {
  as_before const guard;
  for (unsigned const caller : environments) {
    _mm_setcsr(caller);
    double const quotient = host::canonically([] { return one / third; });
    unsigned const after = _mm_getcsr();
    _mm_setcsr(0x1f80);
    EXPECT_EQ(quotient, 0x1.5555555555555p-2) << std::hex << caller;
    EXPECT_EQ(after, caller);
  }
}

}  // namespace
