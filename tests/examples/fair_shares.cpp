#include <cstdio>
#include <prorata/fair_shares.hpp>

int main() {
  prorata::claim const claims[] = {{.weight = 2, .maximum = 10}, {.maximum = 11}, {}, {.weight = 0.5}};
  auto const shares = prorata::fair_shares(45, claims).units;
  for (auto const units : shares) std::printf("%lld\n", static_cast<long long>(units));  // 10 11 16 8
}
