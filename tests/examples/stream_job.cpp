#include <cstdio>
#include <prorata/stream_job.hpp>
#include <vector>

struct sale {
  std::int64_t time;  // ms
  int shop;
  double price;
};

int main() {
  using namespace prorata::per_window;
  using prorata::member;
  auto const query = prorata::events_of<sale>(member<&sale::time>)
                         .filter([](sale const& s) { return s.price > 0; })
                         .key_by(member<&sale::shop>)
                         .aggregate(prorata::tumbling(10'000), count(), sum(member<&sale::price>));
  prorata::stream_job job(query, [](prorata::window_bounds w, int shop, prorata::index_t n, double sum) {
    std::printf("%d %d %d %g\n", int(w.begin / 1000), shop, int(n), sum);  // 0 3 1 1  0 7 2 6.5  10 7 1 3
  });
  job.push(std::vector<sale>{{1'000, 7, 2.5}, {4'000, 3, 1}, {2'000, 7, 4}, {5'000, 3, 0}, {12'000, 7, 3}});
  job.finish();
}
