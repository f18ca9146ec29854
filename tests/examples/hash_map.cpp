#include <cstdio>
#include <prorata/join.hpp>
#include <vector>

int main() {
  prorata::hash_map<int, double> price;
  price.insert_or_assign(std::vector{3, 1, 3}, std::vector{2.5, 7.0, 4.0});  // the last one of a key counts
  std::vector<double> found(2);
  price.find(std::vector{3, 9}, found, -1.0);
  std::printf("%g %g\n", found[0], found[1]);                                        // 4 -1
  auto const rows = prorata::join(std::vector{5, 3, 8}, std::vector{3, 5, 3});       // by the numbers of rows
  for (auto const j : rows.right) std::printf("%lld\n", static_cast<long long>(j));  // 1 0 2
}
