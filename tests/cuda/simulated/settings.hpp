// How the simulated GPU behaves: what the environment says, and chance where it says nothing.
#pragma once

#include <cstdint>
#include <string>

namespace simulated {

/// PRORATA_SIMULATED="devices=2,seed=7": names and values, one comma between. -1 and 0 leave it to chance.
struct settings {
  long seed = 1;
  long devices = 1;
  long sms = 3;         ///< multiprocessors of each device
  long peers = 1;       ///< whether devices reach each other's memory
  long resident = 0;    ///< blocks that run together
  long admission = -1;  ///< blocks begin in the order of their numbers 0, against it 1, in any order 2
  long choice = -1;     ///< of the threads that can run: who came first 0, who came last 1, any 2
  long lazy = -1;       ///< work waits until somebody waits for it 1, some of it runs before 0
  long late = -1;       ///< pageable memory is read when the copy runs 1, when it is queued 0
  long fresh = 0;       ///< whether copies to the host may bring memory that nothing was written to
  long memory = 8;      ///< GiB of each device
  std::string without;  ///< file:line of a synchronisation that does nothing, to see who notices
};
settings const& chosen();

/// Numbers of chance, the same for the same seed.
class chance {
 public:
  explicit chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t n) { return next() % n; }

 private:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  std::uint64_t state_;
};

/// Says what is wrong, where, and in which kernel, and ends the process.
[[noreturn]] void fault(std::string const& what);

}  // namespace simulated
