// Verbs over arrays in files: what they read is never in memory as a whole, and no result depends on how it was cut.
#pragma once

#include <host/run/selection.hpp>
#include <prorata/file_array.hpp>
#include <prorata/topk.hpp>
#include <string>
#include <utility>
#include <vector>

namespace prorata {

/// As nth_elements of arrays in memory; quantiles(), quantile() and median() ask it.
///   cost    reads of the file: two as a rule, ⌈bits / 11⌉ at most
///   memory  run_options of the array; a quarter of it holds keys
template <class T>
std::vector<T> nth_elements(file_array<T> const& x, std::vector<index_t> const& places,
                            direction d = direction::ascending) {
  for (index_t const place : places)
    require(0 <= place && place < x.size(), "nth_elements: place " + std::to_string(place) +
                                                " lies outside an array of " + std::to_string(x.size()));
  detail::refuse_verification(x, "nth_elements");
  if (places.empty()) return {};
  detail::file_run files(x);
  auto const source = host::keys_as<T>(x.column(), d);
  total_order<T> const order(d);
  std::vector<T> found;
  for (auto const key : host::keys_at(files.run, *source, d, places, x.options().memory))
    found.push_back(order.value(static_cast<typename total_order<T>::key_type>(key)));
  return found;
}

/// As topk of arrays in memory.
///   cost    two or three reads of the file as a rule
///   memory  run_options of the array, of which a quarter holds candidates; and the k elements
template <class T>
top_elements<T> topk(file_array<T> const& x, index_t k, direction d = direction::descending) {
  require(k >= 0, "topk: a count is not negative");
  detail::refuse_verification(x, "topk");
  top_elements<T> found;
  k = std::min(k, x.size());
  if (k == 0) return found;
  detail::file_run files(x);
  auto const source = host::keys_as<T>(x.column(), d);
  total_order<T> const order(d);
  for (auto const& one : host::least_keys(files.run, *source, d, k, x.options().memory)) {
    found.values.push_back(order.value(static_cast<typename total_order<T>::key_type>(one.key)));
    found.indices.push_back(one.index);
  }
  return found;
}

}  // namespace prorata
