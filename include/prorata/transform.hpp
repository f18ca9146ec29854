// Filling, mapping and visiting the elements of distributed arrays: local work only, no byte is sent.
#pragma once

#include <prorata/elements.hpp>

namespace prorata {

/// out[i] = f(i) for every global index i.
///   cost   one write per element
///   waits  for borrowed arrays, and for functors with members; else the work is queued
template <class T, backend S, class F>
void generate(distributed_array<T, S>& out, F f) {
  detail::finishing(out, f)([&] {
    for (auto const& p : out.parts()) transform_index(*p.stream, p.begin, p.end(), f, p.data);
  });
}

namespace detail {
template <class T>
struct constant {
  T value;
  PRORATA_HD T operator()(index_t) const { return value; }
};
}  // namespace detail

/// out[i] = value.
template <class T, backend S>
void fill(distributed_array<T, S>& out, T value) {
  generate(out, self_contained{detail::constant<T>{value}});
}

/// out[i] = f(x[i], more[i], …), in one pass. `out` may be one of the inputs.
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
      transform_index(*p.stream, p.begin, p.end(), load_of(f, k, x, more...), p.data);
    }
  });
}

namespace detail {
template <class F, class T>
struct visit_element {
  F f;
  T* data;
  index_t begin;
  PRORATA_HD void operator()(index_t i) const { f(data[i - begin]); }
};
}  // namespace detail

/// f(x[i]) for every element, by reference; in no particular order.
///   waits  as generate
template <class T, backend S, class F>
void for_each(distributed_array<T, S>& x, F f) {
  detail::finishing(x, f)([&] {
    for (auto const& p : x.parts())
      for_each_index(*p.stream, p.begin, p.end(), detail::visit_element<F, T>{f, p.data, p.begin});
  });
}

}  // namespace prorata
