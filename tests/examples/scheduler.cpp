#include <cstdio>
#include <prorata/reduce.hpp>
#include <prorata/scheduler.hpp>

int main() {
  prorata::scheduler jobs;  // on every core, or on the devices that are named here
  auto const total = [](prorata::flow const& f) {
    return prorata::sum(prorata::open<double>("x.npy", f.team(), f.options()));
  };
  auto const greatest = [](prorata::flow const& f) {
    return prorata::max(prorata::open<double>("x.npy", f.team(), f.options()));
  };
  auto const urgent = jobs.submit(total, 3);      // three quarters of the time, while both have work
  auto const patient = jobs.submit(greatest, 1);  // a quarter
  std::printf("%.0f\n", urgent.get());            // 500000500000
  patient.set_weight(2);                          // also while it runs
  std::printf("%.0f\n", patient.get());           // 1000000
}
