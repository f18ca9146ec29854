// ceilings: how fast this machine's memory is, by the plainest code that moves the bytes.
#pragma once

#include <bench/arrays.hpp>
#include <bench/contest.hpp>

namespace prorata::bench {

/// All cores read the first `count` arrays, one after the other, adding up their words.
contestant read_ceiling(arrays const& a, int count);

/// out = the places of its words, past the caches.
contestant write_ceiling(arrays& a);

/// out = x, past the caches.
contestant copy_ceiling(arrays& a);

/// out = x + 3·y in words, past the caches.
contestant triad_ceiling(arrays& a);

}  // namespace prorata::bench
