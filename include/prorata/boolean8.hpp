// boolean8: a truth value as files store it, one byte in which anything but zero is true.
#pragma once

#include <prorata/config.hpp>

namespace prorata {

/// One byte of truth. C++ `bool` may only hold 0 or 1; a file may hold anything.
struct boolean8 {
  unsigned char byte;
  PRORATA_HD constexpr operator bool() const { return byte != 0; }
};

}  // namespace prorata
