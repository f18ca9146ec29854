// Reproducible arrays to try things on.
#pragma once

#include <cstdint>
#include <functional>
#include <host/io/array_sink.hpp>
#include <prorata/ordered.hpp>

namespace prorata::dynamic {

/// Writes elements [p.begin, p.end) of the sequence of a seed, on all cores: SplitMix64 (Steele, Lea, Flood 2014), so
/// that any element can be made alone. Integers are of their whole range, floats from −0.5 to 0.5.
///   done  told of bytes that are written, from any thread
void generate(io::array_sink const& out, io::dtype type, std::uint64_t seed, piece p,
              std::function<void(index_t bytes)> const& done);

}  // namespace prorata::dynamic
