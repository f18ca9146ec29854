// Arrays for expressions, and what expressions make of them.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <host/expression/parser.hpp>
#include <host/expression/program.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace prorata::expression::tests {

using io::dtype;

/// One input: its type and its bytes.
struct column {
  io::element_type type;
  std::vector<std::byte> bytes;
};
template <class T>
column make_column(std::vector<T> const& values) {
  auto const bytes = std::as_bytes(std::span(values));
  return {{io::dtype_of<T>, false}, {bytes.begin(), bytes.end()}};
}

inline std::vector<io::element_type> types_of(std::vector<column> const& inputs) {
  std::vector<io::element_type> types;
  for (auto const& input : inputs) types.push_back(input.type);
  return types;
}

inline std::vector<std::byte> run(tree const& t, std::vector<column> const& inputs, index_t n,
                                  std::optional<dtype> out = {}) {
  program const p(t, out);
  std::vector<std::byte> result(static_cast<std::size_t>(n * io::size_of(p.output())));
  std::vector<void const*> pointers;
  for (auto const& input : inputs) pointers.push_back(input.bytes.data());
  program::workspace space(p);
  p.run(pointers, result.data(), n, space);
  return result;
}

template <class R>
std::vector<R> evaluate(std::string const& text, std::vector<column> const& inputs,
                        std::optional<dtype> out = {}) {
  tree const t = parse(text, types_of(inputs));
  EXPECT_EQ(out.value_or(t.result_dtype()), io::dtype_of<R>) << text;
  index_t const n =
      inputs.empty() ? 1 : static_cast<index_t>(inputs[0].bytes.size()) / io::size_of(inputs[0].type.type);
  auto const bytes = run(t, inputs, n, out);
  std::vector<R> values(bytes.size() / sizeof(R));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}
template <class R>
R constant(std::string const& text) {
  return evaluate<R>(text, {}).at(0);
}
template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

inline std::vector<float> reals(std::size_t n, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(n);
  float const special[] = {0.0f, -0.0f, 1.0f, -1.0f, INFINITY, -INFINITY, NAN, 1e-40f, 3e38f};
  for (auto& v : values)
    v = random() % 8 == 0 ? special[random() % 9]
                          : std::ldexp(static_cast<float>(static_cast<std::int32_t>(random())),
                                       static_cast<int>(random() % 40) - 50);
  return values;
}

}  // namespace prorata::expression::tests
