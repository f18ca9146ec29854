// A job in which one process never comes to an operation that another waits for: it has to end.
#include <chrono>
#include <prorata/mpi.hpp>
#include <thread>

int main() {
  using namespace std::chrono_literals;
  auto const team = prorata::mpi_team(std::vector<prorata::host::stream>(1), {.deadline = 300ms});
  if (team.first_local_rank() == 0) team.bytes().barrier(team.streams());
  std::this_thread::sleep_for(20s);
}
