// Turns and leases: what a scheduler pays for each chunk, beside structures that keep no promises.
#include <algorithm>
#include <bench/crowd.hpp>
#include <bench/settings.hpp>
#include <mutex>
#include <prorata/fair_queue.hpp>
#include <prorata/resource_pool.hpp>
#include <queue>
#include <tuple>

namespace prorata::bench {
namespace {

/// Whole numbers from 1 to 16, a million at most: as drawn, and as they are told to contestants.
struct cost_list {
  std::span<double const> told;
  std::uint64_t sum = 0;

  explicit cost_list(hall& h) {
    auto const out = h.memory.get<double>(arrays::out);
    auto const place = out.first(std::min(out.size(), std::size_t{1} << 20));
    for (std::size_t i = 0; i < place.size(); ++i) {
      std::uint64_t const cost = 1 + (scattered_bits(h.told.seed, static_cast<index_t>(i)) >> 60);
      place[i] = static_cast<double>(cost);
      sum += cost;
    }
    if (h.told.spoil) place[place.size() / 2] += 1;
    told = place;
  }
  index_t operator[](std::size_t i) const { return static_cast<index_t>(told[i]); }
  std::size_t size() const { return told.size(); }
};

contest sharing(hall& h, std::function<std::uint64_t(cost_list const&)> ours, std::string const& other,
                std::function<std::uint64_t(cost_list const&)> theirs) {
  auto const list = std::make_shared<cost_list const>(h);
  auto const judge = [=](std::uint64_t units) { return verdict{units == list->sum}; };
  contest c{static_cast<index_t>(list->told.size_bytes()), {}, {}};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return ours(*list); }, judge));
  c.contestants.push_back(entry(
      other, role::yardstick, [=] { return theirs(*list); }, judge));
  return c;
}

/// Nobody else wants any: each of the tenants takes some and gives them back, in turns.
std::uint64_t lease_alone(cost_list const& list, std::uint64_t tenants) {
  resource_pool pool(16);
  for (std::uint64_t t = 0; t < tenants; ++t) pool.join();
  std::uint64_t units = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto const lease = pool.acquire(i % tenants, list[i]);
    units += static_cast<std::uint64_t>(list[i]);
  }
  return pool.free() == 16 ? units : 0;
}

/// Of 1,000 tenants half wait at any time; whoever gives back asks for as much again. No capacity suffices for
/// everybody, so each release serves the line and each request joins it.
std::uint64_t lease_in_line(cost_list const& list) {
  constexpr std::size_t tenants = 1000;
  resource_pool pool(tenants * 17 / 4);
  std::vector<resource_pool::lease> leases;
  std::vector<index_t> units(tenants);
  for (std::size_t t = 0; t < tenants; ++t) {
    pool.join({.weight = static_cast<double>(1 + t % 8)});
    leases.push_back(pool.request(t, units[t] = list[t]));
  }
  std::uint64_t total = 0;
  std::size_t next = tenants, holder = 0;
  while (next < list.size()) {
    while (!leases[holder].ready()) holder = (holder + 1) % tenants;
    total += static_cast<std::uint64_t>(units[holder]);
    leases[holder].release();
    leases[holder] = pool.request(holder, units[holder] = list[next++]);
    holder = (holder + 1) % tenants;
  }
  for (index_t const u : units) total += static_cast<std::uint64_t>(u);
  return total;
}

std::uint64_t lock_and_count(cost_list const& list) {
  std::mutex mutex;
  index_t free = 16;
  std::uint64_t units = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (int const sign : {-1, 1}) {
      std::lock_guard const lock(mutex);
      free += sign * list[i];
      benchmark::DoNotOptimize(free);
    }
    units += static_cast<std::uint64_t>(list[i]);
  }
  return free == 16 ? units : 0;
}

/// Every flow has a chunk at any time: whoever was served offers the next one.
std::uint64_t turns(cost_list const& list, std::uint64_t flows) {
  fair_queue queue;
  for (std::uint64_t f = 0; f < flows; ++f) queue.join(static_cast<double>(1 + f % 8));
  std::size_t next = 0;
  for (std::uint64_t f = 0; f < flows && next < list.size(); ++f) queue.offer(f, list[next++]);
  std::uint64_t units = 0;
  while (auto const turn = queue.take()) {
    units += static_cast<std::uint64_t>(turn->cost);
    if (next < list.size()) queue.offer(turn->flow, list[next++]);
  }
  return units;
}

/// By finishing times in doubles alone: no eligibility, no bound, and the times drift.
std::uint64_t finishing_times(cost_list const& list, std::uint64_t flows) {
  using chunk = std::tuple<double, std::uint64_t, index_t>;
  std::priority_queue<chunk, std::vector<chunk>, std::greater<>> queue;
  std::size_t next = 0;
  auto const offer = [&](std::uint64_t f, double now) {
    index_t const cost = list[next++];
    queue.push({now + static_cast<double>(cost) / static_cast<double>(1 + f % 8), f, cost});
  };
  for (std::uint64_t f = 0; f < flows && next < list.size(); ++f) offer(f, 0);
  std::uint64_t units = 0;
  while (!queue.empty()) {
    auto const [end, f, cost] = queue.top();
    queue.pop();
    units += static_cast<std::uint64_t>(cost);
    if (next < list.size()) offer(f, end);
  }
  return units;
}

}  // namespace

void add_sharing(hall& h) {
  for (std::uint64_t const tenants : {1, 1000})
    h.add("lease/" + std::to_string(tenants) + " tenants/alone", [&h, tenants] {
      return sharing(
          h, [=](cost_list const& l) { return lease_alone(l, tenants); }, "a mutex and a counter",
          lock_and_count);
    });
  h.add("lease/1000 tenants/half of them wait",
        [&h] { return sharing(h, lease_in_line, "a mutex and a counter", lock_and_count); });
  for (std::uint64_t const flows : {8, 64, 1000})
    h.add("fair queue/" + std::to_string(flows) + " flows", [&h, flows] {
      return sharing(
          h, [=](cost_list const& l) { return turns(l, flows); }, "finishing times in doubles",
          [=](cost_list const& l) { return finishing_times(l, flows); });
    });
}

}  // namespace prorata::bench
