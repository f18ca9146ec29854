// Groups on a GPU, by its table and by sorting: one answer.
#include <gtest/gtest.h>

#include <kernels/grouping/slots.hpp>
#include <prorata/cuda.cuh>
#include <prorata/group_by.hpp>
#include <tests/scattered.hpp>
#include <tests/splits.hpp>
#include <vector>

namespace prorata {
namespace {

using tests::scattered;
using tests::stirred;

struct value_at {
  PRORATA_HD double operator()(index_t i) const {
    double const v = scattered<double>{}(i);
    return i % 100 == 3 ? v * 0x1p-200 : i % 1000 == 7 ? -0.0 : v;
  }
};

/// Rows of one kind of data: words of keys and values by index.
struct row_words {
  index_t groups;
  int shape;  ///< 0 keys all over; 1 nine rows in ten have one key; 2 keys change as the rows go on
  PRORATA_HD std::uint64_t key(index_t i) const {
    std::uint64_t const any = stirred(i) % static_cast<std::uint64_t>(groups);
    if (i % 1009 == 5) return cuda::group_slots<group_state<addend::real, 1, false>>::free_key;
    if (i % 1013 == 5) return ~std::uint64_t{0};
    return shape == 0   ? any << 20
           : shape == 1 ? (i % 10 == 3 ? any : 12345)
                        : static_cast<std::uint64_t>(i) / 1000 % static_cast<std::uint64_t>(groups);
  }
};
struct row_key : row_words {
  PRORATA_HD std::uint64_t operator()(index_t i) const { return key(i); }
};
template <class T>
struct row_value {
  PRORATA_HD T operator()(index_t i) const {
    if constexpr (std::is_same_v<T, double>) {
      return i % 5003 == 7 ? __builtin_nan("") : value_at{}(i);
    } else {
      return static_cast<T>(stirred(i, 3));
    }
  }
};

/// All columns, by a table or by sorting; `refused`: whether the table was too small.
template <class T>
std::vector<std::uint64_t> columns_of(cuda::stream& s, group_plan const& plan, row_words const& rows,
                                      index_t n, bool sorted, bool* refused) {
  cuda::groups made(s, plan, n);
  transform_index(s, 0, n, cuda::detail::key_words<row_key>{{rows}}, made.keys());
  transform_index(s, 0, n, cuda::detail::value_words<row_value<T>>{{}}, made.values());
  sorted ? made.sort_rows() : made.fill_table();
  s.sync();
  bool const again = made.resolve_overflow();
  if (refused != nullptr) *refused = again;
  s.sync();
  index_t const groups = made.count();
  std::vector<std::uint64_t> all;
  for (int c = 0; c < group_columns; ++c) {
    auto const column = static_cast<group_column>(c);
    if (!has_column(plan, column)) continue;
    buffer<std::uint64_t, cuda::stream> words(s, groups);
    made.write_column(column, words.data());
    std::size_t const before = all.size();
    all.resize(before + static_cast<std::size_t>(groups));
    s.copy(all.data() + before, words.data(), words.bytes());
    s.sync();
  }
  return all;
}

/// As many rows as the device is worth: a simulated one has a few multiprocessors.
index_t most_rows() { return cuda::describe_device(0).multiprocessors > 16 ? 10'000'000 : 13'001; }

template <class T>
void expect_one_answer(cuda::stream& s) {
  index_t const most = most_rows();
  int number = 0;
  for (group_wants const wants : {group_wants{0, false}, {1, false}, {1, true}, {2, true}})
    for (int const shape : {0, 1, 2})
      for (index_t const n : {index_t{1}, index_t{2049}, most / 10 + 3, most})
        for (index_t const groups : {index_t{1}, index_t{16}, most / 100, most / 2}) {
          if (n < most / 10 && groups > 16) continue;
          if (number++ % tests::apart(1) != 0) continue;
          group_plan const plan{addend_of<T>, wants, 1};
          bool refused = false;
          auto const table = columns_of<T>(s, plan, {groups, shape}, n, false, &refused);
          ASSERT_EQ(table, columns_of<T>(s, plan, {groups, shape}, n, true, nullptr))
              << n << " rows, " << groups << " groups, shape " << shape;
          bool const few = groups <= 16, many = groups == most / 2 && shape == 0 && n > 10'000;
          if (few || many) { EXPECT_EQ(refused, many) << n << " rows, shape " << shape; }
        }
}

TEST(group_by, has_one_answer_by_a_table_and_by_sorting) {
  if (cuda::device_count() == 0) GTEST_SKIP() << "no GPU on this machine";
  cuda::stream s(0);
  expect_one_answer<double>(s);
  expect_one_answer<std::int64_t>(s);
  expect_one_answer<std::uint64_t>(s);
}

}  // namespace
}  // namespace prorata
