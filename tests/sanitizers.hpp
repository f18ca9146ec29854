// Which sanitizer watches this build, and how much less a test tries because of it: a sanitizer looks for mistakes that
// show in any round, runs ten times slower, and the plain build has tried them all.
#pragma once

#include <algorithm>
#include <concepts>

#ifdef __has_feature  // clang
#define PRORATA_TEST_FEATURE(name) __has_feature(name)
#else
#define PRORATA_TEST_FEATURE(name) 0
#endif
#if defined(__SANITIZE_THREAD__) || PRORATA_TEST_FEATURE(thread_sanitizer)
#define PRORATA_TEST_THREADS_WATCHED 1
#else
#define PRORATA_TEST_THREADS_WATCHED 0
#endif
#if defined(__SANITIZE_ADDRESS__) || PRORATA_TEST_FEATURE(address_sanitizer)
#define PRORATA_TEST_ADDRESSES_WATCHED 1
#else
#define PRORATA_TEST_ADDRESSES_WATCHED 0
#endif

namespace prorata::tests {

inline constexpr bool threads_watched = PRORATA_TEST_THREADS_WATCHED;
inline constexpr bool addresses_watched = PRORATA_TEST_ADDRESSES_WATCHED;
inline constexpr bool watched = threads_watched || addresses_watched;

/// How many of `all` rounds or seeds a test tries: a tenth of them under a sanitizer, and at least one.
template <std::integral T>
constexpr T rounds(T all) {
  return watched ? std::max<T>(all / 10, 1) : all;
}

}  // namespace prorata::tests
