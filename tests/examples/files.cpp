#include <cstdio>
#include <prorata/file_array.hpp>
#include <prorata/reduce.hpp>

int main() {
  auto x = prorata::open<double>("x.npy");        // numbers of any type, as many as the disk holds
  std::printf("%.17g\n", prorata::deviation(x));  // 288675.13459466858, on any devices
}
