// The types of elements that typed tests are for.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <prorata/half.hpp>
#include <tests/sanitizers.hpp>
#include <type_traits>

namespace prorata::tests {

/// Whether typed tests are compiled and run for T: for all, but under sanitizers, which make both many times
/// slower, only for a few. Memory is treated alike for all types of a size, and threads for all types.
template <class T>
inline constexpr bool is_tested =
#if PRORATA_TEST_THREADS_WATCHED
    std::is_same_v<T, float> || std::is_same_v<T, std::int8_t> || std::is_same_v<T, std::int64_t>;
#elif PRORATA_TEST_ADDRESSES_WATCHED
    std::is_same_v<T, float> || std::is_same_v<T, half> || std::is_same_v<T, std::int8_t> ||
    std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint64_t>;
#elif defined(PLANTED)  // a copy of the sources with faults: it goes without types that have a like one
    !std::is_same_v<T, std::int16_t> && !std::is_same_v<T, std::uint16_t> &&
    !std::is_same_v<T, std::int32_t> && !std::is_same_v<T, std::uint32_t>;
#else
    true;
#endif

namespace type_lists {
template <class Kept, class... T>
struct tested {
  using type = Kept;
};
template <class... Kept, class T, class... More>
struct tested<testing::Types<Kept...>, T, More...>
    : tested<std::conditional_t<is_tested<T>, testing::Types<Kept..., T>, testing::Types<Kept...>>, More...> {
};
}  // namespace type_lists

/// testing::Types of those of T… that are tested.
template <class... T>
using types = typename type_lists::tested<testing::Types<>, T...>::type;

}  // namespace prorata::tests
