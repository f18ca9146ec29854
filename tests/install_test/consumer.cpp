// What a program outside this repository sees: two teams of unequal devices, one array, the same bits.
#include <bit>
#include <cstdint>
#include <cstdio>
#include <prorata/array.hpp>
#include <prorata/host.hpp>
#include <prorata/partition.hpp>
#include <prorata/reduce.hpp>
#include <prorata/transform.hpp>
#include <vector>
#ifdef __CUDACC__
#include <prorata/cuda.cuh>  // both backends in one program
#endif

namespace {

struct harmonic {
  PRORATA_HD float operator()(prorata::index_t i) const { return 1.0f / static_cast<float>(i + 1); }
};

float sum_over(std::vector<double> const& weights) {
  std::vector<prorata::host::stream> devices(weights.size());
  prorata::team<prorata::host::stream> const team(std::move(devices));
  auto const cuts = prorata::partition_by_weights(1'000'003, weights);
  prorata::distributed_array<float, prorata::host::stream> x(team, cuts);
  prorata::generate(x, harmonic{});
  return prorata::reduce(prorata::plus<float>{}, x);
}

}  // namespace

int main() {
  auto const one = std::bit_cast<std::uint32_t>(sum_over({1}));
  auto const three = std::bit_cast<std::uint32_t>(sum_over({8, 2, 1}));
  std::printf("prorata %s: one device %08x, three devices %08x\n", prorata::version_string, one, three);
  return one == three ? 0 : 1;
}
