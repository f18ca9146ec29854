#include <cstdio>
#include <prorata/file_verbs.hpp>
#include <prorata/quantile.hpp>
#include <prorata/reduce.hpp>

int main() {
  auto x = prorata::open<double>("x.npy");        // numbers of any type, as many as the disk holds
  std::printf("%.17g\n", prorata::deviation(x));  // 288675.13459466858, on any devices
  std::printf("%.1f\n", prorata::median(x));      // 500000.5, on any devices
  prorata::sort("sorted.npy", x);                 // spilled to disk where memory is short
  auto const half = [](double v) { return v / 2; };
  prorata::transform("halves.npy", half, x);
}
