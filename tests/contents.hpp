// What an array holds, for tests to compare.
#pragma once

#include <cstring>
#include <prorata/array.hpp>
#include <prorata/host.hpp>
#include <span>
#include <vector>

namespace prorata::tests {

/// The elements of an array, from all its ranks.
template <class T>
std::vector<std::remove_const_t<T>> everything(distributed_array<T, host::stream> const& x) {
  std::vector<std::remove_const_t<T>> out(static_cast<std::size_t>(x.size()));
  copy_out(x, std::span(out));
  return out;
}

template <class T>
bool same_bytes(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

}  // namespace prorata::tests
