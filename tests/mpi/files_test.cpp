// Files that several processes read and write: each its own ranks' shares, one output, and what a process alone
// answers, bit for bit. What fails in one of them fails in all, and leaves nothing behind.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <prorata/file_verbs.hpp>
#include <prorata/mpi.hpp>
#include <prorata/quantile.hpp>
#include <prorata/reduce.hpp>
#include <tests/array_files.hpp>
#include <tests/contents.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using tests::loaded;
using tests::numbers;
using tests::saved;
namespace fs = std::filesystem;

int process() {
  char const* const number = std::getenv("OMPI_COMM_WORLD_RANK");
  return number == nullptr ? 0 : std::atoi(number);
}

/// One to three ranks in each process, and a folder that all of them use.
struct mpi_files : testing::Test {
  mpi_files() : team(uneven_team()), all(team) {
    if (all.first()) mine.emplace();
    folder = all.from_first(mine ? mine->path().string() : "");
  }
  ~mpi_files() override {
    all.together([] {});  // nobody uses the folder any more
  }

  static prorata::team<host::stream> uneven_team() {
    std::vector<host::stream> streams;
    for (int k = 0; k <= process() % 3; ++k) streams.emplace_back(host::stream_options{.threads = 1});
    return mpi_team(std::move(streams));
  }

  /// The first process writes it, when nobody reads what was there before; the others wait.
  template <class Stored>
  std::string file(std::string const& name, std::vector<Stored> const& x, bool swapped = false) {
    all.together([] {});
    all.together([&] {
      if (mine) saved(*mine, name, x, swapped);
    });
    return folder + "/" + name;
  }

  /// verb(path, file) with all processes writes what it writes in this process alone.
  template <class S, class T, class Verb>
  void expect_same_file(file_array<T> const& x, std::string const& in, Verb const& verb) {
    temporary_directory const apart;
    auto const out = folder + "/out.npy", alone = (apart / "out.npy").string();
    verb(out, x);
    verb(alone, open<T>(in, tests::make_team(2, 1)));
    EXPECT_TRUE(tests::same_bytes(loaded<S>(out), loaded<S>(alone)));
    all.together([] {});  // before the next one replaces it
  }

  /// Uneven shares, some of nothing.
  partition cuts(index_t n) const {
    std::vector<double> weights;
    for (int r = 0; r < team.ranks(); ++r) weights.push_back((r * 7 + 3) % 5);
    return partition_by_weights(n, weights);
  }

  prorata::team<host::stream> team;
  host::processes all;
  std::optional<temporary_directory> mine;
  std::string folder;
};

template <class T>
bool same_bits(T const& a, T const& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

constexpr std::pair<index_t, index_t> budgets[] = {{1 << 30, 0}, {1 << 16, 4096}};  // memory, chunk

TEST_F(mpi_files, numbers_are_those_of_a_process_alone) {
  for (index_t const n : {index_t{1}, index_t{1000}, index_t{200'003}}) {
    auto const path = file("x.npy", numbers<double>(n, 3), n == 1000);
    auto const by_itself = open<double>(path, tests::make_team(1, 1));
    for (auto const& [memory, chunk] : budgets) {
      SCOPED_TRACE(std::to_string(n) + " elements, memory " + std::to_string(memory));
      auto const x = open<double>(path, team, cuts(n), {.memory = memory, .chunk = chunk});
      EXPECT_TRUE(same_bits(sum(x), sum(by_itself)));
      EXPECT_TRUE(same_bits(exact_sum_of(x), exact_sum_of(by_itself)));
      EXPECT_EQ(argmax(x), argmax(by_itself));
      std::vector<index_t> const places{0, n / 3, n - 1};
      EXPECT_EQ(nth_elements(x, places), nth_elements(by_itself, places));
      EXPECT_EQ(median(x), median(by_itself));
      auto const top = topk(x, 77), expected = topk(by_itself, 77);
      EXPECT_EQ(top.values, expected.values);
      EXPECT_EQ(top.indices, expected.indices);
      std::vector<double> const edges{-1e9, -1, 0, 1, 1e9};
      EXPECT_EQ(histogram(x, edges).counts, histogram(by_itself, edges).counts);
    }
  }
}

TEST_F(mpi_files, one_output_holds_what_a_process_alone_writes) {
  for (index_t const n : {index_t{1}, index_t{1025}, index_t{200'003}}) {
    auto const path = file("x.npy", numbers<double>(n, 4));
    for (auto const& [memory, chunk] : budgets) {
      SCOPED_TRACE(std::to_string(n) + " elements, memory " + std::to_string(memory));
      auto const x = open<double>(path, team, cuts(n), {.memory = memory, .chunk = chunk});
      expect_same_file<double>(x, path, [](auto const& out, auto const& in) {
        transform(
            out, [](double v) { return v / 3; }, in);
      });
      expect_same_file<double>(
          x, path, [](auto const& out, auto const& in) { inclusive_scan(out, plus<double>{}, in, 0.5); });
      expect_same_file<double>(
          x, path, [](auto const& out, auto const& in) { copy_if(out, in, [](double v) { return v > 0; }); });
      expect_same_file<std::int64_t>(x, path, [](auto const& out, auto const& in) {
        indices_where(out, in, [](double v) { return v < 0; });
      });
    }
  }
}

template <class T>
void expect_sorted_as_alone(auto& test, index_t n, index_t memory, std::vector<T> const& elements) {
  SCOPED_TRACE(std::to_string(n) + " elements of " + std::to_string(sizeof(T)) + " bytes, memory " +
               std::to_string(memory));
  auto const path = test.file("x.npy", elements);
  auto const x = open<T>(path, test.team, test.cuts(n), {.memory = memory});
  test.template expect_same_file<T>(x, path, [](auto const& out, auto const& in) { sort(out, in); });
  test.template expect_same_file<std::int64_t>(
      x, path, [](auto const& out, auto const& in) { argsort(out, in, direction::descending); });
}

TEST_F(mpi_files, elements_go_by_way_of_the_disk_from_every_process_to_every_other) {
  constexpr index_t least = index_t{16} << 20;
  for (index_t const n : {index_t{1}, index_t{5000}, index_t{400'000}}) {
    expect_sorted_as_alone(*this, n, least, numbers<double>(n, 5));
    expect_sorted_as_alone(*this, n, least, numbers<std::int32_t>(n, 6));  // a hundred different ones
    expect_sorted_as_alone(*this, n, least, numbers<std::int16_t>(n, 7));
    expect_sorted_as_alone(*this, n, least, std::vector<float>(static_cast<std::size_t>(n), 2.5f));
  }
}

TEST_F(mpi_files, ranges_that_come_together_too_large_are_dealt_out_again) {
  index_t const n = tests::fewer(3'000'000);  // and 16 MiB: ranges of about 700,000 keys fit
  auto elements = numbers<double>(n, 8);
  for (std::size_t i = 0; i < elements.size(); ++i)  // the sample sees one key in a thousand of a narrow peak
    if (i % 10 != 0) elements[i] = 1 + static_cast<double>((i * 7919) % 999'983) * 0x1p-52;
  expect_sorted_as_alone(*this, n, index_t{16} << 20, elements);
}

template <class T>
void expect_unique_as_alone(mpi_files& test, std::vector<T> const& elements) {
  auto const n = std::ssize(elements);
  SCOPED_TRACE(std::to_string(n) + " elements of " + std::to_string(sizeof(T)) + " bytes");
  auto const path = test.file("x.npy", elements);
  auto const x = open<T>(path, test.team, test.cuts(n), {.memory = 16 << 20});
  test.expect_same_file<T>(x, path, [](auto const& out, auto const& in) { unique(out, in); });
}

TEST_F(mpi_files, distinct_elements_of_all_processes_are_found_once) {
  for (index_t const n :
       {index_t{1}, index_t{5000}, tests::fewer(1'500'000)}) {  // of which memory holds a sixth
    expect_unique_as_alone(*this, numbers<double>(n, 11));
    expect_unique_as_alone(*this, numbers<std::int32_t>(n, 12));
    expect_unique_as_alone(*this, numbers<std::int16_t>(n, 13));
  }
}

template <class K>
void expect_groups_as_alone(mpi_files& test, std::vector<K> const& keys, index_t memory) {
  auto const n = std::ssize(keys);
  SCOPED_TRACE(std::to_string(n) + " rows, keys of " + std::to_string(sizeof(K)) + " bytes");
  auto const k = test.file("k.npy", keys), v = test.file("v.npy", numbers<double>(n, 14));
  auto const cuts = test.cuts(n);
  auto const wanted = aggregate::sum | aggregate::variance | aggregate::min;
  auto const found =
      group_by(open<K>(k, test.team, cuts, {.memory = memory}), open<double>(v, test.team, cuts), wanted);
  auto const one = tests::make_team(1, 1);
  auto const alone = group_by(open<K>(k, one), open<double>(v, one), wanted);
  auto const expect_same = [&]<class T>(distributed_array<T, host::stream> const& mine,
                                        distributed_array<T, host::stream> const& all) {
    ASSERT_EQ(mine.size(), all.size());
    auto const expected = tests::everything(all);
    for (auto const& part : mine.parts())
      EXPECT_EQ(std::memcmp(part.data, expected.data() + part.begin,
                            static_cast<std::size_t>(part.size) * sizeof(T)),
                0);
  };
  expect_same(found.keys, alone.keys);
  expect_same(found.counts, alone.counts);
  expect_same(found.sums, alone.sums);
  expect_same(found.variances, alone.variances);
  expect_same(found.minima, alone.minima);
}

TEST_F(mpi_files, groups_are_those_of_all_rows) {
  constexpr index_t least = index_t{16} << 20;
  for (index_t const n : {index_t{1}, index_t{5000}, tests::fewer(600'000)}) {
    expect_groups_as_alone(*this, numbers<std::int64_t>(n, 15), least);  // a hundred
    expect_groups_as_alone(*this, numbers<double>(n, 16), least);        // nearly as many as rows
  }
}

/// The message that every process got.
void expect_everywhere(host::processes const& all, std::string const& part, std::string const& what) {
  EXPECT_NE(what.find(part), std::string::npos) << what;
  EXPECT_EQ(all.from_first(what), what);
}

TEST_F(mpi_files, what_fails_in_one_process_fails_in_all_and_leaves_no_file) {
  index_t const n = 100'000;
  auto const path = file("x.npy", numbers<double>(n, 9));
  auto const x = open<double>(path, team, {.memory = 16 << 20, .chunk = 8192});
  auto const out = folder + "/out.npy";
  int const last = all.count() - 1;
  auto const breaks = [&](double v) -> double {
    if (process() == last) throw input_error("the last process cannot");
    return v;
  };
  for (int trial = 0; trial < 3; ++trial) {
    expect_everywhere(all, "the last process cannot",
                      tests::said<input_error>([&] { transform(out, breaks, x); }));
    expect_everywhere(all, "cannot open: No such file",
                      tests::said<usage_error>([&] { sort(folder + "/absent/out.npy", x); }));
    expect_everywhere(all, "also an input", tests::said<usage_error>([&] { sort(path, x); }));
  }
  all.together([] {});
  std::vector<std::string> left;
  for (auto const& entry : fs::directory_iterator(folder)) left.push_back(entry.path().filename());
  EXPECT_EQ(left, std::vector<std::string>{"x.npy"});
  EXPECT_TRUE(same_bits(sum(x), sum(open<double>(path, tests::make_team(1, 1)))));
}

TEST_F(mpi_files, a_process_that_cannot_open_a_file_stops_all) {
  auto const path = file("x.npy", numbers<float>(1000, 10)), other = file("y.npy", numbers<float>(1000, 11));
  bool const last = all.number() == all.count() - 1;
  auto const said_of = [&](std::string const& name) {
    return tests::said<input_error>([&] { open<float>(last ? name : path, team); });
  };
  expect_everywhere(all, "absent.npy", said_of("absent.npy"));
  if (!all.alone()) expect_everywhere(all, "is not the same file in all processes", said_of(other));
}

}  // namespace
