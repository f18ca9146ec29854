// Jobs that share devices: each has its share, by weight and cost, and the bits that it has alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <prorata/reduce.hpp>
#include <prorata/scheduler.hpp>
#include <random>
#include <set>
#include <string>
#include <tests/array_files.hpp>
#include <thread>

namespace {

using namespace prorata;

struct enough {};  // what an endless job ends by

/// Jobs that never end, and the order in which their chunks were done on a device once all of them stood in line.
class endless_jobs {
 public:
  endless_jobs(std::size_t jobs, std::size_t chunks) : jobs_(jobs), chunks_(chunks) {}

  /// Calls hook() in the middle of chunk k.
  void at(std::size_t k, std::function<void()> hook) { hooks_[k] = std::move(hook); }

  /// A job's work: chunks of so many tiles, each of which takes that long.
  auto of(char name, index_t tiles, std::chrono::microseconds length) {
    return [this, name, tiles, length](flow const& f) {
      f.for_each_chunk(index_t{1} << 50, tiles * tile, 1, [&](host::stream& s, int, piece) {
        {
          std::lock_guard const lock(mutex_);
          in_line_.insert(name);
        }
        s.enqueue([this, name, length] { chunk(name, length); });
      });
    };
  }
  std::string const& order() const { return order_; }
  double share_of_a() const {
    return static_cast<double>(std::count(order_.begin(), order_.end(), 'A')) /
           static_cast<double>(order_.size());
  }

 private:
  void chunk(char name, std::chrono::microseconds length) {
    std::lock_guard const lock(mutex_);
    if (order_.size() == chunks_) throw enough();
    if (in_line_.size() == jobs_) {
      if (auto const hook = hooks_.find(order_.size()); hook != hooks_.end()) hook->second();
      order_ += name;
    }
    auto const end = std::chrono::steady_clock::now() + length;
    while (std::chrono::steady_clock::now() < end) {}
  }

  std::size_t jobs_, chunks_;
  std::map<std::size_t, std::function<void()>> hooks_;
  std::mutex mutex_;
  std::set<char> in_line_;
  std::string order_;
};

using std::chrono::microseconds;
scheduler of_one_device(sharing how) { return scheduler({host::stream_options{.threads = 1}}, how); }

TEST(Scheduler, EqualChunksOfEndlessJobsAreDoneByWeight) {
  for (double const weight : {1.0, 2.0, 3.0, 7.0}) {
    endless_jobs jobs(2, 400);
    {
      auto devices = of_one_device({.cost = chunk_cost::bytes});
      auto const a = devices.submit(jobs.of('A', 1, microseconds(20)), weight);
      auto const b = devices.submit(jobs.of('B', 1, microseconds(20)), 1);
      EXPECT_THROW(a.get(), enough);
      EXPECT_THROW(b.get(), enough);
      EXPECT_GE(a.served().front().chunks + b.served().front().chunks, 400);
    }
    double had = 0;
    for (std::size_t k = 0; k < jobs.order().size(); ++k) {  // at every prefix, within one chunk at each end
      had += jobs.order()[k] == 'A';
      EXPECT_NEAR(had, weight / (weight + 1) * static_cast<double>(k + 1), 2.0)
          << "weight " << weight << ", chunk " << k;
    }
  }
}

TEST(Scheduler, LargeChunksComeMoreRarely) {
  endless_jobs jobs(2, 400);
  auto devices = of_one_device({.cost = chunk_cost::bytes});
  auto const a = devices.submit(jobs.of('A', 4, microseconds(5)), 1);
  auto const b = devices.submit(jobs.of('B', 1, microseconds(5)), 1);
  EXPECT_THROW(a.get(), enough);
  EXPECT_THROW(b.get(), enough);
  EXPECT_NEAR(jobs.share_of_a(), 0.2, 0.01);
}

TEST(Scheduler, SecondsAreSharedWhereChunksTakeUnequallyLong) {
  endless_jobs jobs(2, 400);
  auto devices = of_one_device({});
  auto const a = devices.submit(jobs.of('A', 1, microseconds(900)), 1);
  auto const b = devices.submit(jobs.of('B', 1, microseconds(300)), 1);
  EXPECT_THROW(a.get(), enough);
  EXPECT_THROW(b.get(), enough);
  EXPECT_NEAR(jobs.share_of_a(), 0.25, 0.1);  // of chunks; a chunk each in turn would be 0.5
}

TEST(Scheduler, PrioritiesAndTurnsCanBeChosen) {
  for (auto const order : {service_order::strict_priority, service_order::round_robin}) {
    endless_jobs jobs(2, 200);
    auto devices = of_one_device({order, chunk_cost::bytes});
    auto const a = devices.submit(jobs.of('A', 4, microseconds(20)), 2);
    auto const b = devices.submit(jobs.of('B', 1, microseconds(20)), 1);
    EXPECT_THROW(a.get(), enough);
    EXPECT_THROW(b.get(), enough);
    EXPECT_NEAR(jobs.share_of_a(), order == service_order::round_robin ? 0.5 : 1.0, 0.01) << jobs.order();
  }
}

TEST(Scheduler, WeightsChangeWhileJobsRun) {
  endless_jobs jobs(2, 800);
  std::promise<scheduler::handle<void>> promised;
  auto const b = promised.get_future().share();
  jobs.at(200, [&] { b.get().set_weight(3); });
  jobs.at(600, [&] { b.get().set_weight(0); });
  auto devices = of_one_device({.cost = chunk_cost::bytes});
  auto const a = devices.submit(jobs.of('A', 1, microseconds(20)), 1);
  promised.set_value(devices.submit(jobs.of('B', 1, microseconds(20)), 0));
  EXPECT_THROW(a.set_weight(-1), usage_error);
  EXPECT_THROW(a.get(), enough);
  EXPECT_THROW(b.get().get(), enough);
  b.get().set_weight(5);  // of a job that is over: nothing
  auto const had = [&](std::size_t from, std::size_t to) {
    return std::count(jobs.order().begin() + static_cast<index_t>(from),
                      jobs.order().begin() + static_cast<index_t>(to), 'B');
  };
  EXPECT_LE(had(0, 200), 2);
  EXPECT_NEAR(static_cast<double>(had(200, 600)), 300, 4);
  EXPECT_LE(had(600, 800), 2);
}

TEST(Scheduler, AJobThatFailsLeavesTheOthersAlone) {
  scheduler devices({host::stream_options{.threads = 1}, host::stream_options{.threads = 1}});
  std::vector<scheduler::handle<index_t>> good;
  std::vector<scheduler::handle<void>> bad;
  for (int k = 0; k < 8; ++k) {
    bad.push_back(devices.submit(
        [k](flow const& f) {
          if (k == 0) throw input_error("before its chunks");
          f.for_each_chunk(200 * tile, tile, 8, [k](host::stream& s, int, piece p) {
            if (k == 1 && p.begin > 50 * tile) throw input_error("while it queues");
            s.enqueue([k, p] {
              if (p.begin > k * tile) throw input_error("in its chunk");
            });
          });
        },
        1));
    good.push_back(devices.submit(
        [](flow const& f) {
          std::atomic<index_t> sum{0};
          f.for_each_chunk(200 * tile + 5, tile, 8, [&](host::stream& s, int, piece p) {
            s.enqueue([&sum, p] { sum += p.end - p.begin; });
          });
          return sum.load();
        },
        1));
  }
  for (auto const& job : bad) EXPECT_THROW(job.get(), input_error);
  for (auto const& job : good) EXPECT_EQ(job.get(), 200 * tile + 5);
}

TEST(Scheduler, EveryJobHasTheBitsThatItHasAlone) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    auto const any = [&](int least, int most) {
      return std::uniform_int_distribution<int>(least, most)(random);
    };
    temporary_directory const folder;
    std::vector<std::vector<double>> arrays;
    std::vector<std::string> paths;
    std::vector<double> alone;
    for (int k = 0; k < 4; ++k) {
      std::vector<double> x(static_cast<std::size_t>(any(1, 60000)));
      for (auto& v : x) v = std::ldexp(any(-1000, 1000), any(-30, 30));
      paths.push_back(tests::saved(folder, "x" + std::to_string(k) + ".npy", x));
      alone.push_back(sum(open<double>(paths.back(), cpu_team())));
    }
    std::vector<host::stream_options> options(static_cast<std::size_t>(any(1, 3)));
    for (auto& o : options) o.threads = any(1, 2), o.slowdown = any(1, 3);
    scheduler devices(options, {static_cast<service_order>(any(0, 2)), static_cast<chunk_cost>(any(0, 1))});
    std::vector<scheduler::handle<double>> jobs;
    for (int k = 0; k < 8; ++k)
      jobs.push_back(devices.submit(
          [path = paths[static_cast<std::size_t>(k % 4)], chunk = index_t{8192} * any(1, 8)](flow const& f) {
            return sum(open<double>(path, f.team(), f.options({.chunk = chunk})));
          },
          any(0, 4)));
    for (int k = 0; k < 8; ++k) {
      double const together = jobs[static_cast<std::size_t>(k)].get();
      EXPECT_EQ(std::memcmp(&together, &alone[static_cast<std::size_t>(k % 4)], sizeof together), 0)
          << "seed " << seed;
    }
  }
}

TEST(Tenants, AJobBeyondTheMemoryFailsAloneAndSaysWhy) {
  temporary_directory const folder;
  std::vector<double> x(300'000);
  std::iota(x.begin(), x.end(), 0.0);
  auto const path = tests::saved(folder, "x.npy", x);
  tenant const small("small", {.memory = 3 << 20}), large("large");
  scheduler devices({host::stream_options{.threads = 1}});
  std::promise<void> go;
  std::atomic<int> begun{0};
  auto const total = [&, go_on = go.get_future().share()](flow const& f) {
    ++begun;
    go_on.wait();
    return sum(open<double>(path, f.team(), f.options()));
  };
  auto const first = devices.submit(total, {.memory = 2 << 20, .of = small});
  auto const other = devices.submit(total, {.memory = 64 << 20, .of = large});
  while (begun < 2) std::this_thread::yield();
  EXPECT_EQ(small.memory_in_use(), 2 << 20);
  auto const second = devices.submit([](flow const&) {}, {.memory = (1 << 20) + 1, .of = small});
  try {
    second.get();
    ADD_FAILURE() << "it had more than there is";
  } catch (out_of_memory const& e) {
    EXPECT_EQ(std::string(e.what()),
              "tenant small: a job asks for 1048577 bytes, the limit is 3145728 and other jobs have 2097152; "
              "lower job_terms::memory, or run fewer jobs at once");
  }
  auto const third = devices.submit(total, {.memory = 1 << 20, .of = small});
  while (begun < 3) std::this_thread::yield();
  EXPECT_EQ(small.memory_in_use(), 3 << 20);
  go.set_value();
  for (auto const& job : {first, other, third}) EXPECT_EQ(job.get(), 300'000.0 * 299'999 / 2);
  EXPECT_EQ(small.memory_in_use(), 0);
  EXPECT_EQ(devices.submit(total, {.memory = 3 << 20, .of = small}).get(), first.get());
  // what a verb needs, a job's part may not hold: the job fails, whatever it asks for itself
  auto const greedy = [&](flow const& f) {
    return sum(open<double>(path, f.team(), f.options({.memory = index_t{1} << 30, .chunk = 4 << 20})));
  };
  EXPECT_THROW(devices.submit(greedy, {.memory = 3 << 20, .of = small}).get(), out_of_memory);
  EXPECT_EQ(devices.submit(greedy, {.memory = 4 << 20, .of = large}).get(), first.get());
  EXPECT_EQ(small.memory_in_use(), 0);
  EXPECT_THROW(devices.submit(greedy, {.memory = -1}), usage_error);
  EXPECT_THROW(tenant("nobody", {.memory = -1}), usage_error);
}

TEST(Tenants, ChunksAreDoneByNoMoreThreads) {
  scheduler devices({host::stream_options{.threads = 4}});
  for (int const most : {0, 1, 2, 9}) {
    std::set<int> const seen =
        devices
            .submit(
                [](flow const& f) {
                  std::mutex mutex;
                  std::set<int> threads;
                  f.for_each_chunk(20 * tile, tile, 8, [&](host::stream& s, int, piece) {
                    s.enqueue([&] {
                      std::lock_guard const lock(mutex);
                      threads.insert(s.threads());
                    });
                  });
                  return threads;
                },
                {.of = tenant("some", {.threads = most})})
            .get();
    EXPECT_EQ(seen, std::set<int>{most == 0 ? 4 : std::min(most, 4)});
  }
}

TEST(Scheduler, ResultsAndJobsOutliveIt) {
  std::optional<scheduler::handle<std::unique_ptr<int> const*>> kept;
  static std::unique_ptr<int> const seven = std::make_unique<int>(7);
  {
    scheduler devices;
    kept = devices.submit([](flow const&) { return &seven; }, 1);
  }
  EXPECT_TRUE(kept->ready());
  EXPECT_EQ(**kept->get(), 7);
  EXPECT_EQ(kept->served().size(), 1u);
  kept->set_weight(3);
  scheduler devices;
  EXPECT_THROW(devices.submit([](flow const&) {}, -1.0), usage_error);
  EXPECT_THROW(devices.submit([](flow const&) {}, std::nan("")), usage_error);
  for (int k = 0; k < 50; ++k) devices.submit([](flow const&) {}, 1);  // nobody waits for these
}

}  // namespace
