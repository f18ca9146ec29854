// Filling, mapping and visiting the elements of distributed arrays: local work only, no byte is sent.
#pragma once

#include <prorata/elements.hpp>
#include <prorata/stored_result.hpp>

namespace prorata {

/// out[i] = f(i) for every global index i, as stored_result has it: with one NaN.
///   cost   one write per element
///   waits  for borrowed arrays, and for functors with members; else the work is queued
template <class T, backend S, class F>
void generate(distributed_array<T, S>& out, F f) {
  detail::finishing(out, f)([&] {
    for (auto const& p : out.parts())
      transform_index(*p.stream, p.begin, p.end(), result_load<T, F>{f}, p.data);
  });
}

namespace detail {
template <class T>
struct constant {
  T value;
  PRORATA_HD T operator()(index_t) const { return value; }
};
}  // namespace detail

/// out[i] = value, bit for bit.
template <class T, backend S>
void fill(distributed_array<T, S>& out, T value) {
  detail::finishing(out)([&] {
    for (auto const& p : out.parts())
      transform_index(*p.stream, p.begin, p.end(), detail::constant<T>{value}, p.data);
  });
}

/// out[i] = f(x[i], more[i], …), in one pass, as stored_result has it: with one NaN. `identity` copies elements of
/// the same type bit for bit. `out` may be one of the inputs.
///   shape  every array has the same partition
///   cost   one read of each input, one write
///   waits  as generate
template <class R, class T, class... U, backend S, class F>
void transform(distributed_array<R, S>& out, F f, distributed_array<T, S> const& x,
               distributed_array<U, S> const&... more) {
  require_alike(out, x, more...);
  detail::finishing(out, x, more..., f)([&] {
    for (std::size_t k = 0; k < out.parts().size(); ++k) {
      auto const& p = out.parts()[k];
      auto const load = load_of(f, k, x, more...);
      if constexpr (std::is_same_v<F, identity> && std::is_same_v<R, std::remove_const_t<T>>) {
        transform_index(*p.stream, p.begin, p.end(), load, p.data);
      } else {
        transform_index(*p.stream, p.begin, p.end(),
                        result_load<R, std::remove_const_t<decltype(load)>>{load}, p.data);
      }
    }
  });
}

namespace detail {
template <class F, class T>
struct visit_element {
  F f;
  T* data;
  index_t begin;
  PRORATA_HD void operator()(index_t i) const {
    f(data[i - begin]);
    if constexpr (!std::is_const_v<T>) seal_in_place(data[i - begin]);
  }
};
}  // namespace detail

/// f(x[i]) for every element, by reference; in no particular order. Elements that are NaN then are the one NaN.
///   waits  as generate
template <class T, backend S, class F>
void for_each(distributed_array<T, S>& x, F f) {
  detail::finishing(x, f)([&] {
    for (auto const& p : x.parts())
      for_each_index(*p.stream, p.begin, p.end(), detail::visit_element<F, T>{f, p.data, p.begin});
  });
}

}  // namespace prorata
