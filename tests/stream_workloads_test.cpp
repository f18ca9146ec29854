// Queries of four trades, each against the same question asked of all records at once, window by window.
#include <gtest/gtest.h>

#include <map>
#include <prorata/distributed_map.hpp>
#include <prorata/stream_job.hpp>
#include <set>
#include <tests/splits.hpp>
#include <tests/stream_workloads.hpp>

namespace {

using namespace prorata;
using namespace prorata::workloads;
using namespace prorata::per_window;

/// A result: where its window ends, the key, the answer.
using result = std::tuple<std::int64_t, std::int64_t, double>;
using results = std::vector<result>;

/// f(end, the records in it) for each window that has records.
template <class Record, class F>
void for_each_window(std::vector<Record> records, std::int64_t size, std::int64_t step, F const& f) {
  std::stable_sort(records.begin(), records.end(),
                   [](auto const& a, auto const& b) { return a.time < b.time; });
  if (records.empty()) return;
  auto begin = records.begin(), end = begin;
  for (std::int64_t from = (records.front().time - size) / step * step; from <= records.back().time;
       from += step) {
    while (begin != records.end() && begin->time < from) ++begin;
    while (end != records.end() && end->time < from + size) ++end;
    if (begin < end) f(from + size, std::vector<Record>(begin, end));
  }
}

template <class Record, class Key>
auto by_key(std::vector<Record> const& records, Key const& key) {
  std::map<std::int64_t, std::vector<Record>> groups;
  for (Record const& r : records) groups[key(r)].push_back(r);
  return groups;
}

/// Exact: values are few multiples of 2^-12.
template <class Record, class Value>
double sum_by_hand(std::vector<Record> const& records, Value const& value) {
  double sum = 0;
  for (Record const& r : records) sum += value(r);
  return sum;
}
template <class Record, class Value>
double mean_by_hand(std::vector<Record> const& records, Value const& value) {
  return sum_by_hand(records, value) / static_cast<double>(records.size());
}

/// Runs a query over disordered records, cut into batches.
template <class Query, class Record>
results run(Query const& query, std::vector<Record> records, std::mt19937_64& rng) {
  results found;
  std::int64_t const lateness = static_cast<std::int64_t>(rng() % 20);
  disorder(records, lateness, rng);
  stream_job job(query,
                 [&](window_bounds w, auto key, auto answer) { found.emplace_back(w.end, key, answer); },
                 {.threads = 1 + static_cast<int>(rng() % 3), .block_bytes = 1 << 12});
  auto in = job.add_input({.lateness = lateness});
  for (std::size_t at = 0; at < records.size();) {
    std::size_t const size = std::min<std::size_t>(1 + rng() % 2000, records.size() - at);
    in.push(std::span<Record const>(records).subspan(at, size));
    at += size;
  }
  job.finish();
  EXPECT_EQ(job.counts().late, 0);
  return found;
}

class StreamWorkloads : public testing::TestWithParam<std::uint64_t> {};

TEST_P(StreamWorkloads, ViewsOfCampaigns) {
  auto const events = advertising(6000, 60'000, GetParam());
  auto const team = tests::make_team(3, 1);
  distributed_map<std::uint32_t, std::uint32_t> campaigns(team, {{5, 0, 2}});
  std::vector<std::uint32_t> ads, campaign_of;
  for (std::uint32_t ad = 0; ad < ad_event::ads; ad += 1 + ad % 3) {  // not all are known
    ads.push_back(ad);
    campaign_of.push_back(ad / ad_event::per_campaign);
  }
  auto const cuts = partition_by_weights(std::ssize(ads), std::vector{1.0, 2.0, 1.0});
  campaigns.insert(borrow(team, std::span(ads), cuts), borrow(team, std::span(campaign_of), cuts));
  struct view {
    std::uint32_t const* campaign;
  };
  std::mt19937_64 rng(GetParam());
  auto const found = run(events_of<ad_event>(member<&ad_event::time>)
                             .filter([](ad_event const& e) { return e.action == ad_action::view; })
                             .map([ref = campaigns.ref()](ad_event const& e) { return view{ref.find(e.ad)}; })
                             .filter([](view const& v) { return v.campaign != nullptr; })
                             .key_by([](view const& v) { return *v.campaign; })
                             .aggregate(tumbling(10'000), count()),
                         events, rng);
  std::set<std::uint32_t> const known(ads.begin(), ads.end());
  results expected;
  for_each_window(events, 10'000, 10'000, [&](std::int64_t end, std::vector<ad_event> const& window) {
    std::map<std::uint32_t, int> views;
    for (ad_event const& e : window)
      if (e.action == ad_action::view && known.contains(e.ad)) ++views[e.ad / ad_event::per_campaign];
    for (auto const& [campaign, n] : views) expected.emplace_back(end, campaign, n);
  });
  EXPECT_GT(expected.size(), 300u);
  EXPECT_EQ(found, expected);
}

TEST_P(StreamWorkloads, LoadOfCategoriesAndOfJobs) {
  auto const events = cluster(1500, 200, GetParam());
  std::mt19937_64 rng(GetParam());
  auto const cpu = [](task_event const& e) { return e.cpu; };
  auto const found = run(events_of<task_event>(member<&task_event::time>)
                             .key_by(member<&task_event::category>)
                             .aggregate(sliding(60, 1), sum(cpu)),
                         events, rng);
  auto const of_jobs = run(events_of<task_event>(member<&task_event::time>)
                               .filter([](task_event const& e) { return e.state == task_state::failed; })
                               .key_by(member<&task_event::job>)
                               .aggregate(sliding(60, 1), mean(cpu)),
                           events, rng);
  results expected, expected_of_jobs;
  for_each_window(events, 60, 1, [&](std::int64_t end, std::vector<task_event> const& window) {
    for (auto const& [category, group] : by_key(window, [](task_event const& e) { return e.category; }))
      expected.emplace_back(end, category, sum_by_hand(group, cpu));
    std::vector<task_event> failed;
    std::copy_if(window.begin(), window.end(), std::back_inserter(failed),
                 [](task_event const& e) { return e.state == task_state::failed; });
    for (auto const& [job, group] : by_key(failed, [](task_event const& e) { return e.job; }))
      expected_of_jobs.emplace_back(end, job, mean_by_hand(group, cpu));
  });
  EXPECT_EQ(found, expected);
  EXPECT_EQ(of_jobs, expected_of_jobs);
}

TEST_P(StreamWorkloads, HousesAboveTheMean) {  // two queries, and one of what they find
  auto const readings = smart_grid(1500, 300, GetParam());
  std::mt19937_64 rng(GetParam());
  auto const load = [](meter_reading const& r) { return r.load; };
  auto const by_plug = run(events_of<meter_reading>(member<&meter_reading::time>)
                               .key_by([](meter_reading const& r) { return r.place(); })
                               .aggregate(sliding(128, 4), mean(load)),
                           readings, rng);
  auto const over_all = run(events_of<meter_reading>(member<&meter_reading::time>)
                                .key_by([](meter_reading const&) { return std::int64_t{0}; })
                                .aggregate(sliding(128, 4), mean(load)),
                            readings, rng);
  std::map<std::int64_t, double> mean_at;
  for (auto const& [end, key, value] : over_all) mean_at[end] = value;
  struct plug_mean {
    std::int64_t time, place;
    double value;
  };
  std::vector<plug_mean> means;
  for (auto const& [end, place, value] : by_plug) means.push_back({end - 1, place, value});
  auto const found = run(events_of<plug_mean>(member<&plug_mean::time>)
                             .filter([&](plug_mean const& m) { return m.value > mean_at.at(m.time + 1); })
                             .key_by([](plug_mean const& m) { return m.place / 10'000; })
                             .aggregate(tumbling(4), count()),
                         means, rng);
  results expected;
  for_each_window(readings, 128, 4, [&](std::int64_t end, std::vector<meter_reading> const& window) {
    double const all = mean_by_hand(window, load);
    std::map<std::int64_t, int> above;
    for (auto const& [place, group] : by_key(window, [](meter_reading const& r) { return r.place(); }))
      if (mean_by_hand(group, load) > all) ++above[place / 10'000];
    for (auto const& [house, n] : above) expected.emplace_back(end, house, n);
  });
  EXPECT_GT(expected.size(), 100u);
  EXPECT_EQ(found, expected);
}

TEST_P(StreamWorkloads, SlowSegmentsAndTheirCars) {
  auto const positions = linear_road(1500, 400, GetParam());
  std::mt19937_64 rng(GetParam());
  auto const segment = [](car_position const& p) { return p.segment(); };
  auto const speed = [](car_position const& p) { return p.speed; };
  auto speeds = run(events_of<car_position>(member<&car_position::time>)
                        .key_by(segment)
                        .aggregate(sliding(300, 5), mean(speed)),
                    positions, rng);
  std::erase_if(speeds, [](result const& r) { return std::get<2>(r) >= 40; });
  auto const cars = run(events_of<car_position>(member<&car_position::time>)
                            .key_by(segment)
                            .aggregate(sliding(30, 1), distinct(member<&car_position::car>)),
                        positions, rng);
  results slow, expected_cars;
  for_each_window(positions, 300, 5, [&](std::int64_t end, std::vector<car_position> const& window) {
    for (auto const& [s, group] : by_key(window, segment))
      if (double const v = mean_by_hand(group, speed); v < 40) slow.emplace_back(end, s, v);
  });
  for_each_window(positions, 30, 1, [&](std::int64_t end, std::vector<car_position> const& window) {
    for (auto const& [s, group] : by_key(window, segment)) {
      std::set<std::int32_t> different;
      for (car_position const& p : group) different.insert(p.car);
      expected_cars.emplace_back(end, s, static_cast<double>(different.size()));
    }
  });
  EXPECT_GT(slow.size(), 50u);
  EXPECT_EQ(speeds, slow);
  EXPECT_EQ(cars, expected_cars);
}

INSTANTIATE_TEST_SUITE_P(Seeds, StreamWorkloads, testing::Range<std::uint64_t>(0, 12));

}  // namespace
