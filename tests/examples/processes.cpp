#include <cstdio>
#include <prorata/mpi.hpp>
#include <prorata/quantile.hpp>
#include <prorata/reduce.hpp>
#include <prorata/transform.hpp>

struct squares {
  double operator()(prorata::index_t i) const { return static_cast<double>(i) * static_cast<double>(i); }
};

int main() {
  auto team = prorata::mpi_team(std::vector<prorata::host::stream>(1));  // one rank in this process
  auto x = prorata::make_array<double>(team, 1'000'001);                 // each process holds its part
  prorata::generate(x, squares{});
  double const total = prorata::sum(x), middle = prorata::median(x);  // the same in every process
  if (team.first_local_rank() == 0) {
    std::printf("%.17g\n", total);   // 3.3333383333349997e+17, on any devices
    std::printf("%.17g\n", middle);  // 250000000000, on any devices
  }
}
