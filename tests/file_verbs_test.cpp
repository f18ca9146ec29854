// Verbs over arrays in files: what they answer is what the standard library makes of the elements, whatever the
// chunks, the memory, the ranks, the stored type and byte order.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <numeric>
#include <prorata/file_verbs.hpp>
#include <prorata/quantile.hpp>
#include <tests/array_files.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using tests::converted;
using tests::fewer;
using tests::loaded;
using tests::make_team;
using tests::numbers;
using tests::said;
using tests::saved;

std::vector<index_t> const sizes{1, 33, 1025, 40007, fewer(300007)};

/// check(x) for the file as T over one to three ranks, with chunks and memory of several sizes, of which some
/// finish in hostile orders, another one each time.
template <class T, class Check>
void on_every_split(std::string const& path, index_t n, Check const& check) {
  static std::uint64_t seed = 0;
  for (int ranks = n < 50'000 ? 1 : 3; ranks <= 3; ++ranks)
    for (auto const& [memory, chunk] :
         {std::pair<index_t, index_t>{1 << 30, 0}, {1 << 30, 1}, {65536, 8192}, {4096, 0}}) {
      std::vector<double> const weights{3.0, 0.0, 1.5};
      auto const cuts = partition_by_weights(n, std::span(weights).first(static_cast<std::size_t>(ranks)));
      SCOPED_TRACE(std::to_string(n) + " elements, " + std::to_string(ranks) + " ranks, memory " +
                   std::to_string(memory) + ", chunks " + std::to_string(chunk) + ", order " +
                   std::to_string(++seed));
      tests::hostile_order order(seed);
      check(open<T>(path, make_team(ranks, 2), cuts,
                    run_options{.memory = memory,
                                .chunk = chunk,
                                .guided = seed % 3 != 0,
                                .observer = chunk > 0 ? &order : nullptr}));
    }
}

/// The indices of x in order: least first, or greatest, equal ones by index; NaNs last.
template <class T>
std::vector<index_t> order_of(std::vector<T> const& x, bool descending) {
  std::vector<index_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](index_t i, index_t j) {
    T const a = x[static_cast<std::size_t>(i)], b = x[static_cast<std::size_t>(j)];
    if (a != a || b != b) return a == a && b != b;
    return descending ? b < a : a < b;
  });
  return order;
}

template <class T, class Stored>
void expect_the_order_of_the_standard_library(bool swapped) {
  temporary_directory const folder;
  for (index_t const n : sizes) {
    auto elements = numbers<Stored>(n, 1);
    if constexpr (std::is_floating_point_v<Stored>)
      for (std::size_t i = 5; i < elements.size(); i += 1000)
        elements[i] = std::numeric_limits<Stored>::quiet_NaN();
    auto const x = converted<T>(elements);
    auto const path = saved(folder, "x.npy", elements, swapped);
    for (bool const descending : {false, true}) {
      auto const way = descending ? direction::descending : direction::ascending;
      auto const order = order_of(x, descending);
      std::vector<index_t> const places{0, n / 3, n / 2, n - 1};
      on_every_split<T>(path, n, [&](file_array<T> const& file) {
        auto const found = nth_elements(file, places, way);
        for (std::size_t k = 0; k < places.size(); ++k) {
          T const expected = x[static_cast<std::size_t>(order[static_cast<std::size_t>(places[k])])];
          EXPECT_TRUE(found[k] == expected || (found[k] != found[k] && expected != expected)) << places[k];
        }
        index_t const count = std::min<index_t>(n, 200);
        auto const top = topk(file, count, way);
        EXPECT_EQ(top.indices, std::vector<index_t>(order.begin(), order.begin() + count));
        for (std::size_t k = 0; k < top.indices.size(); ++k) {
          T const there = x[static_cast<std::size_t>(top.indices[k])];
          EXPECT_TRUE(top.values[k] == there || (top.values[k] != top.values[k] && there != there));
        }
      });
    }
  }
}

TEST(file_verbs, selection_is_that_of_a_sorted_array) {
  expect_the_order_of_the_standard_library<double, double>(false);
  expect_the_order_of_the_standard_library<float, float>(true);
  expect_the_order_of_the_standard_library<double, std::int16_t>(true);
  expect_the_order_of_the_standard_library<std::int32_t, std::int32_t>(false);
  expect_the_order_of_the_standard_library<std::uint8_t, std::uint8_t>(false);
}

TEST(file_verbs, quantiles_lie_between_neighbours) {
  temporary_directory const folder;
  std::vector<double> x(100001);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<double>((i * 7919) % x.size());  // 0 … 100000, stirred
  on_every_split<double>(saved(folder, "x.npy", x), std::ssize(x), [](file_array<double> const& file) {
    EXPECT_EQ(quantiles(file, {0, 0.25, 0.123456, 1}), (std::vector<double>{0, 25000, 12345.6, 100000}));
    EXPECT_EQ(median(file), 50000);
    EXPECT_EQ(quantile(file, 0.123456, quantile_method::lower), 12345);
  });
}

TEST(file_verbs, histograms_count_every_element_once) {
  temporary_directory const folder;
  index_t const n = 100003;
  std::vector<float> x;
  for (index_t i = 0; i < n; ++i) x.push_back(static_cast<float>((i * 7919) % 1000) / 8);  // 0 … 124.875
  x[7] = -1, x[70000] = 125.5f, x[70001] = std::numeric_limits<float>::quiet_NaN();
  std::vector<index_t> expected(125);
  for (float const v : x)
    if (v >= 0 && v <= 125) ++expected[std::min<std::size_t>(static_cast<std::size_t>(v), 124)];
  for (bool const swapped : {false, true})
    on_every_split<float>(saved(folder, "x.npy", x, swapped), n, [&](file_array<float> const& file) {
      auto const found = histogram(file, even_bins{0, 125, 125});
      EXPECT_EQ(found.counts, expected);
      EXPECT_EQ(found.below, 1);
      EXPECT_EQ(found.above, 1);
      EXPECT_EQ(found.nan, 1);
      auto const spanned = histogram(file, 3);  // of −1 … 125.5
      EXPECT_EQ(spanned.edges.front(), -1);
      EXPECT_EQ(spanned.edges.back(), 125.5);
      EXPECT_EQ(std::accumulate(spanned.counts.begin(), spanned.counts.end(), index_t{0}), n - 1);
    });
}

TEST(file_verbs, transform_writes_what_the_function_returns) {
  temporary_directory const folder;
  auto const out = (folder / "out.npy").string();
  for (index_t const n : sizes) {
    auto const a = numbers<std::int32_t>(n, 1);
    auto const b = numbers<float>(n, 2);
    auto const first = saved(folder, "a.npy", a, true), second = saved(folder, "b.npy", b);
    std::vector<double> expected;
    for (std::size_t i = 0; i < a.size(); ++i) expected.push_back(2.0 * a[i] - static_cast<double>(b[i]));
    on_every_split<std::int32_t>(first, n, [&](file_array<std::int32_t> const& x) {
      auto const y = open<double>(second, x.team(), x.partition());
      transform(
          out, [two = 2.0](std::int32_t u, double v) { return two * u - v; }, x, y);
      EXPECT_EQ(loaded<double>(out), expected);
      transform(
          out, [](std::int32_t u) { return u < 3; }, x);
      auto const truths = loaded<boolean8>(out);
      for (std::size_t i = 0; i < a.size(); ++i) ASSERT_EQ(static_cast<bool>(truths[i]), a[i] < 3) << i;
    });
  }
}

TEST(file_verbs, transform_keeps_the_shape) {
  temporary_directory const folder;
  auto const x = open<float>(saved(folder, "x.npy", numbers<float>(6000, 1), false, {3, 20, 100}));
  auto const out = (folder / "out.npy").string();
  transform(
      out, [](float v) { return -v; }, x);
  EXPECT_EQ(open<float>(out).shape(), (std::vector<index_t>{3, 20, 100}));
}

TEST(file_verbs, scans_add_up_from_the_beginning) {
  temporary_directory const folder;
  auto const out = (folder / "out.npy").string();
  for (index_t const n : sizes) {
    auto const x = numbers<std::int16_t>(n, 1);
    std::vector<std::int64_t> sums;
    std::int64_t so_far = 0;
    for (auto const v : x) sums.push_back(so_far += v);
    std::vector<std::int64_t> before{-5};
    for (std::size_t i = 0; i + 1 < sums.size(); ++i) before.push_back(sums[i] - 5);
    auto const doubles = numbers<double>(n, 2);
    auto in_memory = doubles;
    auto scanned = borrow(make_team(1, 2), std::span(in_memory));
    inclusive_scan(scanned, plus<double>{}, scanned);
    auto const path = saved(folder, "x.npy", x, true), other = saved(folder, "d.npy", doubles);
    on_every_split<std::int64_t>(path, n, [&](file_array<std::int64_t> const& file) {
      inclusive_scan(out, plus<std::int64_t>{}, file);
      EXPECT_EQ(loaded<std::int64_t>(out), sums);
      exclusive_scan(out, plus<std::int64_t>{}, file, -5);
      EXPECT_EQ(loaded<std::int64_t>(out), before);
      inclusive_scan(out, minimum<std::int64_t>{}, file, 7);
      EXPECT_EQ(loaded<std::int64_t>(out).back(),
                std::min<std::int64_t>(7, *std::min_element(x.begin(), x.end())));
    });
    on_every_split<double>(other, n, [&](file_array<double> const& file) {
      inclusive_scan(out, plus<double>{}, file);
      auto const found = loaded<double>(out);
      EXPECT_EQ(std::memcmp(found.data(), in_memory.data(), in_memory.size() * sizeof(double)), 0);
    });
  }
}

TEST(file_verbs, selection_by_condition_keeps_the_order) {
  temporary_directory const folder;
  auto const out = (folder / "out.npy").string();
  for (index_t const n : sizes) {
    auto const x = numbers<std::int32_t>(n, 1);
    auto const y = numbers<float>(n, 2);
    auto const first = saved(folder, "x.npy", x, true), second = saved(folder, "y.npy", y);
    std::vector<std::int32_t> expected;
    std::vector<std::int64_t> indices;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (x[i] > 3 && y[i] < 0) expected.push_back(x[i]), indices.push_back(static_cast<std::int64_t>(i));
    on_every_split<std::int32_t>(first, n, [&](file_array<std::int32_t> const& file) {
      auto const other = open<float>(second, file.team(), file.partition());
      auto const wanted = [](std::int32_t u, float v) { return u > 3 && v < 0; };
      EXPECT_EQ(copy_if(out, file, wanted, other), std::ssize(expected));
      EXPECT_EQ(loaded<std::int32_t>(out), expected);
      EXPECT_EQ(indices_where(out, file, wanted, other), std::ssize(indices));
      EXPECT_EQ(loaded<std::int64_t>(out), indices);
      EXPECT_EQ(copy_if(out, file, [](std::int32_t u) { return u * 0; }), 0);
      EXPECT_EQ(std::ssize(loaded<std::int32_t>(out)), 0);
    });
  }
}

TEST(file_verbs, selection_reads_nothing_behind_the_last_element) {
  temporary_directory const folder;
  constexpr std::size_t page = 4096, n = 100;
  auto* const pages = static_cast<std::byte*>(
      ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(::mprotect(pages + page, page, PROT_NONE), 0);
  auto const x = numbers<double>(n, 1);
  auto* const elements = reinterpret_cast<double*>(pages + page) - n;
  std::copy(x.begin(), x.end(), elements);

  auto const file = open<double>(saved(folder, "x.npy", x), make_team(1, 1));
  auto const out = (folder / "out.npy").string();
  prorata::detail::file_run files(file);
  host::kept_elements kept([](piece p, unsigned char* flags) { std::fill_n(flags, p.end - p.begin, 1); }, n,
                           1 << 20);
  ASSERT_EQ(kept.count(files.passes), static_cast<index_t>(n));
  host::file_output output(out, {&file.column()});
  kept.write<double>(
      files.passes, file.column(), [&](std::byte const*, index_t, double*) { return elements; },
      output.begin(io::dtype::f64, {n}));
  output.publish();
  EXPECT_EQ(loaded<double>(out), x);
  ::munmap(pages, 2 * page);
}

/// check(x) with memory for all of x, and with too little, so that it goes by way of the disk.
template <class T, class Check>
void in_memory_and_by_way_of_the_disk(std::string const& path, index_t n, Check const& check) {
  for (int const ranks : {1, 3})
    for (index_t const memory : {index_t{1} << 30, index_t{16} << 20}) {
      std::vector<double> const weights{3.0, 0.0, 1.5};
      auto const cuts = partition_by_weights(n, std::span(weights).first(static_cast<std::size_t>(ranks)));
      SCOPED_TRACE(std::to_string(n) + " elements, " + std::to_string(ranks) + " ranks, memory " +
                   std::to_string(memory));
      check(open<T>(path, make_team(ranks, 2), cuts, run_options{.memory = memory}));
    }
}

template <class T, class Stored>
void expect_sorted(index_t n, bool swapped) {
  temporary_directory const folder;
  auto const out = (folder / "out.npy").string();
  auto elements = numbers<Stored>(n, 1);
  for (std::size_t i = 0; i < elements.size(); i += 3) elements[i] = elements[i / 2];  // equal ones
  if constexpr (std::is_floating_point_v<Stored>)
    elements[elements.size() / 2] = std::numeric_limits<Stored>::quiet_NaN();
  auto const x = converted<T>(elements);
  auto const same = [](T a, T b) { return a == b || (a != a && b != b); };
  auto const up = order_of(x, false), down = order_of(x, true);
  std::vector<T> distinct;
  for (index_t const i : up)
    if (T const v = x[static_cast<std::size_t>(i)]; distinct.empty() || !same(distinct.back(), v))
      distinct.push_back(v);
  in_memory_and_by_way_of_the_disk<
      T>(saved(folder, "x.npy", elements, swapped), n, [&](file_array<T> const& file) {
    for (auto const& [way, order] : {std::pair{direction::ascending, &up}, {direction::descending, &down}}) {
      sort(out, file, way);
      auto const sorted = loaded<T>(out);
      ASSERT_EQ(sorted.size(), x.size());
      for (std::size_t k = 0; k < x.size(); ++k)
        ASSERT_TRUE(same(sorted[k], x[static_cast<std::size_t>((*order)[k])])) << "place " << k;
      argsort(out, file, way);
      EXPECT_EQ(loaded<std::int64_t>(out), std::vector<std::int64_t>(order->begin(), order->end()));
    }
    EXPECT_EQ(unique(out, file), std::ssize(distinct));
    auto const found = loaded<T>(out);
    EXPECT_TRUE(std::equal(found.begin(), found.end(), distinct.begin(), distinct.end(), same));
  });
}

TEST(file_verbs, sorts_are_those_of_the_standard_library) {
  expect_sorted<double, double>(1, false);
  expect_sorted<double, double>(fewer(1'000'000), false);
  expect_sorted<float, half>(100'003, true);
  expect_sorted<std::int64_t, std::int32_t>(40'007, true);
  expect_sorted<std::int16_t, std::int16_t>(40'007, false);
  expect_sorted<std::uint8_t, std::uint8_t>(1025, false);
}

TEST(file_verbs, groups_are_those_of_a_map) {
  temporary_directory const folder;
  for (index_t const distinct : {index_t{7}, fewer(700'000)}) {  // the second goes by way of the disk
    index_t const n = fewer(2'000'000);
    auto const stirred = [&](index_t i) { return (i * 7919 + i / 3) % distinct; };
    std::vector<std::int32_t> keys;
    std::vector<float> values;
    std::map<std::int32_t, std::vector<double>>
        model;  // count, sum, least, greatest: small integers, so sums are exact
    for (index_t i = 0; i < n; ++i) {
      keys.push_back(static_cast<std::int32_t>(stirred(i) - 3));
      values.push_back(static_cast<float>(i % 101 - 50));
      auto& m = model.try_emplace(keys.back(), std::vector<double>{0, 0, INFINITY, -INFINITY}).first->second;
      m[0] += 1, m[1] += values.back(), m[2] = std::min<double>(m[2], values.back()),
                                        m[3] = std::max<double>(m[3], values.back());
    }
    auto const first = saved(folder, "k.npy", keys, true), second = saved(folder, "v.npy", values);
    for (int const ranks : {1, 3}) {
      auto const team = make_team(ranks, 2);
      run_options const options{.memory = 16 << 20, .temporary_folder = folder.path().string()};
      auto const cuts = partition_by_weights(
          n, std::span<double const>(std::array{2.0, 0.0, 1.0}).first(static_cast<std::size_t>(ranks)));
      auto const groups =
          group_by(open<std::int32_t>(first, team, cuts, options), open<double>(second, team, cuts, options),
                   aggregate::sum | aggregate::mean | aggregate::min | aggregate::max);
      ASSERT_EQ(groups.size(), std::ssize(model));
      auto const all = [&]<class T>(distributed_array<T, host::stream> const& x) {
        std::vector<T> list(static_cast<std::size_t>(x.size()));
        copy_out(x, std::span<T>(list));
        return list;
      };
      auto const k = all(groups.keys);
      auto const counts = all(groups.counts);
      auto const sums = all(groups.sums), means = all(groups.means), least = all(groups.minima),
                 greatest = all(groups.maxima);
      std::size_t at = 0;
      for (auto const& [key, m] : model) {
        ASSERT_EQ(k[at], key);
        ASSERT_EQ(static_cast<double>(counts[at]), m[0]);
        ASSERT_EQ(sums[at], m[1]);
        ASSERT_EQ(means[at], m[1] / m[0]);
        ASSERT_EQ(least[at], m[2]);
        ASSERT_EQ(greatest[at], m[3]);
        ++at;
      }
      EXPECT_EQ(groups.variances.size(), 0);
    }
  }
}

TEST(file_verbs, outputs_appear_whole_or_not_at_all) {
  temporary_directory const folder;
  auto const path = saved(folder, "x.npy", numbers<double>(100000, 1));
  auto const x = open<double>(path, make_team(2, 2), run_options{.chunk = 8192});
  auto const out = (folder / "out.npy").string();
  auto const count_files = [&] {
    return std::distance(std::filesystem::directory_iterator(folder.path()),
                         std::filesystem::directory_iterator());
  };
  auto const throwing = [](double v) -> double { throw std::domain_error("no " + std::to_string(v)); };
  EXPECT_THROW(transform(out, throwing, x), std::domain_error);
  EXPECT_THROW(copy_if(out, x, throwing), std::domain_error);
  EXPECT_EQ(count_files(), 1);
  auto const link = (folder / "link.npy").string();
  std::filesystem::create_hard_link(path, link);
  for (auto const& name : {path, link})  // under any name it is what is read
    EXPECT_NE(said<usage_error>([&] {
                transform(
                    name, [](double v) { return v; }, x);
              }).find("input"),
              std::string::npos);
  EXPECT_THROW(inclusive_scan(path, plus<double>{}, x), usage_error);
  EXPECT_THROW(copy_if((folder / "none" / "out.npy").string(), x, [](double v) { return v > 0; }),
               usage_error);
  EXPECT_EQ(count_files(), 2);
  EXPECT_EQ(loaded<double>(path), numbers<double>(100000, 1));
}

TEST(file_verbs, verification_of_a_transform_compares_bytes) {
  temporary_directory const folder;
  auto const path = saved(folder, "x.npy", std::vector<double>(50000, 1.0));
  auto const out = (folder / "out.npy").string();
  auto const checked = open<double>(path, make_team(2, 1), run_options{.chunk = 8192, .verify = 100});
  transform(
      out, [](double v) { return v / 3; }, checked);
  EXPECT_EQ(loaded<double>(out), std::vector<double>(50000, 1.0 / 3));
  std::atomic<int> calls{0};  // as memory is that loses a bit
  auto const once_wrong = [&calls](double v) { return ++calls == 1234 ? 2 * v : v; };
  EXPECT_NE(said<device_error>([&] { transform(out, once_wrong, checked); }).find("disagree"),
            std::string::npos);
  EXPECT_EQ(loaded<double>(out), std::vector<double>(50000, 1.0 / 3));  // the file of before
}

TEST(file_verbs, what_cannot_be_answered_is_refused) {
  temporary_directory const folder;
  auto const path = saved(folder, "x.npy", numbers<double>(2000, 1));
  auto const x = open<double>(path);
  EXPECT_THROW(nth_elements(x, {2000}), usage_error);
  EXPECT_THROW(nth_elements(x, {-1}), usage_error);
  EXPECT_THROW(topk(x, -1), usage_error);
  EXPECT_TRUE(topk(x, 0).values.empty());
  EXPECT_EQ(std::ssize(topk(x, 3000).values), 2000);
  EXPECT_THROW(quantiles(x, {1.5}), usage_error);
  auto const empty = open<double>(saved(folder, "e.npy", std::vector<double>{}));
  EXPECT_THROW(median(empty), usage_error);
  EXPECT_TRUE(topk(empty, 5).values.empty());
  auto const checked = open<double>(path, make_team(2, 1), run_options{.verify = 10});
  EXPECT_NE(said<usage_error>([&] { topk(checked, 1); }).find("verification"), std::string::npos);
  EXPECT_THROW(median(checked), usage_error);
  EXPECT_THROW(histogram(checked, 5), usage_error);
  EXPECT_THROW(inclusive_scan((folder / "o.npy").string(), plus<double>{}, checked), usage_error);
  EXPECT_THROW(copy_if((folder / "o.npy").string(), checked, [](double v) { return v > 0; }), usage_error);
  EXPECT_THROW(sort((folder / "o.npy").string(), checked), usage_error);
  EXPECT_THROW(
      sort((folder / "o.npy").string(), open<double>(path, cpu_team(), run_options{.memory = 1 << 20})),
      out_of_memory);
  EXPECT_THROW(unique(path, x), usage_error);
  EXPECT_THROW(group_by(checked, checked, aggregate::sum), usage_error);
  EXPECT_THROW(group_by(x, x, aggregate::variance, -1), usage_error);
  EXPECT_EQ(group_by(empty, empty, aggregate::sum).size(), 0);
  auto const none = (folder / "none.npy").string();
  sort(none, empty), argsort(none, empty);
  EXPECT_EQ(unique(none, empty), 0);
  transform(
      none, [](double v) { return v; }, empty);
  EXPECT_TRUE(loaded<double>(none).empty());
  inclusive_scan(none, plus<double>{}, empty);
  EXPECT_EQ(copy_if(none, empty, [](double) { return true; }), 0);
  EXPECT_EQ(histogram(empty, 4).counts, std::vector<index_t>(4));
}

}  // namespace
