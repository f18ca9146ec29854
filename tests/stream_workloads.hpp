// Events of four trades for tests and benchmarks, from a seed: advertising, clusters, smart meters, toll roads. What is
// asked of them follows Yahoo's streaming benchmark and SABER's CM, SG and LRB queries; the data is our own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace prorata::workloads {

/// Numbers below `end`, the small ones more often.
inline std::int32_t skewed(std::mt19937_64& rng, std::int32_t end) {
  double const u = static_cast<double>(rng() >> 11) * 0x1p-53;
  return static_cast<std::int32_t>(u * u * end);
}

/// Records in an order in which none comes when one has that happened more than `disorder` later.
template <class Record>
void disorder(std::vector<Record>& records, std::int64_t disorder, std::mt19937_64& rng) {
  std::vector<std::pair<std::int64_t, Record>> arrivals;
  for (Record const& r : records)
    arrivals.emplace_back(
        r.time + static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(disorder + 1)), r);
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](auto const& a, auto const& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < records.size(); ++i) records[i] = arrivals[i].second;
}

enum class ad_action : std::uint8_t { view, click, purchase };

/// Somebody met an advertisement. Advertisements belong to campaigns, ten to one.
struct ad_event {
  std::int64_t time;  // ms
  std::uint32_t ad;
  ad_action action;
  static constexpr std::uint32_t ads = 1000, per_campaign = 10;
};
inline std::vector<ad_event> advertising(std::size_t n, std::int64_t ms, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::vector<ad_event> events;
  for (std::size_t i = 0; i < n; ++i)
    events.push_back({static_cast<std::int64_t>(i) * ms / static_cast<std::int64_t>(n),
                      static_cast<std::uint32_t>(rng() % ad_event::ads), static_cast<ad_action>(rng() % 3)});
  return events;
}

enum class task_state : std::uint8_t { submitted, scheduled, evicted, failed, finished };

/// A task of a cluster changed its state. Few jobs have most of the tasks.
struct task_event {
  std::int64_t time;  // s
  std::int64_t job;
  std::int32_t machine;
  task_state state;
  std::uint8_t category;  // of scheduling, 0 to 3
  float cpu;              // of a machine's: 0 to 1, in steps of 2^-12
};
inline std::vector<task_event> cluster(std::size_t n, std::int64_t seconds, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::vector<task_event> events;
  for (std::size_t i = 0; i < n; ++i)
    events.push_back({static_cast<std::int64_t>(i) * seconds / static_cast<std::int64_t>(n),
                      6'000'000'000 + skewed(rng, 40), static_cast<std::int32_t>(rng() % 500),
                      static_cast<task_state>(rng() % 5), static_cast<std::uint8_t>(skewed(rng, 4)),
                      static_cast<float>(rng() % 4096) * 0x1p-12f});
  return events;
}

/// A plug of a household of a house reported its load.
struct meter_reading {
  std::int64_t time;  // s
  std::int32_t house, household, plug;
  float load;  // W, in steps of 1/8
  std::int64_t place() const { return (house * std::int64_t{100} + household) * 100 + plug; }
};
inline std::vector<meter_reading> smart_grid(std::size_t n, std::int64_t seconds, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::vector<meter_reading> readings;
  for (std::size_t i = 0; i < n; ++i) {
    auto const house = static_cast<std::int32_t>(rng() % 8);
    readings.push_back({static_cast<std::int64_t>(i) * seconds / static_cast<std::int64_t>(n), house,
                        static_cast<std::int32_t>(rng() % 3), static_cast<std::int32_t>(rng() % 4),
                        static_cast<float>(rng() % 4000 + 300u * static_cast<unsigned>(house)) / 8});
  }
  return readings;
}

/// A car reported where it is. Some stand.
struct car_position {
  std::int64_t time;  // s
  std::int32_t car, speed, highway, direction, feet;
  static constexpr std::int32_t segment_feet = 5280;
  std::int32_t segment() const { return (highway * 2 + direction) * 100 + feet / segment_feet; }
};
inline std::vector<car_position> linear_road(std::size_t n, std::int64_t seconds, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  struct car {
    std::int32_t highway, direction, feet, speed;
  };
  std::vector<car> cars(60);
  for (car& c : cars)
    c = {static_cast<std::int32_t>(rng() % 2), static_cast<std::int32_t>(rng() % 2),
         static_cast<std::int32_t>(rng() % 40'000), static_cast<std::int32_t>(rng() % 80)};
  std::vector<car_position> positions;
  for (std::size_t i = 0; i < n; ++i) {
    auto const number = rng() % cars.size();
    car& c = cars[number];
    if (rng() % 8 == 0) c.speed = rng() % 4 == 0 ? 0 : static_cast<std::int32_t>(20 + rng() % 60);
    c.feet = (c.feet + c.speed * 44) % 60'000;  // in 30 s
    positions.push_back({static_cast<std::int64_t>(i) * seconds / static_cast<std::int64_t>(n),
                         static_cast<std::int32_t>(number), c.speed, c.highway, c.direction, c.feet});
  }
  return positions;
}

}  // namespace prorata::workloads
