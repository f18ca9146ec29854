// Saying what went wrong, and where.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "grid.hpp"
#include "memory.hpp"

namespace simulated {

void fault(std::string const& what) {
  std::fflush(nullptr);
  std::fprintf(stderr, "\nsimulated GPU: %s%s\n", what.c_str(), where_it_happened().c_str());
  std::fflush(nullptr);
  std::abort();
}

#ifndef PRORATA_SIMULATED_ASAN  // it does so itself
namespace {

void bad_address(int, siginfo_t* info, void*) {
  std::signal(SIGSEGV, SIG_DFL);
  int const device = device_of(info->si_addr);
  if (device < 0) return;  // it happens again, and ends the process as it would have
  if (running_thread() == nullptr) fault("the host touched memory of device " + std::to_string(device));
  fault("a kernel touched memory of device " + std::to_string(device) + ", which is closed to it");
}

struct watch_addresses {
  watch_addresses() {
    struct sigaction action {};
    action.sa_sigaction = bad_address;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
  }
} const watching;

}  // namespace
#endif

}  // namespace simulated
