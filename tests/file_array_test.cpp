// Arrays in files: verbs have the bits they have in memory, whatever the chunks, the ranks, the stored type and byte
// order.
#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <fstream>
#include <host/io/npy.hpp>
#include <mutex>
#include <prorata/file_array.hpp>
#include <prorata/reduce.hpp>
#include <random>
#include <string>
#include <tests/array_files.hpp>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>
#include <vector>

namespace {

using namespace prorata;
using prorata::tests::converted;
using prorata::tests::fewer;
using prorata::tests::make_team;
using prorata::tests::numbers;
using prorata::tests::said;
using prorata::tests::saved;

struct affine {  // has members: which file is which shows
  double a;
  template <class T>
  double operator()(T x, T y) const {
    return a * static_cast<double>(x) - static_cast<double>(y);
  }
};
struct first_wins {  // associative, not commutative
  double operator()(double a, double b) const { return a != 0 ? a : b; }
};

/// What verbs say of x and y, as text with all bits.
template <class X, class Y>
std::string everything_of(X const& x, Y const& y) {
  using T = element_of<X>;
  std::ostringstream out;
  out << std::hexfloat;
  auto const add = [&](auto v) { out << ' ' << +v; };
  add(exact_sum_of(x)), add(reduce(plus<T>{}, x)), add(product(x)), add(norm(x)), add(dot(x, y));
  add(count_if(x, [limit = T{7}](T v) { return v > limit; }));
  add(any_of(x, [](T v) { return v == T{3}; })), add(all_of(x, [](T v) { return v == v; }));
  if constexpr (std::is_floating_point_v<T>) add(sum(x)), add(exact_dot_of(x, y));
  if (x.size() == 0) return out.str();
  add(mean(x)), add(variance(x)), add(deviation(x, x.size() > 1 ? 1 : 0)), add(weighted_mean(x, y));
  add(exact_mean_of(x));
  auto const s = statistics(x);
  add(s.sum), add(s.m2), add(s.min), add(s.max), add(s.argmin), add(s.argmax);
  add(min(x)), add(max(x)), add(argmin(y)), add(argmax(y));
  add(transform_reduce(affine{1.5}, plus<double>{}, x, y));
  add(transform_reduce(affine{-3}, in_sequence<double>(first_wins{}), y, x));
  return out.str();
}

template <class T, class Stored>
void expect_the_bits_of_memory(bool swapped) {
  temporary_directory const folder;
  for (index_t const n :
       {index_t{0}, index_t{1}, index_t{33}, index_t{1025}, index_t{40007}, fewer(300007)}) {
    auto const x = numbers<Stored>(n, 1), y = numbers<Stored>(n, 2);
    auto const path = saved(folder, "x.npy", x, swapped), other = saved(folder, "y.npy", y, swapped);
    auto as_x = converted<T>(x), as_y = converted<T>(y);
    auto const one = make_team(1, 2);
    auto const expected = everything_of(borrow(one, std::span(as_x)), borrow(one, std::span(as_y)));
    for (int ranks = 1; ranks <= 3; ++ranks)
      for (index_t const chunk : {index_t{1}, index_t{40000}, index_t{0}}) {
        auto const team = make_team(ranks, 2);
        std::vector<double> const weights{3.0, 0.0, 1.5};
        auto const cuts = partition_by_weights(n, std::span(weights).first(static_cast<std::size_t>(ranks)));
        tests::hostile_order order(static_cast<std::uint64_t>(n + 7 * ranks + chunk));
        run_options const options{.chunk = chunk,
                                  .guided = ranks > 2,
                                  .verify = ranks > 1 && chunk == 1 ? 30.0 : 0.0,
                                  .observer = chunk > 0 ? &order : nullptr};
        EXPECT_EQ(everything_of(open<T>(path, team, cuts, options), open<T>(other, team, cuts, options)),
                  expected)
            << "n = " << n << ", " << ranks << " ranks, chunks of " << chunk
            << " bytes, swapped: " << swapped;
      }
  }
}

TEST(file_array, has_the_bits_of_memory_where_elements_are_read_in_place) {
  expect_the_bits_of_memory<double, double>(false);
  expect_the_bits_of_memory<float, float>(false);
  if constexpr (tests::is_tested<std::int32_t>) expect_the_bits_of_memory<std::int32_t, std::int32_t>(false);
}
TEST(file_array, has_the_bits_of_memory_where_elements_are_decoded) {
  expect_the_bits_of_memory<double, double>(true);
  expect_the_bits_of_memory<double, half>(true);
  expect_the_bits_of_memory<std::int64_t, std::int16_t>(true);
}

TEST(file_array, reads_every_type_as_double) {
  temporary_directory const folder;
  for (auto const& known : io::dtypes)
    for (bool const swapped : {false, true})
      io::visit(known.type, [&]<class Stored>(io::type_tag<Stored>) {
        auto const x = numbers<Stored>(2500, 3);
        double expected = 0;
        for (double const v : converted<double>(x)) expected = v != 0 && expected == 0 ? v : expected;
        auto const file = open<double>(saved(folder, "x.npy", x, swapped), make_team(2, 1));
        EXPECT_EQ(reduce(in_sequence<double>(first_wins{}), file), expected) << known.name;
        EXPECT_EQ(file.shape(), std::vector<index_t>{2500});
        return 0;
      });
}

TEST(file_array, refuses_what_it_cannot_read) {
  temporary_directory const folder;
  EXPECT_NE(said<input_error>([&] { open<double>((folder / "none.npy").string()); }).find("none.npy"),
            std::string::npos);
  auto const doubles = saved(folder, "d.npy", numbers<double>(6, 1));
  EXPECT_NE(said<usage_error>([&] { open<float>(doubles); }).find("float64"), std::string::npos);
  EXPECT_NE(said<usage_error>([&] { open<std::int64_t>(doubles); }).find("float64"), std::string::npos);
  auto const columns = saved(folder, "f.npy", numbers<double>(6, 1), false, {2, 3}, true);
  EXPECT_NE(said<usage_error>([&] { open<double>(columns); }).find("Fortran"), std::string::npos);
  auto const column =
      saved(folder, "c.npy", numbers<double>(6, 1), false, {6, 1}, true);  // both orders are one
  EXPECT_EQ(open<double>(column).size(), 6);
  EXPECT_THROW(open<double>(doubles, cpu_team(), run_options{.verify = 10}), usage_error);
  EXPECT_THROW(open<double>(doubles, cpu_team(2), run_options{.verify = 101}), usage_error);
  EXPECT_THROW(open<double>(doubles, cpu_team(), partition_by_cuts({0, 5})), usage_error);
  EXPECT_THROW(open<double>(doubles, cpu_team(), partition_by_cuts({0, 3, 6})), usage_error);
  auto const empty = open<double>(saved(folder, "e.npy", std::vector<double>{}));
  EXPECT_THROW(minmax(empty), usage_error);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(sum(empty)), std::bit_cast<std::uint64_t>(-0.0));
  auto const other = open<double>(saved(folder, "o.npy", numbers<double>(5, 1)), cpu_team());
  EXPECT_THROW(dot(open<double>(doubles, cpu_team()), other), usage_error);  // another team, another length
}

TEST(file_array, chunks_fit_the_memory_or_are_refused) {
  temporary_directory const folder;
  auto const path = saved(folder, "x.npy", numbers<double>(50000, 1));
  auto const with = [&](index_t memory, index_t chunk) {
    return sum(open<double>(path, cpu_team(2), run_options{.memory = memory, .chunk = chunk}));
  };
  double const expected = with(1 << 30, 0);
  EXPECT_EQ(with(1, 0), expected);  // a tile of each rank is always there
  EXPECT_EQ(with(65536, 32768), expected);
  EXPECT_THROW(with(65535, 32768), out_of_memory);
}

TEST(file_array, holds_no_more_than_its_chunks) {
  temporary_directory const folder;
  std::string const path = (folder / "sparse.npy").string();
  index_t const n = index_t{32} << 20;
  std::ofstream(path, std::ios::binary) << io::npy_header(io::dtype::f64, {n});
  std::filesystem::resize_file(
      path, std::filesystem::file_size(path) + static_cast<std::size_t>(n) * sizeof(double));
  struct watcher : host::run_observer {
    void done(int, char const*, piece, clock::time_point) override {
      std::ifstream status("/proc/self/status");
      for (std::string line; std::getline(status, line);)
        if (line.starts_with("RssFile:")) {
          std::lock_guard const lock(mutex);
          most = std::max(most, std::stol(line.substr(8)));
        }
    }
    std::mutex mutex;
    long most = 0;  // KiB
  } held;
  held.done(0, "", {}, {});
  long const before = held.most;
  EXPECT_EQ(sum(open<double>(path, make_team(2, 1), run_options{.memory = 8 << 20, .observer = &held})), 0.0);
  EXPECT_GT(held.most, 0);
  EXPECT_LT(held.most - before, 24 << 10);  // of 256 MiB
}

TEST(file_array, an_observer_sees_every_element_once) {
  temporary_directory const folder;
  index_t const n = 100003;
  auto const path = saved(folder, "x.npy", numbers<float>(n, 1));
  struct counter : host::run_observer {
    void begins(char const*) override { ++passes; }
    void done(int, char const*, piece p, clock::time_point since) override {
      seen += p.end - p.begin;
      EXPECT_LE(since, clock::now());
    }
    void ends() override { ++ended; }
    int passes = 0, ended = 0;
    std::atomic<index_t> seen{0};
  } watching;
  auto const x = open<float>(path, make_team(3, 1), run_options{.chunk = 8192, .observer = &watching});
  EXPECT_EQ(count_if(x, [](float v) { return v == v; }), n);
  EXPECT_EQ(watching.passes, 1);
  EXPECT_EQ(watching.ended, 1);
  EXPECT_EQ(watching.seen, n);
}

TEST(file_array, verification_finds_a_rank_that_computes_wrongly) {
  temporary_directory const folder;
  auto const path = saved(folder, "x.npy", std::vector<double>(5000, 1.0));
  struct once_wrong {  // as memory is that loses a bit
    std::atomic<int>* calls;
    double operator()(double x) const { return ++*calls == 1234 ? 2 * x : x; }
  };
  std::atomic<int> calls{0};
  auto const told = [&](double verify) {
    calls = 0;
    auto const x = open<double>(path, make_team(2, 1), run_options{.chunk = 8192, .verify = verify});
    return said<device_error>([&] { transform_reduce(once_wrong{&calls}, plus<double>{}, x); });
  };
  EXPECT_NE(told(100).find("disagree"), std::string::npos);
  EXPECT_EQ(told(0), "nothing of the kind was thrown");
}

TEST(file_array, a_file_that_is_written_to_meanwhile_is_refused) {
  temporary_directory const folder;
  auto const path = saved(folder, "x.npy", std::vector<double>(200000, 1.0));
  struct meddler : host::run_observer {
    explicit meddler(std::string p) : path(std::move(p)) {}
    void done(int, char const*, piece p, clock::time_point) override {
      if (p.begin != 0) return;
      std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(4000);
      file << "changed";
    }
    std::string path;
  } meddling(path);
  auto const x = open<double>(path, make_team(2, 1), run_options{.chunk = 8192, .observer = &meddling});
  EXPECT_NE(said<input_error>([&] { sum(x); }).find("x.npy"), std::string::npos);
}

TEST(file_array, what_a_functor_throws_arrives_and_leaves_the_team_usable) {
  temporary_directory const folder;
  auto const x = open<double>(saved(folder, "x.npy", numbers<double>(100000, 1)), make_team(3, 2),
                              run_options{.chunk = 8192});
  auto const throwing = [](double v) -> double { throw std::domain_error("no " + std::to_string(v)); };
  EXPECT_THROW(transform_reduce(throwing, plus<double>{}, x), std::domain_error);
  EXPECT_EQ(count_if(x, [](double v) { return v == v; }), x.size());
}

}  // namespace
