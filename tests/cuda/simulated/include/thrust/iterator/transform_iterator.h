// thrust::transform_iterator, by index.
#pragma once

#include <cstddef>

namespace thrust {

template <class F, class In>
struct transform_iterator {
  In in;
  F f;
  decltype(auto) operator[](std::ptrdiff_t k) const { return f(in[k]); }
};
template <class In, class F>
transform_iterator<F, In> make_transform_iterator(In in, F f) {
  return {in, f};
}

}  // namespace thrust
