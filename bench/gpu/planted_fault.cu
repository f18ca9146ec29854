// A kernel that writes one element behind its array: the checker that does not report this is not working.
#include <cuda_runtime.h>

__global__ void write_behind(float* x, int n) { x[n + threadIdx.x] = 1.0f; }

int main() {
  float* x = nullptr;
  if (cudaMalloc(&x, 256 * sizeof(float)) != cudaSuccess) return 77;
  write_behind<<<1, 1>>>(x, 256);
  cudaDeviceSynchronize();
  cudaFree(x);
}
