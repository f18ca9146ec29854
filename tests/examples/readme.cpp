#include <cstdio>
#include <prorata/prorata.hpp>

struct inverse_square {
  PRORATA_HD double operator()(double k) const { return 1 / (k * k); }
};
struct counting {
  PRORATA_HD double operator()(prorata::index_t i) const { return double(i + 1); }
};

int main() {
  auto team = prorata::machine_team();                     // compiled by nvcc: every GPU; else the CPU
  auto x = prorata::make_array<double>(team, 10'000'000);  // shared by weight, on the devices
  prorata::generate(x, counting{});                        // 1, 2, 3, …
  prorata::transform(x, inverse_square{}, x);              // 1, 1/4, 1/9, …
  std::printf("%.17g\n", prorata::sum(x));                 // 1.6449339668482317, on any devices
}
