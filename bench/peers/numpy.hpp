// NumPy as a contestant: another process that maps the same memory and times itself.
#pragma once

#include <bench/arrays.hpp>
#include <cstdio>
#include <string>
#include <type_traits>
#include <vector>

namespace prorata::bench {

class numpy {
 public:
  struct answer {
    double seconds = 0;
    std::vector<double> values;
  };

  /// Starts the interpreter. Where it or NumPy is missing, version() is empty and nothing may be asked.
  explicit numpy(arrays const& a);
  ~numpy();
  numpy(numpy const&) = delete;
  numpy& operator=(numpy const&) = delete;

  std::string const& version() const { return version_; }
  explicit operator bool() const { return !version_.empty(); }

  /// Does one of the verbs of numpy_peer.py once, VERB or VERB:ARGUMENT…, on arrays of a dtype such as f4.
  answer ask(std::string const& verb, std::string const& dtype) const;

 private:
  std::string read_line() const;

  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
  int process_ = -1;
  std::string version_;
};

/// NumPy's name for an element type.
template <class T>
inline constexpr char const* numpy_type = std::is_unsigned_v<T>   ? (sizeof(T) == 4 ? "u4" : "u8")
                                          : std::is_integral_v<T> ? (sizeof(T) == 4 ? "i4" : "i8")
                                          : sizeof(T) == 4        ? "f4"
                                                                  : "f8";

}  // namespace prorata::bench
