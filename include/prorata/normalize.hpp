// normalize: weights as fractions of their exact sum.
#pragma once

#include <prorata/config.hpp>
#include <span>
#include <vector>

namespace prorata {

/// v[i] / Σv, each rounded once from the exact quotient; the sum is exact, so no order or overflow enters.
///   example  four times 1.7e308 → 0.25 each
///   cost     about 50 ns per value
///   throws   usage_error naming index and value: NaN, infinite, negative; or nothing but zeros
std::vector<double> normalize(std::span<double const> values);

}  // namespace prorata
