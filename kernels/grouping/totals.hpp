// What is known of all groups while a GPU makes them.
#pragma once

#include <prorata/config.hpp>

namespace prorata::cuda {

/// Records and keys; the largest exponent field among sampled values; whether a table refused a record.
struct group_totals {
  unsigned long long records, keys;
  unsigned exponent, refused;
};

/// The origin of bands: the top of one, with a little room above the largest exponent.
PRORATA_HD inline int origin_of(group_totals const* totals) {
  return 31 - ((static_cast<int>(totals->exponent) + 2) & 31);
}

}  // namespace prorata::cuda
