// The floating-point environment that prorata's host code runs in: round to nearest, subnormals kept.
#pragma once

#include <cfenv>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace prorata::host {

/// Sets the canonical environment of this thread and restores the caller's on leaving the scope. A library
/// linked with -ffast-math, or a caller's fesetround, would otherwise change results.
class fp_environment {
 public:
#if defined(__SSE2__)
  fp_environment() : saved_(_mm_getcsr()) {
    _mm_setcsr(0x1f80);
  }  // all exceptions masked, nearest, no FTZ, no DAZ
  ~fp_environment() { _mm_setcsr(saved_); }
#else
  fp_environment() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~fp_environment() { std::fesetenv(&saved_); }
#endif
  fp_environment(fp_environment const&) = delete;
  fp_environment& operator=(fp_environment const&) = delete;

 private:
#if defined(__SSE2__)
  unsigned saved_;
#else
  std::fenv_t saved_;
#endif
};

namespace detail {
/// A call the compiler can neither inline nor move: arithmetic stays inside the environment it was put in.
template <class F, class R>
[[gnu::noinline]] void call_into(R& result, F const& f) {
  result = f();
}
}  // namespace detail

/// f() in the canonical environment, on the calling thread: for the few operations that finish a result.
template <class F>
auto canonically(F const& f) {
  decltype(f()) result;
  fp_environment const canonical;
  detail::call_into(result, f);
  return result;
}

}  // namespace prorata::host
