// Streams in the library: all that they give out against a brute force, however they are cut up.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <future>
#include <map>
#include <prorata/csv_records.hpp>
#include <prorata/stream_job.hpp>
#include <random>
#include <set>
#include <string>
#include <tests/temporary_directory.hpp>
#include <thread>

namespace {

using namespace prorata;

struct event {
  std::int64_t time;
  int user;
  int kind;
  double value;
};

/// What a window has, by its end, begin and key; windows of so many records have a number, too, and those that were not
/// full come last.
using window_place = std::tuple<bool, std::int64_t, std::int64_t, int, int>;
using windows = std::map<window_place, std::vector<double>>;

bool wanted(event const& e) { return e.kind != 0; }
double price(event const& e) { return 2 * e.value; }

struct oracle_result {
  windows all;
  int late = 0, partly_late = 0;
};

/// Of some inputs with their own lateness.
oracle_result brute_force(std::vector<std::vector<event>> const& inputs, window_rule const& rule,
                          std::int64_t lateness, std::int64_t advance) {
  oracle_result result;
  std::map<int, std::vector<event>> of_key;
  for (auto const& input : inputs) {
    std::int64_t largest = input.empty() ? 0 : input.front().time;
    for (event const& e : input) {
      largest = std::max(largest, std::min(e.time, largest + advance));
      std::int64_t const w = largest - lateness;
      if (!wanted(e)) continue;
      if (!rule.on_a_grid()) {
        if (e.time < w)
          ++result.late;
        else
          of_key[e.user].push_back(e);
        continue;
      }
      int counted = 0, missed = 0;
      for (std::int64_t begin = -400; begin <= 1400; ++begin) {
        if ((begin % rule.step() + rule.step()) % rule.step() != 0) continue;
        if (e.time < begin || e.time >= begin + rule.size()) continue;
        if (begin + rule.size() <= w) {
          ++missed;
        } else {
          ++counted;
          result.all[{false, begin + rule.size(), begin, e.user, 0}].push_back(price(e));
        }
      }
      result.late += counted == 0;
      result.partly_late += counted > 0 && missed > 0;
    }
  }
  for (auto& [key, list] : of_key) {
    std::stable_sort(list.begin(), list.end(), [](auto const& a, auto const& b) { return a.time < b.time; });
    int number = 0;
    for (std::size_t k = 0; k < list.size();) {
      std::size_t end = k + 1;
      if (rule.kind() == window_kind::session)
        while (end < list.size() && list[end].time - list[end - 1].time < rule.size()) ++end;
      else
        end = std::min(list.size(), k + static_cast<std::size_t>(rule.size()));
      std::int64_t const last = list[end - 1].time + (rule.kind() == window_kind::session ? rule.size() : 1);
      bool const rest = rule.kind() == window_kind::count && end - k < static_cast<std::size_t>(rule.size());
      for (std::size_t j = k; j < end; ++j)
        result.all[{rest, last, list[k].time, key, number}].push_back(price(list[j]));
      ++number;
      k = end;
    }
  }
  return result;
}

std::string text(std::int64_t begin, std::int64_t end, int key, index_t count, double sum, std::int64_t whole,
                 double mean, double variance, double least, double greatest, double median,
                 std::vector<double> const& top, index_t different, double product) {
  char line[600];
  std::snprintf(line, sizeof line, "%lld-%lld %d: %lld %a %lld %a %a %a %a %a %a/%zu %lld %a",
                static_cast<long long>(begin), static_cast<long long>(end), key,
                static_cast<long long>(count), sum, static_cast<long long>(whole), mean, variance, least,
                greatest, median, top.empty() ? 0.0 : top.back(), top.size(),
                static_cast<long long>(different), product);
  return line;
}

/// Sums are exact in long double: values are multiples of 1/4 below 2^50.
std::vector<std::string> lines_of(windows const& all) {
  std::vector<std::string> lines;
  for (auto const& [place, values] : all) {
    auto const& [rest, end, begin, key, number] = place;
    auto const n = static_cast<index_t>(values.size());
    long double sum = 0;
    for (double const v : values) sum += v;
    auto sorted = values;
    std::sort(sorted.begin(), sorted.end());
    __float128 squares = 0, exact_sum = 0;
    for (double const v : values) squares += static_cast<__float128>(v) * v, exact_sum += v;
    auto const variance =
        static_cast<double>((squares * n - exact_sum * exact_sum) / (static_cast<__float128>(n) * n));
    double const middle = 0.5 * static_cast<double>(n - 1);
    auto const below = static_cast<std::size_t>(middle);
    double const fraction = middle - static_cast<double>(below);
    double const a = sorted[below], b = sorted[std::min(below + 1, sorted.size() - 1)];
    std::vector<double> top(sorted.rbegin(), sorted.rbegin() + std::min<index_t>(3, n));
    double parity = 1;
    for (double const v : values) parity *= v < 0 ? -1 : 1;
    std::int64_t whole = 0;
    for (double const v : values) whole += static_cast<std::int64_t>(v / 2);
    lines.push_back(
        text(begin, end, key, n, static_cast<double>(sum), whole, static_cast<double>(exact_sum / n),
             variance, sorted.front(), sorted.back(), fraction == 0 ? a : b - (b - a) * fraction, top,
             static_cast<index_t>(std::set<double>(values.begin(), values.end()).size()), parity));
  }
  return lines;
}

std::vector<event> some_events(std::mt19937_64& rng, std::size_t n, std::int64_t disorder) {
  std::vector<event> events;
  for (std::size_t i = 0; i < n; ++i) {
    auto const r = rng();
    double value = static_cast<double>(static_cast<std::int64_t>(r % 2001) - 1000) / 4;
    if (r >> 20 & 1) value *= std::exp2(38);  // in another band of exponents
    events.push_back(
        {static_cast<std::int64_t>(2 * i) - 60 - static_cast<std::int64_t>((r >> 24) % (disorder + 1)),
         static_cast<int>((r >> 40) % 5) - 2, static_cast<int>((r >> 50) % 4), value});
  }
  return events;
}

/// The whole query over some rule.
template <class Rule>
auto query_of(Rule const& rule) {
  namespace pw = per_window;
  struct priced {
    int user;
    double price;
  };
  return events_of<event>(member<&event::time>)
      .filter(wanted)
      .map([](event const& e) {
        return priced{e.user, price(e)};
      })
      .key_by(member<&priced::user>)
      .aggregate(rule, pw::count(), pw::sum(member<&priced::price>),
                 pw::sum([](priced const& p) { return static_cast<std::int64_t>(p.price / 2); }),
                 pw::mean(member<&priced::price>), pw::variance(member<&priced::price>),
                 pw::min(member<&priced::price>), pw::max(member<&priced::price>),
                 pw::quantile(member<&priced::price>, 0.5), pw::top(member<&priced::price>, 3),
                 pw::distinct(member<&priced::price>),
                 pw::folded<double>(
                     [](double& s, priced const& p) { s = (s == 0 ? 1 : s) * (p.price < 0 ? -1 : 1); },
                     [](double& s, double other) { s = s == 0       ? other
                                                       : other == 0 ? s
                                                                    : s * other; }));
}

/// What the job gives out for inputs whose batches are served in some order; everything is drawn from the seed.
template <class Rule>
void compare(Rule const& rule, std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 rng(seed);
  std::int64_t const disorder = static_cast<std::int64_t>(rng() % 60),
                     lateness = static_cast<std::int64_t>(rng() % 50);
  std::int64_t const advance = rng() % 3 == 0 ? 5 : 2 * largest_event_time;
  std::vector<std::vector<event>> inputs(1 + rng() % 3);
  for (auto& input : inputs) input = some_events(rng, rng() % 200, disorder);
  auto const expected = brute_force(inputs, rule, lateness, advance);

  std::vector<std::string> lines;
  stream_job job(query_of(rule),
                 [&](window_bounds w, int key, auto... answers) {
                   lines.push_back(text(w.begin, w.end, key, answers...));
                 },
                 {.threads = 1 + static_cast<int>(rng() % 3), .block_bytes = 1 << (5 + rng() % 8)});
  int late = 0;
  job.on_late([&](event const&) { ++late; });
  std::vector<decltype(job.add_input())> handles;
  for (std::size_t k = 0; k < inputs.size(); ++k) handles.push_back(job.add_input({lateness, advance}));
  std::vector<std::size_t> at(inputs.size());
  std::size_t open = inputs.size();
  std::vector<bool> closed(inputs.size());
  while (open > 0) {
    std::size_t const k = rng() % inputs.size();
    if (closed[k]) continue;
    auto const left = inputs[k].size() - at[k];
    if (left == 0) {
      handles[k].close();
      closed[k] = true, --open;
      continue;
    }
    std::size_t const size = 1 + rng() % std::min<std::size_t>(left, 1 << rng() % 8);
    std::span<event const> const batch(inputs[k].data() + at[k], size);
    at[k] += size;
    switch (rng() % 3) {
      case 0:
        handles[k].push(batch);
        break;
      case 1:
        handles[k].push(std::vector<event>(batch.begin(), batch.end()));
        break;
      default: {
        std::vector<std::int64_t> times;
        std::vector<int> users, kinds;
        std::vector<double> values;
        for (event const& e : batch)
          times.push_back(e.time), users.push_back(e.user), kinds.push_back(e.kind),
              values.push_back(e.value);
        handles[k].push(columns_of<event>(times, users, kinds, values));
      }
    }
  }
  job.finish();
  auto const right = lines_of(expected.all);
  auto const [mine, theirs] = std::mismatch(lines.begin(), lines.end(), right.begin(), right.end());
  if (mine != lines.end() || theirs != right.end())
    ADD_FAILURE() << "result " << mine - lines.begin() << " is\n  "
                  << (mine != lines.end() ? *mine : "missing") << "\nnot\n  "
                  << (theirs != right.end() ? *theirs : "there");
  EXPECT_EQ(job.counts().late, expected.late);
  EXPECT_EQ(late, expected.late);
  EXPECT_EQ(job.counts().partly_late, expected.partly_late);
  EXPECT_EQ(job.counts().results, std::ssize(lines));
  EXPECT_EQ(job.open_groups(), 0);
}

TEST(StreamJob, GivesOutWhatABruteForceDoes) {
  for (std::uint64_t seed = 0; seed < 100 && !HasFailure(); ++seed) {
    compare(tumbling(1 + static_cast<std::int64_t>(seed % 40)), seed);
    std::int64_t const step = 1 + static_cast<std::int64_t>(seed % 9);
    compare(
        sliding(step * (1 + static_cast<std::int64_t>(seed % 7)) + static_cast<std::int64_t>(seed % 3), step),
        seed);
    compare(sessions(1 + static_cast<std::int64_t>(seed % 13)), seed);
    compare(batches_of(1 + static_cast<std::int64_t>(seed % 11)), seed);
  }
}

/// A query of few answers.
auto counts_of(std::int64_t size) {
  return events_of<event>(member<&event::time>)
      .key_by(member<&event::user>)
      .aggregate(tumbling(size), per_window::count());
}
event at(std::int64_t time, int user = 0) { return {time, user, 1, 1.0}; }

TEST(StreamJob, TakesTextsAsKeysAndNoKey) {
  struct visit {
    std::int64_t time;
    std::string_view page;
  };
  std::string found;
  stream_job by_page(events_of<visit>(member<&visit::time>)
                         .key_by(member<&visit::page>)
                         .aggregate(tumbling(10), per_window::count()),
                     [&](window_bounds w, std::string_view page, index_t n) {
                       found +=
                           std::to_string(w.begin) + " " + std::string(page) + " " + std::to_string(n) + "\n";
                     });
  by_page.push(std::vector<visit>{{1, "b"}, {2, "a long name of a page, no short one"}, {3, "b"}, {11, "b"}});
  by_page.finish();
  EXPECT_EQ(found, "0 a long name of a page, no short one 1\n0 b 2\n10 b 1\n");
  index_t all = 0;
  stream_job without(events_of<visit>(member<&visit::time>).aggregate(tumbling(10), per_window::count()),
                     [&](window_bounds, index_t n) { all = 10 * all + n; });
  without.push(std::vector<visit>{{1, "b"}, {2, "a"}, {11, "b"}});
  without.finish();
  EXPECT_EQ(all, 21);
}

TEST(StreamJob, KeepsEveryKeyApart) {  // also the one that stands for a vacant place
  std::vector<std::uint64_t> const keys{0, ~std::uint64_t{0}, 0x9e37'79b9'7f4a'7c15, 1,
                                        0x9e37'79b9'7f4a'7c15};
  std::vector<std::int64_t> const times(keys.size(), 5);
  struct keyed {
    std::int64_t time;
    std::uint64_t key;
  };
  std::map<std::uint64_t, index_t> found;
  stream_job job(events_of<keyed>(member<&keyed::time>)
                     .key_by(member<&keyed::key>)
                     .aggregate(tumbling(10), per_window::count()),
                 [&](window_bounds, std::uint64_t key, index_t n) { found[key] = n; });
  job.push(columns_of<keyed>(times, keys));
  job.finish();
  EXPECT_EQ(found, (std::map<std::uint64_t, index_t>{
                       {0, 1}, {1, 1}, {0x9e37'79b9'7f4a'7c15, 2}, {~std::uint64_t{0}, 1}}));
}

TEST(StreamJob, DoesNotWaitForIdleInputs) {
  std::vector<std::int64_t> ends;
  stream_job job(counts_of(10), [&](window_bounds w, int, index_t) { ends.push_back(w.end); });
  auto busy = job.add_input(), quiet = job.add_input();
  std::vector const first{at(5), at(25)};
  busy.push(first);
  EXPECT_TRUE(ends.empty());  // the other one may bring something yet
  quiet.idle();
  busy.push(std::vector<event>{});
  busy.push(std::span<event const>{});
  EXPECT_EQ(ends, std::vector<std::int64_t>{10});
  std::vector const second{at(3), at(27)};  // too late for one, and as a member of the windows again
  quiet.push(second);
  std::vector const third{at(60)};
  busy.push(third);
  EXPECT_EQ(ends, std::vector<std::int64_t>{10});
  quiet.idle();
  for (int k = 0; k < 3; ++k) busy.push(std::span<event const>{});  // in turns with the other one
  EXPECT_EQ(ends, (std::vector<std::int64_t>{10, 30}));
  std::vector const third_of_quiet{at(29)};  // not behind its own watermark's windows, and closed
  quiet.push(third_of_quiet);
  quiet.close();
  job.finish();
  EXPECT_EQ(ends, (std::vector<std::int64_t>{10, 30, 70}));
  EXPECT_EQ(job.counts().late, 2);
}

TEST(StreamJob, EndsWithWhatAFunctionOrASinkThrows) {
  stream_job job(events_of<event>(member<&event::time>)
                     .map([](event const& e) {
                       if (e.user == 7) throw input_error("seven");
                       return e;
                     })
                     .aggregate(tumbling(10), per_window::count()),
                 [](window_bounds w, index_t) {
                   if (w.end == 20) throw device_error("no more paper");
                 },
                 {.threads = 3, .block_bytes = 64});
  std::vector<event> many(1000, at(1));
  many[500].user = 7;
  EXPECT_THROW(job.push(many), input_error);
  EXPECT_THROW(job.push(many), input_error);
  EXPECT_THROW(job.finish(), input_error);
  stream_job other(counts_of(10), [](window_bounds, int, index_t) { throw device_error("no more paper"); });
  std::vector const far{at(1), at(100)};
  EXPECT_THROW(other.push(far), device_error);
  std::vector const beyond{at(largest_event_time + 1)};
  stream_job third(counts_of(10), [](window_bounds, int, index_t) {});
  EXPECT_THROW(third.push(beyond), usage_error);
  stream_job fourth(counts_of(10), [](window_bounds, int, index_t) {});
  fourth.finish();
  EXPECT_THROW(fourth.push(far), usage_error);
}

TEST(StreamJob, ASinkThatPushesToItsOwnJobIsRefused) {
  std::function<void()> again;
  stream_job job(counts_of(10), [&](window_bounds, int, index_t) { again(); });
  again = [&] { job.push(std::vector{at(1)}); };
  std::vector const far{at(1), at(100)};
  EXPECT_THROW(job.push(far), usage_error);
}

TEST(StreamJob, WhoPushesWaitsForRoom) {
  std::promise<void> go;
  auto const gone = go.get_future().share();
  std::atomic<int> pushed = 0;
  stream_job job(counts_of(1), [&](window_bounds, int, index_t) { gone.wait(); }, {.queue = 10});
  auto in = job.add_input();
  std::thread source([&] {
    for (int k = 0; k < 20; ++k) {
      in.push(std::vector<event>(10, at(k)));
      ++pushed;
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(pushed, 4);  // two that close a window, one that waits, and one on its way
  go.set_value();
  source.join();
  job.finish();
  EXPECT_EQ(job.counts().records, 200);
  EXPECT_EQ(in.served(), 200);
}

TEST(StreamJob, ServesInputsByWeightAlsoWhenItChanges) {
  std::promise<void> go;
  auto const gone = go.get_future().share();
  std::vector<int> order;
  bool first = true;
  std::function<void()> at_half;
  stream_job job(events_of<event>(member<&event::time>)
                     .filter([&](event const& e) {
                       if (std::exchange(first, false)) gone.wait();
                       if (e.kind == 5) order.push_back(e.user);
                       if (e.kind == 5 && order.size() == 300) at_half();
                       return true;
                     })
                     .aggregate(tumbling(1000), per_window::count()),
                 [](window_bounds, index_t) {}, {.threads = 1, .queue = 1 << 20});
  std::vector<decltype(job.add_input())> in{job.add_input({.weight = 5}), job.add_input({.weight = 3}),
                                            job.add_input({.weight = 2}), job.add_input({.weight = 0})};
  at_half = [&] { in[0].set_weight(2), in[2].set_weight(5); };
  in[0].push(std::vector<event>{at(1)});
  for (int k = 0; k < 400; ++k)
    for (int user = 0; user < 4; ++user) {
      std::vector<event> batch(user == 1 ? 20 : 10, at(1, user));  // shares are of records
      batch[0].kind = 5;
      in[static_cast<std::size_t>(user)].push(std::move(batch));
    }
  go.set_value();
  job.finish();
  ASSERT_EQ(order.size(), 1600u);
  std::vector<int> served(4);
  for (int k = 0; k < 500; ++k) {
    if (k == 300) served = {0, 0, 0, 0};
    int const user = order[static_cast<std::size_t>(k)];
    served[static_cast<std::size_t>(user)] += user == 1 ? 20 : 10;
    double const n = served[0] + served[1] + served[2];
    EXPECT_NEAR(served[0], (k < 300 ? 0.5 : 0.2) * n, 25);
    EXPECT_NEAR(served[1], 0.3 * n, 25);
    EXPECT_NEAR(served[2], (k < 300 ? 0.2 : 0.5) * n, 25);
    EXPECT_EQ(served[3], 0);  // only what nobody else wants
  }
}

TEST(StreamJob, GoesAwayWithBatchesThatWait) {
  std::atomic<int> seen = 0;
  {
    stream_job job(counts_of(10), [&](window_bounds, int, index_t) { ++seen; });
    for (int k = 0; k < 100; ++k) job.push(std::vector<event>(100, at(k)));
  }
  SUCCEED();
}

std::string write(std::filesystem::path const& path, std::string const& text) {
  std::ofstream(path) << text;
  return path.string();
}

struct sale {
  std::int64_t time;
  std::string shop;
  int articles;
  double price;
};
auto sales_in(std::string const& path, csv_options const& o = {}) {
  return csv_records<sale>(path, o, csv_column("time", &sale::time), csv_column("price", &sale::price),
                           csv_column("shop", &sale::shop), csv_column("articles", &sale::articles));
}

TEST(CsvRecords, AreThoseOfTheFileInAnyBlocks) {
  temporary_directory const folder;
  std::string text = "shop,price,time,remark,articles\r\n";
  std::vector<sale> written;
  for (int k = 0; k < 500; ++k) {
    sale const s{10 * k, k % 7 == 0 ? "a \"b\", c\nd" : "shop " + std::to_string(k % 3), k - 250, k / 4.0};
    written.push_back(s);
    text += (k % 7 == 0 ? "\"a \"\"b\"\", c\nd\"" : s.shop) + ',' + std::to_string(s.price) + ',' +
            std::to_string(s.time) + ",x," + std::to_string(s.articles) + (k % 2 == 0 ? "\n" : "\r\n");
  }
  auto const path = write(folder / "sales.csv", text);
  for (index_t const block : {1, 17, 300, 1 << 17}) {
    auto in = sales_in(path, {.block_bytes = block});
    std::vector<sale> all, batch;
    while (in.next(batch)) all.insert(all.end(), batch.begin(), batch.end());
    ASSERT_EQ(all.size(), written.size());
    for (std::size_t k = 0; k < all.size(); ++k) {
      EXPECT_EQ(all[k].time, written[k].time);
      EXPECT_EQ(all[k].shop, written[k].shop);
      EXPECT_EQ(all[k].articles, written[k].articles);
      EXPECT_EQ(all[k].price, written[k].price);
    }
  }
  auto in = sales_in(path);
  stream_job job(
      events_of<sale>(member<&sale::time>)
          .key_by([](sale const& s) -> std::string const& { return s.shop; })
          .aggregate(tumbling(5000), per_window::count()),
      [&](window_bounds, std::string_view shop, index_t n) { EXPECT_EQ(n, shop.starts_with('a') ? 72 : n); });
  job.push_all(in);
  job.finish();
  EXPECT_EQ(job.counts().records, 500);
  EXPECT_EQ(job.counts().results, 4);
}

TEST(PerWindow, AllNansAreOneValueAndSoAreBothZeros) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  index_t found = 0;
  stream_job job(events_of<sale>(member<&sale::time>)
                     .aggregate(tumbling(5000), per_window::distinct(member<&sale::price>)),
                 [&](window_bounds, index_t n) { found = n; });
  std::vector<sale> sales(6);
  sales[0].price = nan, sales[1].price = 0.0, sales[2].price = -0.0, sales[3].price = -nan,
  sales[4].price = 1;
  sales[5].price = nan;
  job.push(sales);
  job.finish();
  EXPECT_EQ(found, 3);
}

TEST(CsvRecords, SayWhichLineCannotBeRead) {
  temporary_directory const folder;
  auto const failure = [&](std::string const& line) {
    auto const path = write(folder / "x.csv", "time,price,shop,articles\n1,2,a,3\n" + line + "\n3,4,b,5\n");
    std::string message;
    std::vector<sale> batch;
    try {
      auto in = sales_in(path);
      while (in.next(batch)) continue;
    } catch (input_error const& e) { message = e.what(); }
    auto skipping = sales_in(path, {.skip_malformed = true});
    std::size_t records = 0;
    while (skipping.next(batch)) records += batch.size();
    EXPECT_EQ(records, 2u) << line;
    EXPECT_EQ(skipping.malformed(), 1 + std::count(line.begin(), line.end(), '\n')) << line;
    return message;
  };
  for (std::string const line :
       {"x,2,a,3", "1,,a,3", "1,y,a,3", "1,2,a,3000000000", "1,2,a,", "1,2,a", "1,2,a,1.5"})
    EXPECT_NE(failure(line).find("x.csv, line 3: "), std::string::npos) << failure(line);
  // as many fields as two records have, and others of them in each line
  EXPECT_NE(failure("1,2,a,3,4\n6,7,5").find("x.csv, line 3: 5 fields"), std::string::npos);
  EXPECT_THROW(csv_records<sale>(write(folder / "y.csv", "time,price\n"), csv_column("time", &sale::time),
                                 csv_column("prize", &sale::price)),
               usage_error);
}

}  // namespace
