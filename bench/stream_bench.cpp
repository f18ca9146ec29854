// Streams: event time from columns and from rows, beside a loop that knows all about its data, and plain reading.
#include <bench/settings.hpp>
#include <map>
#include <prorata/slots.hpp>
#include <prorata/stream_job.hpp>
#include <thread>

namespace prorata::bench {
namespace {

/// An advertisement was met: 100 events a millisecond, a third of them views, of ads of 100 campaigns.
struct ad_event {
  std::int64_t time;
  std::uint32_t ad, action;
  std::uint64_t value, more[5];
};
static_assert(sizeof(ad_event) == 64);
constexpr std::uint32_t ads_of_campaign = 10, ads = 1000;
constexpr std::int64_t window_ms = 10'000;

/// What comes out, whatever the order: of windows, campaigns and their numbers.
struct all_results {
  std::uint64_t sum = 0;
  void operator()(std::int64_t begin, std::uint32_t campaign, std::int64_t n) {
    sum += mix(static_cast<std::uint64_t>(begin) * 1009 + campaign) * static_cast<std::uint64_t>(n);
  }
};

struct events {
  std::vector<std::int64_t> times;
  std::vector<std::uint32_t> ads_met, actions;
  std::vector<std::uint64_t> values;
  std::vector<ad_event> rows;
  std::uint64_t views = 0;  ///< all_results of them

  events(hall& h, bool in_rows) {
    auto const n = static_cast<std::size_t>(h.memory.bytes() / 64);
    std::map<std::pair<std::int64_t, std::uint32_t>, std::int64_t> counts;
    for (std::size_t i = 0; i < n; ++i) {
      std::uint64_t const bits = mix(i + static_cast<std::uint64_t>(h.told.seed));
      std::int64_t const t = 1'600'000'000'000 + static_cast<std::int64_t>(i / 100);
      auto const ad = static_cast<std::uint32_t>(bits % ads),
                 action = static_cast<std::uint32_t>(bits >> 40) % 3;
      if (in_rows)
        rows.push_back({t, ad, action, bits >> 50, {}});
      else
        times.push_back(t), ads_met.push_back(ad), actions.push_back(action), values.push_back(bits >> 50);
      if (action == 0) ++counts[{t / window_ms * window_ms, ad / ads_of_campaign}];
    }
    all_results all;
    for (auto const& [place, count] : counts) all(place.first, place.second, count);
    views = all.sum + (h.told.spoil ? 1 : 0);
  }
  std::size_t size() const { return std::max(times.size(), rows.size()); }
  auto columns() const { return columns_of<viewed>(times, ads_met, actions); }
  struct viewed {
    std::int64_t time;
    std::uint32_t ad, action;
  };
};

template <class Record, class Batch>
std::uint64_t stream_views(Batch const& batch) {
  all_results all;
  stream_job job(events_of<Record>(member<&Record::time>)
                     .filter([](Record const& e) { return e.action == 0; })
                     .key_by([](Record const& e) { return e.ad / ads_of_campaign; })
                     .aggregate(tumbling(window_ms), per_window::count()),
                 [&](window_bounds w, std::uint32_t campaign, index_t n) { all(w.begin, campaign, n); });
  job.push(batch);
  job.finish();
  return all.sum;
}

/// Knows that times only grow, how many campaigns there are, and which windows.
std::uint64_t loop_over_views(events const& e) {
  unsigned const threads = std::max(std::thread::hardware_concurrency(), 1u);
  std::int64_t const first = e.times.front() / window_ms;
  auto const windows = static_cast<std::size_t>(e.times.back() / window_ms - first + 1);
  constexpr std::size_t campaigns = ads / ads_of_campaign;
  std::vector<std::vector<std::int64_t>> counts(threads);
  std::vector<std::thread> at_work;
  for (unsigned k = 0; k < threads; ++k)
    at_work.emplace_back([&, k] {
      auto& mine = counts[k];
      mine.resize(windows * campaigns);
      for (std::size_t i = e.size() * k / threads; i < e.size() * (k + 1) / threads; ++i)
        if (e.actions[i] == 0)
          ++mine[static_cast<std::size_t>(e.times[i] / window_ms - first) * campaigns +
                 e.ads_met[i] / ads_of_campaign];
    });
  for (auto& t : at_work) t.join();
  all_results all;
  for (std::size_t k = 0; k < windows * campaigns; ++k) {
    std::int64_t sum = 0;
    for (auto const& mine : counts) sum += mine[k];
    all((first + static_cast<std::int64_t>(k / campaigns)) * window_ms,
        static_cast<std::uint32_t>(k % campaigns), sum);
  }
  return all.sum;
}

contest views_of_columns(hall& h) {
  auto const e = std::make_shared<events const>(h, false);
  auto const judge = [=](std::uint64_t found) { return found == e->views; };
  contest c{static_cast<index_t>(e->size() * 16), {}, {}};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return stream_views<events::viewed>(e->columns()); }, judge));
  c.contestants.push_back(entry(
      "a loop, all cores", role::yardstick, [=] { return loop_over_views(*e); }, judge));
  return c;
}

contest views_of_rows(hall& h) {
  auto const e = std::make_shared<events const>(h, true);
  contest c{static_cast<index_t>(e->size() * sizeof(ad_event)), {}, {{"read", 0.7}}};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return stream_views<ad_event>(e->rows); },
      [=](std::uint64_t found) { return found == e->views; }));
  c.contestants.push_back(entry(
      "read", role::ceiling,
      [=] {
        std::atomic<std::uint64_t> all = 0;
        auto const* const words = reinterpret_cast<std::uint64_t const*>(e->rows.data());
        std::size_t const n = e->size() * sizeof(ad_event) / 8;
        host::for_each_block(64, [&](index_t k) {
          std::uint64_t sum = 0;
          auto const at = static_cast<std::size_t>(k);
          for (std::size_t i = n * at / 64; i < n * (at + 1) / 64; ++i) sum += words[i];
          all += sum;
        });
        return all.load();
      },
      [](std::uint64_t sum) { return sum != 0; }));
  return c;
}

/// Sums of values by ad: windows of a minute, each second, beside those that do not overlap.
contest sliding_sums(hall& h) {
  auto const e = std::make_shared<events const>(h, false);
  struct sold {
    std::int64_t time;
    std::uint32_t ad;
    std::uint64_t value;
  };
  auto const sums = [=](grid_rule const& rule) {
    std::uint64_t all = 0;
    stream_job job(events_of<sold>(member<&sold::time>)
                       .key_by(member<&sold::ad>)
                       .aggregate(rule, per_window::sum(member<&sold::value>)),
                   [&](window_bounds, std::uint32_t, std::uint64_t sum) { all += sum; });
    job.push(columns_of<sold>(e->times, e->ads_met, e->values));
    job.finish();
    return all;
  };
  std::uint64_t once = h.told.spoil ? 1 : 0;
  for (std::uint64_t const v : e->values) once += v;
  contest c{static_cast<index_t>(e->size() * 20), {}, {{"prorata, tumbling", 0.5}}};
  c.contestants.push_back(entry(  // every value is in 60 windows
      "prorata", role::ours, [=] { return sums(sliding(60'000, 1'000)); },
      [=](std::uint64_t all) { return all == 60 * once; }));
  c.contestants.push_back(entry(
      "prorata, tumbling", role::yardstick, [=] { return sums(tumbling(60'000)); },
      [=](std::uint64_t all) { return all == once; }));
  return c;
}

}  // namespace

void add_streams(hall& h) {
  h.add("stream/views of columns", [&h] { return views_of_columns(h); });
  h.add("stream/views of rows of 64 bytes", [&h] { return views_of_rows(h); });
  h.add("stream/sliding sums", [&h] { return sliding_sums(h); });
}

}  // namespace prorata::bench
