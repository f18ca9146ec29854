// The multisplit of one warp, run on the host: counting, then dealing, gives every bucket its elements in
// order.
#include <gtest/gtest.h>

#include <host/warp.hpp>
#include <kernels/multisplit_warp.hpp>
#include <random>
#include <vector>

namespace {

using namespace prorata;

struct nothing {};
struct own_number {
  std::vector<index_t>* out;
  index_t load(index_t i) const { return i; }
  void store(index_t to, index_t x) const {
    ASSERT_EQ(out->at(static_cast<std::size_t>(to)), -1);
    (*out)[static_cast<std::size_t>(to)] = x;
  }
};

/// Asks for buckets and elements are told apart from what they are used for: rows are in flight together.
TEST(MultisplitWarp, HasRowsInFlight) {
  std::vector<index_t> next(3, 0);
  index_t asked = 0, loaded = 0, asked_before_load = 0, loaded_before_store = 0;
  struct counting {
    index_t &asked, &loaded, &asked_before_load, &loaded_before_store;
    index_t load(index_t i) const {
      if (loaded++ == 0) asked_before_load = asked;
      return i;
    }
    void store(index_t, index_t) const {
      if (loaded_before_store == 0) loaded_before_store = loaded;
    }
  };
  auto const bucket_of = [&](index_t i) { return ++asked, i % 3; };
  cuda::deal_rows<host::warp<>>(0, 1024, bucket_of, next.data(),
                                counting{asked, loaded, asked_before_load, loaded_before_store});
  EXPECT_EQ(asked_before_load, 8 * 32);
  EXPECT_EQ(loaded_before_store, 8);  // of one lane
  EXPECT_EQ(next, (std::vector<index_t>{342, 341, 341}));
}

TEST(MultisplitWarp, DealsInOrder) {
  std::mt19937_64 random(5);
  for (index_t const n : {0, 1, 31, 32, 33, 1024, 5000})
    for (int const buckets : {1, 2, 5, 32, 100})
      for (int const skew : {0, 1}) {
        std::vector<int> bucket(static_cast<std::size_t>(n));
        for (int& b : bucket)
          b = skew != 0 && random() % 10 != 0 ? buckets - 1
                                              : static_cast<int>(random() % static_cast<unsigned>(buckets));
        auto const bucket_of = [&](index_t i) { return bucket[static_cast<std::size_t>(i - 77)]; };
        std::vector<index_t> counts(static_cast<std::size_t>(buckets)), places;
        cuda::deal_rows<host::warp<>>(77, 77 + n, bucket_of, counts.data(), nothing{});
        index_t before = 0;
        for (int b = 0; b < buckets; ++b) {
          ASSERT_EQ(counts[static_cast<std::size_t>(b)], std::count(bucket.begin(), bucket.end(), b));
          places.push_back(before);
          before += counts[static_cast<std::size_t>(b)];
        }
        std::vector<index_t> out(static_cast<std::size_t>(n), -1), expected;
        cuda::deal_rows<host::warp<>>(77, 77 + n, bucket_of, places.data(), own_number{&out});
        for (int b = 0; b < buckets; ++b)
          for (index_t i = 77; i < 77 + n; ++i)
            if (bucket_of(i) == b) expected.push_back(i);
        ASSERT_EQ(out, expected) << n << " into " << buckets;
      }
}

TEST(MultisplitWarp, CutsStretchesThatStayFewAndWhole) {
  EXPECT_EQ(cuda::multisplit_stretch(0, 1), 1024);
  EXPECT_EQ(cuda::multisplit_stretch(1, 1), 1024);
  EXPECT_EQ(cuda::multisplit_stretch(index_t{1} << 24, 32), 1024);
  EXPECT_EQ(cuda::multisplit_stretch((index_t{1} << 24) + 1, 32), 2048);
  EXPECT_EQ(cuda::multisplit_stretch(index_t{1} << 28, 8), index_t{1} << 14);
  EXPECT_EQ(cuda::multisplit_stretch(index_t{1} << 28, 1024), index_t{1} << 15);
  EXPECT_EQ(cuda::multisplit_stretch(5, 33), 2048);
  for (index_t const n :
       {(index_t{1} << 31) - 1, (index_t{1} << 31) + 1, (index_t{1} << 32) + 1, index_t{1} << 62}) {
    index_t const stretch = cuda::multisplit_stretch(n, 8);
    EXPECT_EQ(stretch % 1024, 0);
    EXPECT_LE(n / stretch, 16384);
    EXPECT_GE(n / stretch, 8191);
  }
}

}  // namespace
