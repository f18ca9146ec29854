// Every public verb, once for each of its forms, on memory that the caller owns. verbs_test.py holds the list
// to the headers: a verb that is not called here makes it fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <tests/splits.hpp>
#include <vector>

namespace prorata::tests {

using bytes = std::vector<std::byte>;

/// What callers own: input, output and what their functors refer to.
struct caller_memory {
  explicit caller_memory(index_t n);

  /// All of it, as it is now.
  bytes everything() const;

  /// What its owner does with it once the verb has returned.
  void scribble();

  index_t n;
  std::vector<double> x, y, low, high, out;     // low and high are in order
  std::vector<std::int32_t> keys, runs, flags;  // runs are of five
  double factor = 3;
};

/// What a verb gave besides: to be read later, as late as its caller may.
using answer = std::function<bytes()>;

struct verb_call {
  std::string name;  // the verb's, and what is special about this call
  std::function<answer(host_team const&, caller_memory&)> call;
};

std::vector<verb_call> const& every_verb();

struct positive {
  bool operator()(double a) const { return a > 0; }
};
struct add_one {
  void operator()(double& a) const { a += 1; }
};
struct negated {
  double operator()(double a) const { return -a; }
};

}  // namespace prorata::tests
