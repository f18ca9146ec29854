// The operations of the canonical order, as nvcc compiles them with its own defaults: contraction_test.py looks for
// operations that were joined into one.
#include <prorata/operations.hpp>

namespace prorata {

template <class T>
__global__ void sums(T* x, T y) {
  x[0] = plus<T>{}(x[1] * y, x[2]) + T{1};
  x[3] = multiplies<T>{}(x[4], y) + x[5];
  x[6] = sealed(x[6] - multiplies<T>{}(x[7], y));
}
__global__ void second_moments(moments_state* x, index_t a, index_t b) { x[0] = moments{}(x[0], x[1], a, b); }
__global__ void weighted(weighted_moments_state* x, double* y) {
  x[0] = weighted_moments{}(x[0], weighted_moments::lift({y[0], y[1]}));
}

template __global__ void sums(float*, float);
template __global__ void sums(double*, double);

}  // namespace prorata
