#include <cstdio>
#include <prorata/fair_queue.hpp>
#include <string>

int main() {
  prorata::fair_queue queue;
  auto const a = queue.join(3), b = queue.join(2), c = queue.join(1);  // weights
  for (int k = 0; k < 6; ++k)
    for (auto const flow : {a, b, c}) queue.offer(flow, 1'000'000);  // what a chunk costs: bytes, or anything
  std::string order;
  for (int k = 0; k < 6; ++k) order += "ABC"[queue.take()->flow];
  std::printf("%s\n", order.c_str());  // ABABAC
}
