// thrust::tabulate_output_iterator, by index: f(k, v) for what is written at k.
#pragma once

#include <cstddef>

namespace thrust {

template <class F>
struct tabulate_output_iterator {
  F f;
  struct place {
    F const& f;
    std::ptrdiff_t k;
    template <class T>
    void operator=(T const& v) const {
      f(k, v);
    }
  };
  place operator[](std::ptrdiff_t k) const { return {f, k}; }
};
template <class F>
tabulate_output_iterator<F> make_tabulate_output_iterator(F f) {
  return {f};
}

}  // namespace thrust
