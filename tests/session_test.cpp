// Jobs over files: what is queued ends before its job does, --verify asks another device, and an input that
// changes is noticed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <host/dynamic/reductions.hpp>
#include <host/io/npy.hpp>
#include <host/jobs/devices.hpp>
#include <host/jobs/session.hpp>
#include <host/jobs/texts.hpp>
#include <host/pictures/progress.hpp>
#include <host/run/chunk_feed.hpp>
#include <host/run/shuffle.hpp>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include "temporary_directory.hpp"

namespace prorata::jobs {

/// A sum of integers that remembers whether it was given the result of nothing to join.
struct witness_of_joins : order_free<plus<std::int64_t>> {
  static inline std::atomic<int> of_nothing{0};

  template <class Warp>
  class state : public order_free<plus<std::int64_t>>::template state<Warp> {
    using base = typename order_free<plus<std::int64_t>>::template state<Warp>;

   public:
    state(witness_of_joins const& r, index_t n, index_t begin) : base(r, n, begin) {}
    void join(std::byte const* in, piece p) {
      of_nothing += p.begin == p.end;
      base::join(in, p);
    }
  };
};
}  // namespace prorata::jobs

template <>
struct prorata::host::on_gpu<prorata::jobs::witness_of_joins>
    : prorata::host::unchanged_on_gpu<prorata::jobs::witness_of_joins,
                                      prorata::host::gpu_reduction::sum_i64> {};

namespace prorata::jobs {

namespace {

constexpr index_t n = 20 * tile;

/// Element i of the file, which is i; at(i) is called first.
template <class F>
struct watched_load {
  static constexpr auto form = host::gpu_form::value;
  input const* from;
  F const* at;
  std::int64_t operator()(index_t i) const {
    std::int64_t x;
    from->read(i, i + 1, reinterpret_cast<std::byte*>(&x));
    return (*at)(i, x);
  }
  std::vector<io::file_column const*> sources() const { return {from}; }
};

class Session : public testing::Test {
 protected:
  Session() {
    std::string const header = io::npy_header(io::dtype::i64, {n});
    std::vector<std::int64_t> elements(n);
    std::iota(elements.begin(), elements.end(), 0);
    std::ofstream file(path, std::ios::binary);
    file.write(header.data(), static_cast<std::streamsize>(header.size()));
    file.write(reinterpret_cast<char const*>(elements.data()), 8 * n);
  }

  job_options with(std::string devices, double verify = 0) const {
    job_options o;
    o.devices = std::move(devices);
    o.verify = verify;
    o.chunk = 16 << 10;  // two tiles
    o.threads = 1;       // so that elements are read on the stream's own thread
    o.progress = pictures::shown::never;
    return o;
  }

  /// Writes an element of the file and puts its times back.
  void rewrite(index_t i) const {
    struct stat before;
    ASSERT_EQ(::stat(path.c_str(), &before), 0);
    int const file = ::open(path.c_str(), O_RDWR);
    std::int64_t const other = -1;
    ASSERT_EQ(::pwrite(file, &other, 8, 128 + i * 8), 8);
    timespec const times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::futimens(file, times), 0);
    ::close(file);
  }

  template <class F>
  std::int64_t sum(job_options const& o, F const& at) const {
    io::job_files files;
    input const in(files, path, o);
    session job(files, o, {&in}, 8, "sum");
    return dynamic::fold_on(job.passes(), order_free<plus<std::int64_t>>{}, watched_load<F>{&in, &at});
  }

  temporary_directory folder;
  std::string path = (folder / "x.npy").string();
};

auto const as_it_is = [](index_t, std::int64_t x) { return x; };
constexpr std::int64_t total = n * (n - 1) / 2;

TEST_F(Session, ranks_without_elements_send_nothing) {
  for (char const* weights : {"1,0,1", "0,1,0", "0,0,1", "1,0,0"}) {
    job_options o = with("cpu*3");
    o.weights = parse_weights(weights);
    io::job_files files;
    input const in(files, path, o);
    session job(files, o, {&in}, 8, "sum");
    EXPECT_EQ(
        dynamic::fold_on(job.passes(), witness_of_joins{}, watched_load<decltype(as_it_is)>{&in, &as_it_is}),
        total);
    EXPECT_EQ(witness_of_joins::of_nothing, 0) << weights;
  }
}

TEST_F(Session, verify_computes_every_chosen_chunk_on_the_next_device) {
  std::mutex mutex;
  std::map<index_t, std::vector<std::thread::id>> readers;  // of each chunk, by one of its elements
  auto const note = [&](index_t i, std::int64_t x) {
    if (i % (2 * tile) == 5) {
      std::lock_guard const lock(mutex);
      readers[i].push_back(std::this_thread::get_id());
    }
    return x;
  };
  auto const chosen = [&](double percent) {
    readers.clear();
    EXPECT_EQ(sum(with("cpu*3", percent), note), total);
    EXPECT_EQ(readers.size(), 10u);
    int twice = 0;
    for (auto const& [i, threads] : readers) {
      twice += threads.size() == 2;
      EXPECT_TRUE(threads.size() == 1 || threads[0] != threads[1]) << i;
    }
    return twice;
  };
  EXPECT_EQ(chosen(0), 0);
  EXPECT_EQ(chosen(100), 10);
  int const half = chosen(50);
  EXPECT_GT(half, 0);
  EXPECT_LT(half, 10);
  EXPECT_EQ(chosen(50), half);  // the same ones
}

/// A device that computes one element wrongly, the first time it is asked.
struct corrupting {
  index_t place;
  std::shared_ptr<std::atomic<int>> asked = std::make_shared<std::atomic<int>>(0);
  std::int64_t operator()(index_t i, std::int64_t x) const {
    return i == place && (*asked)++ == 0 ? x + 1 : x;
  }
};

TEST_F(Session, verify_notices_a_device_that_corrupts_a_chunk) {
  for (index_t const place : {index_t{0}, 5 * tile + 7, n - 1}) {
    EXPECT_EQ(sum(with("cpu*3"), corrupting{place}), total + 1);  // nobody looks
    try {
      sum(with("cpu*3", 100), corrupting{place});
      FAIL() << place;
    } catch (device_error const& e) {
      EXPECT_NE(std::string(e.what()).find("disagree on elements"), std::string::npos) << e.what();
    }
  }
}

TEST_F(Session, verify_holds_no_more_results_than_memory_is_for) {
  job_options o = with("cpu*2", 100);
  o.memory = {4096, "4K"};  // an eighth of it: a few results at a time
  o.chunk = 8 << 10;
  EXPECT_EQ(sum(o, as_it_is), total);
  EXPECT_THROW(sum(o, corrupting{n - 1}), device_error);
}

TEST_F(Session, verify_needs_another_device) { EXPECT_THROW(sum(with("cpu", 10), as_it_is), usage_error); }

TEST_F(Session, verify_of_a_job_that_writes_goes_to_the_next_device_too) {
  job_options o = with("cpu*3", 100);
  io::job_files files;
  input const in(files, path, o);
  session job(files, o, {&in}, 8, "map");
  std::mutex mutex;
  std::map<index_t, std::thread::id> first, second;
  auto const noted_in = [&](auto& readers) {
    return [&](piece p) {
      std::lock_guard const lock(mutex);
      EXPECT_TRUE(readers.emplace(p.begin, std::this_thread::get_id()).second);
    };
  };
  auto const on_gpu = [](host::stream const&, host::gpu_rank&, piece) {};
  job.passes().run("map", noted_in(first), on_gpu);
  job.passes().verify(noted_in(second), on_gpu);
  EXPECT_EQ(first.size(), second.size());
  for (auto const& [begin, thread] : first) EXPECT_NE(second.at(begin), thread);
  EXPECT_THROW(job.passes().verify([&](piece p) { throw job.passes().disagreement(p); }, on_gpu),
               device_error);

  job_options const nobody = with("cpu*3");
  session silent(files, nobody, {&in}, 8, "map");
  silent.passes().verify([](piece) { FAIL(); }, on_gpu);
}

TEST_F(Session, a_rewritten_input_is_noticed_by_a_fold) {
  std::once_flag once;
  auto const disturb = [&](index_t, std::int64_t x) {
    std::call_once(once, [&] { rewrite(n - 1); });
    return x;
  };
  EXPECT_THROW(sum(with("cpu*2"), disturb), input_error);
}

TEST_F(Session, a_rewritten_input_is_noticed_by_run_and_sweep) {
  job_options const o = with("cpu*2");
  auto const on_gpu = [](host::stream const&, host::gpu_rank&, piece) {};
  {
    io::job_files files;
    input const in(files, path, o);
    session job(files, o, {&in}, 8, "map");
    EXPECT_NO_THROW(job.passes().run(
        "map", [](piece) {}, on_gpu));
    std::once_flag once;
    EXPECT_THROW(job.passes().run(
                     "map", [&](piece) { std::call_once(once, [&] { rewrite(3); }); }, on_gpu),
                 input_error);
  }
  io::job_files files;
  input const in(files, path, o);
  session job(files, o, {&in}, 8, "scan");
  EXPECT_NO_THROW(job.passes().sweep("scan", [](host::stream&, int, piece) {}));
  std::once_flag once;
  EXPECT_THROW(job.passes().sweep("scan",
                                  [&](host::stream& s, int, piece) {
                                    s.enqueue([&] { std::call_once(once, [&] { rewrite(3); }); });
                                  }),
               input_error);
}

team<host::stream> team_of(int ranks) {
  std::vector<host::stream> streams;
  for (int r = 0; r < ranks; ++r) streams.emplace_back(host::stream_options{.threads = 1});
  return team<host::stream>(std::move(streams));
}

TEST(ChunkFeed, brings_every_chunk_once_and_in_order) {
  auto const cuts = partition_by_weights(100 * tile + 7, std::vector<double>{3, 0, 1, 2});
  for (bool const passed_on : {false, true}) {
    std::vector<std::vector<piece>> seen(4);
    host::chunk_feed feed(team_of(4), cuts, 3 * tile,
                          passed_on ? host::chunk_order::passed_on : host::chunk_order::shares);
    EXPECT_FALSE(feed.done());
    feed.run([&](host::stream& s, int rank, piece p) {
      s.enqueue([&seen, rank, p] { seen[static_cast<std::size_t>(rank)].push_back(p); });
    });
    EXPECT_TRUE(feed.done());
    for (int rank = 0; rank < 4; ++rank) {
      index_t at = cuts.begin(rank);
      for (piece const& p : seen[static_cast<std::size_t>(passed_on ? (rank + 1) % 4 : rank)]) {
        EXPECT_EQ(p.begin, at);
        EXPECT_TRUE(p.end % (3 * tile) == 0 || p.end == cuts.end(rank));
        at = p.end;
      }
      EXPECT_EQ(at, cuts.end(rank));
    }
  }
}

TEST(ChunkFeed, queues_one_chunk_of_a_rank_at_a_time) {
  auto const cuts = partition_by_weights(3000 * tile, std::vector<double>{1, 1});
  std::atomic<int> queued{0}, most{0};
  host::chunk_feed(team_of(2), cuts, tile).run([&](host::stream& s, int, piece) {
    int const now = ++queued;
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {}
    s.enqueue([&] { --queued; });
  });
  EXPECT_LE(most, 2);
}

TEST(ChunkFeed, can_be_paused_and_goes_on_where_it_was) {
  auto const cuts = partition_by_weights(64 * tile, std::vector<double>{1, 1});
  std::atomic<index_t> elements{0};
  host::chunk_feed feed(team_of(2), cuts, tile);
  int runs = 0;
  for (; !feed.done(); ++runs)
    feed.run([&](host::stream&, int, piece p) {
      elements += p.end - p.begin;
      if (p.begin % (8 * tile) == 0) feed.pause();
    });
  EXPECT_GT(runs, 3);
  EXPECT_EQ(elements, cuts.n);
}

TEST(ChunkFeed, nothing_is_at_work_when_it_is_left_by_an_exception) {
  auto const cuts = partition_by_weights(400 * tile, std::vector<double>{1, 1, 1});
  for (int const failing : {0, 1, 2}) {
    for (bool const inside : {false, true}) {
      auto const team = team_of(3);
      std::atomic<bool> left{false};
      std::atomic<int> late{0}, chunks{0};
      EXPECT_THROW(host::chunk_feed(team, cuts, tile).run([&](host::stream& s, int rank, piece) {
        ++chunks;
        s.enqueue([&] {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
          late += left;
        });
        if (rank != failing) return;
        if (!inside) throw std::bad_alloc();
        s.enqueue([] { throw std::bad_alloc(); });
      }),
                   std::bad_alloc);
      left = true;
      int const before = chunks;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      EXPECT_EQ(late, 0);
      EXPECT_EQ(chunks, before);
      EXPECT_NO_THROW(team.sync());
    }
  }
}

TEST(Devices, simulated_ones_are_as_slow_as_they_were_told_to_be) {
  auto const slowdowns = [](std::string_view text) {
    auto const devices = parse_devices(text);
    std::vector<double> found;
    for (auto const& d : devices) found.push_back(stream_options_of(d, devices, 1).slowdown);
    return found;
  };
  EXPECT_EQ(slowdowns("sim:1,2,8"), (std::vector<double>{8, 4, 1}));
  EXPECT_EQ(slowdowns("sim:0.5,cpu*2"), (std::vector<double>{2, 1, 1}));
  EXPECT_EQ(slowdowns("sim:5*2,cpu"), (std::vector<double>{1, 1, 5}));
}

/// Sorts ranges in memory, and looks at what lies on disk meanwhile.
class watched_ranges : public host::range_work<std::uint64_t> {
 public:
  watched_ranges(std::string folder, index_t n)
      : folder_(std::move(folder)), out(static_cast<std::size_t>(n)) {}

  void sort(index_t place, index_t n, host::element_reader<std::uint64_t> const& read) override {
    on_disk.push_back(disk_bytes());
    read(0, n, out.data() + place);
    std::sort(out.begin() + place, out.begin() + place + n);
  }
  void copy_equal(index_t place, index_t n, host::element_reader<std::uint64_t> const& read) override {
    on_disk.push_back(disk_bytes());
    read(0, 1, out.data() + place);
    std::fill_n(out.begin() + place, n, out[static_cast<std::size_t>(place)]);
  }

 private:
  std::string folder_;

  /// Of this process's files in the folder, which have no name there.
  index_t disk_bytes() const {
    index_t bytes = 0;
    for (auto const& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      if (!std::filesystem::read_symlink(entry.path(), gone).string().starts_with(folder_)) continue;
      struct stat status;
      if (::stat(entry.path().c_str(), &status) == 0) bytes += status.st_blocks * 512;
    }
    return bytes;
  }

 public:
  std::vector<std::uint64_t> out;
  std::vector<index_t> on_disk;  // before each range
};

TEST(ExternalSort, sorts_neighbouring_keys_and_gives_the_disk_back_range_by_range) {
  temporary_directory const folder;
  constexpr index_t n = 400'000;
  for (std::uint64_t const keys : {std::uint64_t{2}, std::uint64_t{8}, ~std::uint64_t{0}}) {
    std::vector<std::uint64_t> x(n);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = (i + 1) * 0x9e3779b97f4a7c15u >> 7;
    for (auto& v : x) v = (v ^ v >> 31) % keys;
    watched_ranges work(folder.path(), n);
    host::run_observer nobody;
    index_t const ranges = host::shuffle<std::uint64_t>(
        n,
        [&](index_t first, index_t last, std::uint64_t* to) {
          std::copy(x.begin() + first, x.begin() + last, to);
        },
        work, {.folder = folder.path(), .memory = 4 << 20, .capacity = 150'000, .threads = 2}, nobody);
    std::sort(x.begin(), x.end());
    EXPECT_EQ(work.out, x) << keys << " keys";
    ASSERT_EQ(static_cast<index_t>(work.on_disk.size()), ranges);
    EXPECT_GE(ranges, 2);
    EXPECT_GE(work.on_disk.front(), n * 8);
    for (std::size_t k = 1; k < work.on_disk.size(); ++k)
      EXPECT_LT(work.on_disk[k], work.on_disk[k - 1]) << "range " << k << " of " << keys << " keys";
    EXPECT_LE(work.on_disk.back(), n * 8 * 2 / 3);
  }
}

TEST(Progress, says_what_how_far_how_fast_and_how_long) {
  EXPECT_EQ(pictures::progress_line("sort", 1'000'000'000, 4'000'000'000, 2, 100),
            "sort [########........................]  25 %  0.50 GB/s  0:02, 0:06 left");
  EXPECT_EQ(pictures::progress_line("sort", 3'725'000'000, 3'725'000'000, 3725, 100),
            "sort [################################] 100 %  0.00 GB/s  1:02:05");
}

TEST(Progress, never_says_more_than_everything) {
  EXPECT_NE(pictures::progress_line("sort", 300, 100, 1, 100).find("100 %"), std::string::npos);
  EXPECT_NE(pictures::progress_line("sort", 5, 0, 1, 100).find("100 %"), std::string::npos);
}

TEST(Progress, fits_the_terminal) {
  for (int columns = 1; columns < 120; ++columns)
    for (index_t const done : {0, 1, 50, 100})
      EXPECT_LT(pictures::progress_line("quantile: count", done, 100, 1234, columns).size(),
                static_cast<std::size_t>(std::max(columns, 2)))
          << columns;
  EXPECT_EQ(pictures::progress_line("quantile", 50, 100, 1, 16), "quantile  50 %");
}

}  // namespace
}  // namespace prorata::jobs
