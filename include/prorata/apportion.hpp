// apportion: divides n indivisible units among weights, in exact integer arithmetic on the doubles' true
// values.
#pragma once

#include <prorata/config.hpp>
#include <span>
#include <vector>

namespace prorata {

/// The rule that rounds shares to whole units (Balinski and Young, Fair Representation, 1982).
enum class apportionment {
  hamilton,  ///< largest remainders: every share is its quota n·w/Σw, rounded down or up
  webster,   ///< divisor method: changing one weight never moves units between two others
  dhondt,    ///< divisor method: the smallest possible max(share/weight), the makespan of equal units
};

/// Shares of n units, in proportion to the weights: sums to n, and weight zero gets zero.
///   exact   any finite weights, from subnormals to sums beyond the range of double; n up to 2^63 − 1
///   ties    to the lowest index
///   cost    0.15 µs per weight where all fit 64 bits in one unit, microseconds where they span the doubles
///   throws  usage_error naming index and value: a NaN, infinite or negative weight; or nothing but zeros,
///           n > 0
std::vector<index_t> apportion(index_t n, std::span<double const> weights,
                               apportionment method = apportionment::hamilton);

/// The same under upper limits: a share stops at its cap, and the others take the excess by weight.
///   throws  infeasible if the caps of those with a weight hold fewer than n
std::vector<index_t> apportion(index_t n, std::span<double const> weights, std::span<index_t const> caps,
                               apportionment method = apportionment::hamilton);

/// Refuses weights that are NaN, infinite or negative, by index; and, if `positive`, those that are all zero.
void require_weights(std::span<double const> weights, bool positive);

}  // namespace prorata
