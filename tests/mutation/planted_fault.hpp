// Planted faults: PLANTED(n) is true where the environment names fault n; run.py puts it into a copy of the
// sources.
//
//   PRORATA_FAULT=n       switches fault n on
//   PRORATA_REACHED=file  a byte for every fault, set where the program asks about it
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

namespace planted {

inline constexpr unsigned most = 1u << 16;

inline unsigned char* map_reached() {
  static unsigned char nowhere[most];
  char const* const path = std::getenv("PRORATA_REACHED");
  int const file = path != nullptr ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return nowhere;
  void* const memory = ::mmap(nullptr, most, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return memory == MAP_FAILED ? nowhere : static_cast<unsigned char*>(memory);
}

inline unsigned chosen_fault() {
  char const* const number = std::getenv("PRORATA_FAULT");
  return number != nullptr ? static_cast<unsigned>(std::atoi(number)) : most;
}

inline unsigned const chosen = chosen_fault();
inline unsigned char* const reached = map_reached();

/// What the compiler computes is never at fault: such places are not reached either.
constexpr bool fault(unsigned number) {
  if (__builtin_is_constant_evaluated()) return false;
  if (reached != nullptr && reached[number] == 0) reached[number] = 1;
  return chosen == number;
}

}  // namespace planted

#define PLANTED(number) ::planted::fault(number)
