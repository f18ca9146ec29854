// The errors prorata throws, one type per thing a caller can do about them, and `require`.
#pragma once

#include <prorata/config.hpp>
#include <stdexcept>
#include <string>

namespace prorata {

/// Root of every exception that prorata throws on purpose.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The call itself was wrong: a size, a weight, an option. Nothing was read, moved or written.
struct usage_error : error {
  using error::error;
};

/// The data was wrong: a damaged file, a value out of range. The message names the place.
struct input_error : error {
  using error::error;
};

/// A device failed, or is not there. After a sticky CUDA error the process has to end.
struct device_error : error {
  using error::error;
};

/// Ranks could not exchange bytes.
struct communication_error : error {
  using error::error;
};

/// Memory or disk ran out. A smaller chunk may still succeed.
struct out_of_memory : error {
  using error::error;
};

/// No plan satisfies the given limits; the message carries the smallest limit that would.
struct infeasible : error {
  using error::error;
};

/// Refuses a caller's mistake before any byte moves.
[[noreturn]] inline void refuse(std::string const& what) { throw usage_error(what); }

inline void require(bool condition, char const* what) {
  if (!condition) [[unlikely]]
    refuse(what);
}
inline void require(bool condition, std::string const& what) {
  if (!condition) [[unlikely]]
    refuse(what);
}

}  // namespace prorata
