#include <cstdio>
#include <prorata/resource_pool.hpp>

int main() {
  prorata::resource_pool pool(12);  // GiB, threads, multiprocessors
  auto const batch = pool.join({.weight = 1}), live = pool.join({.weight = 2});
  auto all = pool.acquire(batch, 12);            // nobody else wants any
  auto const share = pool.request(live, 8);      // waits, and asks for what it is entitled to
  auto const asked = all.asked_back();           // the batch looks where it can stop
  std::printf("%d\n", static_cast<int>(asked));  // 8
  all.release(asked);
  std::printf("%s\n", share.ready() ? "ready" : "waiting");  // ready
}
