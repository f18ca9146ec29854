// What every backend must do, written once: memory, order, loops, and reductions with the host's bits.
//
// A backend brings a Provider: `using stream_type`, and `static std::vector<stream_type> streams(int count)`,
// which is empty where there is no such device (the tests then skip and say so).
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <prorata/exactly.hpp>
#include <prorata/extrema.hpp>
#include <prorata/host.hpp>
#include <prorata/integer_moments.hpp>
#include <prorata/reductions.hpp>
#include <tests/scattered.hpp>
#include <vector>

namespace prorata::conformance {

using tests::scattered;

/// Scattered numbers with specials: a NaN, infinities and both zeros here and there.
template <class T>
struct hostile {
  index_t nan_at;
  PRORATA_HD T operator()(index_t i) const {
    if (i == nan_at) return canonical_nan(T{0} / (T{1} - static_cast<T>((i % 1) + 1)));
    if (i % 1013 == 7) return T{0};
    if (i % 1013 == 9) return -T{0};
    return scattered<T>{}(i);
  }
};

struct scattered_factors {
  PRORATA_HD factors<double> operator()(index_t i) const {
    return {scattered<double>{}(i), scattered<double>{}(i + 17)};
  }
};

template <class T>
struct put {
  T* to;
  index_t begin;
  PRORATA_HD void operator()(index_t i) const { to[i - begin] = static_cast<T>(i * 3 + 1); }
};

template <class T>
struct at {
  T const* from;
  index_t begin;
  PRORATA_HD T operator()(index_t i) const { return from[i - begin]; }
};

struct scattered_weights {  // of values that are close to each other; some weigh nothing
  PRORATA_HD weighted_value operator()(index_t i) const {
    auto const bits = tests::stirred(i, 3);
    return {static_cast<double>(bits % 8 == 0 ? 0 : bits >> 40), 1e9 + static_cast<double>(bits >> 50)};
  }
};

template <class T>
struct scattered_bits {
  PRORATA_HD T operator()(index_t i) const { return static_cast<T>(tests::stirred(i)); }
};

struct larger_magnitude {  // a user's own operation: commutative
  PRORATA_HD float operator()(float a, float b) const {
    float const x = a < 0 ? -a : a, y = b < 0 ? -b : b;
    return x < y || (x == y && a < b) ? b : a;
  }
};

/// The partial results of the pieces between cuts, joined and finished on one stream: all bytes that any of
/// the three steps wrote, so that two devices can be compared step by step.
template <class S, class R, class Load>
std::vector<std::byte> bytes_of_reduction(S& s, R const& r, Load const& load,
                                          std::vector<index_t> const& cuts, index_t n) {
  std::vector<piece> pieces;
  std::vector<std::size_t> offsets{0};
  for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
    pieces.push_back({cuts[k], cuts[k + 1], n});
    offsets.push_back(offsets.back() + static_cast<std::size_t>((R::bytes(pieces.back()) + 63) / 64 * 64));
  }
  auto const whole = static_cast<std::size_t>(R::bytes({0, n, n}));
  auto const answer = (offsets.back() + whole + 63) / 64 * 64;
  auto const total = answer + sizeof(typename R::result_type);
  std::vector<std::byte> bytes(total, std::byte{0x5a});
  auto* const memory = static_cast<std::byte*>(s.allocate(total));
  s.copy(memory, bytes.data(), total);
  s.sync();
  for (std::size_t k = 0; k < pieces.size(); ++k) reduce_piece(s, r, pieces[k], load, memory + offsets[k]);
  reduce_join(s, r, pieces, memory, memory + offsets.back());
  reduce_finish(s, r, n, memory + offsets.back(),
                reinterpret_cast<typename R::result_type*>(memory + answer));
  s.copy(bytes.data(), memory, total);
  s.deallocate(memory, total);
  s.sync();
  return bytes;
}

template <class Provider>
struct backend_conformance : testing::Test {
  using S = typename Provider::stream_type;
  std::vector<S> streams;

  void SetUp() override {
    streams = Provider::streams(2);
    if (streams.empty()) GTEST_SKIP() << "no such device on this machine";
  }

  template <class R, class Load>
  void expect_host_bits(R const& r, Load const& load) {
    host::stream host;
    auto const compare = [&](std::vector<index_t> const& cuts, index_t n) {
      auto const expected = bytes_of_reduction(host, r, load, cuts, n);
      auto const found = bytes_of_reduction(streams[0], r, load, cuts, n);
      ASSERT_EQ(expected.size(), found.size());
      for (std::size_t k = 0; k < expected.size(); ++k)
        ASSERT_EQ(expected[k], found[k]) << "byte " << k << " of " << expected.size() << ", n = " << n << ", "
                                         << cuts.size() - 1 << " pieces";
    };
    for (index_t n : {1, 2, 31, 32, 33, 1023, 1024, 1025, 8192, 65536, 70001, 1000003}) {
      compare({0, n}, n);
      compare({0, n / 3, n / 3, n - n / 5, n}, n);
    }
    index_t const n = 300007;
    compare({0, 1, 2, 31, 64, 1024, 1025, 99999, 100000, n}, n);
    compare({0, 1024, 2048, 131072, n}, n);
    std::vector<index_t> many;
    for (index_t k = 0; k <= 150; ++k) many.push_back(k * n / 150);
    if constexpr (!requires { r.a; }) compare(many, n);  // more pieces than kernel arguments hold
  }
};

/// What a backend's three verbs of scanning write for the pieces between cuts: nodes, running folds, outputs.
template <class S, class Op, class Load, class T = typename Op::value_type>
std::vector<std::byte> bytes_of_scan(S& s, scan_form<Op> const& form, Load const& load,
                                     std::vector<index_t> const& cuts) {
  index_t const n = cuts.back();
  std::vector<piece> pieces;
  std::vector<std::size_t> offsets{0};
  for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
    pieces.push_back({cuts[k], cuts[k + 1], n});
    offsets.push_back(offsets.back() + static_cast<std::size_t>(scan_node_bytes<T>(pieces.back())));
  }
  auto const out_at = offsets.back();
  auto const state_at = (out_at + static_cast<std::size_t>(n) * sizeof(T) + 63) / 64 * 64;
  std::vector<std::byte> bytes(state_at + sizeof(running_fold<T>), std::byte{0});
  auto* const memory = static_cast<std::byte*>(s.allocate(bytes.size()));
  s.copy(memory, bytes.data(), bytes.size());
  s.sync();
  auto* const so_far = reinterpret_cast<running_fold<T>*>(memory + state_at);
  for (std::size_t k = 0; k < pieces.size(); ++k) {
    scan_nodes(s, form.op, pieces[k], load, reinterpret_cast<T*>(memory + offsets[k]));
    scan_enter(s, form.op, {pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(k)}, memory, so_far);
    scan_piece(s, form, pieces[k], load, so_far, reinterpret_cast<T*>(memory + out_at) + pieces[k].begin);
  }
  s.copy(bytes.data(), memory, state_at);
  running_fold<T> last{0, {}};
  s.copy(&last, so_far, sizeof last);
  s.deallocate(memory, bytes.size());
  s.sync();
  for (int level = 0; level < scan_levels; ++level)
    if (!last.has(level)) last.at[level] = T{};
  std::memcpy(bytes.data() + state_at, &last, sizeof last);
  return bytes;
}

TYPED_TEST_SUITE_P(backend_conformance);

TYPED_TEST_P(backend_conformance, copies_bytes_both_ways) {
  auto& s = this->streams[0];
  for (std::size_t bytes : {std::size_t{1}, std::size_t{63}, std::size_t{4096}, std::size_t{3} << 20}) {
    std::vector<unsigned char> in(bytes), out(bytes, 0);
    for (std::size_t k = 0; k < bytes; ++k) in[k] = static_cast<unsigned char>(k * 7 + bytes);
    void* const a = s.allocate(bytes);
    void* const b = s.allocate(bytes);
    s.copy(a, in.data(), bytes);
    s.copy(b, a, bytes);
    s.copy(out.data(), b, bytes);
    s.deallocate(a, bytes);
    s.deallocate(b, bytes);
    s.sync();
    EXPECT_EQ(in, out);
  }
  void* const nothing = s.allocate(0);
  s.deallocate(nothing, 0);
  s.deallocate(nullptr, 0);
  s.sync();
}

TYPED_TEST_P(backend_conformance, orders_streams_by_events) {
  auto &a = this->streams[0], &b = this->streams[1];
  index_t const n = 1 << 20;
  auto const bytes = static_cast<std::size_t>(n) * sizeof(std::int64_t);
  auto* const x = static_cast<std::int64_t*>(a.allocate(bytes));
  auto& reader = same_memory(a, b) ? b : a;  // another kind of device cannot read x
  b.wait(a.record());
  for (int turn = 0; turn < 5; ++turn) {
    for_each_index(a, turn, turn + n, put<std::int64_t>{x, turn});
    b.wait(a.record());
    std::int64_t last = 0;
    reader.copy(&last, x + n - 1, sizeof last);
    a.wait(b.record());
    reader.sync();
    EXPECT_EQ(last, (turn + n - 1) * 3 + 1);
  }
  a.deallocate(x, bytes);
  a.sync();
}

TYPED_TEST_P(backend_conformance, transfers_between_streams) {
  auto &a = this->streams[0], &b = this->streams[1];
  index_t const n = 100000;
  auto const bytes = static_cast<std::size_t>(n) * sizeof(std::int64_t);
  auto* const x = static_cast<std::int64_t*>(a.allocate(bytes));
  auto* const y = static_cast<std::int64_t*>(b.allocate(bytes));
  for_each_index(a, 0, n, put<std::int64_t>{x, 0});
  transfer(b, y, a, x, bytes);
  for_each_index(a, 5, n + 5, put<std::int64_t>{x, 5});  // must not overtake the transfer
  std::vector<std::int64_t> out(static_cast<std::size_t>(n));
  b.copy(out.data(), y, bytes);
  b.sync();
  for (index_t i = 0; i < n; ++i) ASSERT_EQ(out[static_cast<std::size_t>(i)], i * 3 + 1);
  a.deallocate(x, bytes);
  b.deallocate(y, bytes);
  a.sync();
}

TYPED_TEST_P(backend_conformance, has_siblings_in_the_same_memory) {
  auto& a = this->streams[0];
  auto b = a.sibling();
  EXPECT_TRUE(same_memory(a, b));
  EXPECT_TRUE(same_memory(a, a));
  EXPECT_EQ(same_memory(a, this->streams[1]), same_memory(this->streams[1], a));
  index_t const n = 1 << 18;
  auto const bytes = static_cast<std::size_t>(n) * sizeof(std::int64_t);
  auto* const x = static_cast<std::int64_t*>(a.allocate(bytes));
  auto* const y = static_cast<std::int64_t*>(a.allocate(bytes));
  for_each_index(a, 0, n, put<std::int64_t>{x, 0});
  b.wait(a.record());
  b.copy(y, x, bytes);
  a.wait(b.record());
  for_each_index(a, 7, n + 7, put<std::int64_t>{x, 7});
  std::vector<std::int64_t> out(static_cast<std::size_t>(n));
  a.copy(out.data(), y, bytes);
  a.sync();
  for (index_t i = 0; i < n; ++i) ASSERT_EQ(out[static_cast<std::size_t>(i)], i * 3 + 1);
  a.deallocate(x, bytes);
  a.deallocate(y, bytes);
  a.sync();
}

TYPED_TEST_P(backend_conformance, loops_over_every_index_once) {
  auto& s = this->streams[0];
  for (index_t begin : {index_t{0}, index_t{5}, (index_t{1} << 32) + 1})
    for (index_t n : {0, 1, 31, 33, 1023, 1025, 8191, 8193, 1000003}) {
      auto const bytes = static_cast<std::size_t>(n + 2) * sizeof(std::int64_t);
      std::vector<std::int64_t> out(static_cast<std::size_t>(n + 2), -1);
      auto* const x = static_cast<std::int64_t*>(s.allocate(bytes));
      s.copy(x, out.data(), bytes);
      for_each_index(s, begin, begin + n, put<std::int64_t>{x + 1, begin});
      s.copy(out.data(), x, bytes);
      s.sync();
      EXPECT_EQ(out.front(), -1);
      EXPECT_EQ(out.back(), -1) << "something was written behind the end";
      for (index_t i = 0; i < n; ++i)
        ASSERT_EQ(out[static_cast<std::size_t>(i + 1)], (begin + i) * 3 + 1) << i << " of " << n;
      s.deallocate(x, bytes);
    }
  s.sync();
}

TYPED_TEST_P(backend_conformance, maps_indices_to_values) {
  auto& s = this->streams[0];
  for (index_t begin : {index_t{0}, (index_t{1} << 32) + 1})
    for (index_t n : {0, 1, 31, 33, 1023, 1025, 4097, 1000003}) {
      auto const bytes = static_cast<std::size_t>(n + 2) * sizeof(float);
      std::vector<float> out(static_cast<std::size_t>(n + 2), -1.0f);
      auto* const x = static_cast<float*>(s.allocate(bytes));
      s.copy(x, out.data(), bytes);
      transform_index(s, begin, begin + n, scattered<float>{}, x + 1);
      transform_index(s, begin, begin + n, at<float>{x + 1, begin}, x + 1);  // in place
      s.copy(out.data(), x, bytes);
      s.sync();
      EXPECT_EQ(out.front(), -1.0f);
      EXPECT_EQ(out.back(), -1.0f) << "something was written behind the end";
      for (index_t i = 0; i < n; ++i)
        ASSERT_EQ(out[static_cast<std::size_t>(i + 1)], scattered<float>{}(begin + i)) << i << " of " << n;
      s.deallocate(x, bytes);
    }
  s.sync();
}

TYPED_TEST_P(backend_conformance, folds_in_the_canonical_order) {
  this->expect_host_bits(ordered<plus<float>>{}, scattered<float>{});
  this->expect_host_bits(ordered<plus<double>>{}, scattered<double>{});
  this->expect_host_bits(ordered<moments>{}, scattered<float>{});
  this->expect_host_bits(ordered<second_moment>{}, scattered<double>{});
  this->expect_host_bits(ordered<weighted_moments>{}, scattered_weights{});
  this->expect_host_bits(ordered<folding<float, larger_magnitude>>{}, scattered<float>{});
}
TYPED_TEST_P(backend_conformance, folds_in_sequence) {
  this->expect_host_bits(ordered<plus<float>, 1>{}, scattered<float>{});
}
TYPED_TEST_P(backend_conformance, folds_in_any_order) {
  this->expect_host_bits(order_free<plus<std::int32_t>>{}, scattered<std::int32_t>{});
  this->expect_host_bits(order_free<plus<std::uint64_t>>{}, scattered<std::int64_t>{});
  this->expect_host_bits(integer_moments<std::uint8_t>{}, scattered_bits<std::uint8_t>{});
  this->expect_host_bits(integer_moments<std::int16_t>{}, scattered_bits<std::int16_t>{});
  this->expect_host_bits(order_free<minimum<float>>{}, hostile<float>{-1});
  this->expect_host_bits(order_free<maximum<double>>{}, hostile<double>{20});
}
TYPED_TEST_P(backend_conformance, finds_extremes) {
  this->expect_host_bits(extrema<float>{}, hostile<float>{-1});
  this->expect_host_bits(extrema<float>{}, hostile<float>{30});
  this->expect_host_bits(extrema<double>{}, hostile<double>{-1});
  this->expect_host_bits(extrema<std::int32_t>{}, scattered<std::int32_t>{});
}
TYPED_TEST_P(backend_conformance, adds_exactly) {
  this->expect_host_bits(exactly<exact_sum<float>>{}, hostile<float>{-1});
  this->expect_host_bits(exactly<exact_sum<double>>{}, scattered<double>{});
  this->expect_host_bits(exactly<exact_dot<double>>{}, scattered_factors{});
}
TYPED_TEST_P(backend_conformance, counts_in_bins) {
  auto& s = this->streams[0];
  index_t const n = 1000003;
  for (index_t const bins : {1, 300, 20000, 70000}) {
    auto const edges = bin_edges::even({-1e5, 2e5, bins}, true);
    std::vector<index_t> expected(static_cast<std::size_t>(edges.rule().slots()), 5), found = expected;
    for (index_t i = 0; i < n; ++i) ++expected[static_cast<std::size_t>(edges.rule()(hostile<float>{20}(i)))];
    auto const edge_bytes = edges.edges().size() * sizeof(double), bytes = found.size() * sizeof(index_t);
    auto* const placed = static_cast<double*>(s.allocate(edge_bytes));
    auto* const counts = static_cast<index_t*>(s.allocate(bytes));
    s.copy(placed, edges.edges().data(), edge_bytes);
    s.copy(counts, found.data(), bytes);
    histogram_index(s, edges.rule(placed), 0, n / 3, hostile<float>{20}, counts);
    histogram_index(s, edges.rule(placed), n / 3, n, hostile<float>{20}, counts);
    s.copy(found.data(), counts, bytes);
    s.deallocate(placed, edge_bytes);
    s.deallocate(counts, bytes);
    s.sync();
    EXPECT_EQ(found, expected) << bins << " bins";
  }
}
TYPED_TEST_P(backend_conformance, folds_two_at_once) {
  this->expect_host_bits(both<ordered<plus<double>>, extrema<double>>{}, scattered<double>{});  // no padding
}

struct one_in_seven {
  PRORATA_HD bool operator()(index_t i) const { return scattered<std::int32_t>{}(i) % 7 == 0; }
};
struct narrowed {  // a load of another type than it is written as
  PRORATA_HD double operator()(index_t i) const { return static_cast<double>(i % 1000) + 0.25; }
};

TYPED_TEST_P(backend_conformance, keeps_some_in_order) {
  auto& s = this->streams[0];
  for (index_t begin : {index_t{0}, (index_t{1} << 32) + 1})
    for (index_t n : {0, 1, 31, 33, 1023, 1025, 16385, 300007}) {
      auto const room = static_cast<std::size_t>(n + 1);
      std::vector<float> value(room, -1.0f), kept(room, -1.0f), rest(room, -1.0f), one(room, -1.0f);
      std::vector<index_t> where(room, -1), count(7, -1);
      auto* const d_value = static_cast<float*>(s.allocate(4 * room * sizeof(float)));
      auto* const d_where = static_cast<index_t*>(s.allocate((room + 7) * sizeof(index_t)));
      auto *const d_kept = d_value + room, *const d_rest = d_kept + room, *const d_one = d_rest + room;
      for (auto const& [to, from] :
           {std::pair{d_value, &value}, {d_kept, &kept}, {d_rest, &rest}, {d_one, &one}})
        s.copy(to, from->data(), room * sizeof(float));
      s.copy(d_where, where.data(), room * sizeof(index_t));
      index_t* const d_count = d_where + room;
      s.copy(d_count, count.data(), count.size() * sizeof(index_t));
      select_index(s, begin, begin + n, one_in_seven{}, d_count, column<narrowed, float>{{}, d_value},
                   column<own_index, index_t>{{}, d_where});
      select_index(s, begin, begin + n, one_in_seven{}, d_count + 1, column<narrowed, float>{{}, d_one});
      select_index(s, begin, begin + n, one_in_seven{}, d_count + 3,
                   first_column<own_index, index_t>{{}, d_count + 4, 2});
      partition_index(s, begin, begin + n, one_in_seven{}, narrowed{}, d_kept, d_rest, d_count + 2);
      for (auto const& [from, to] :
           {std::pair{d_value, &value}, {d_kept, &kept}, {d_rest, &rest}, {d_one, &one}})
        s.copy(to->data(), from, room * sizeof(float));
      s.copy(where.data(), d_where, room * sizeof(index_t));
      s.copy(count.data(), d_count, 7 * sizeof(index_t));
      s.deallocate(d_value, 4 * room * sizeof(float));
      s.deallocate(d_where, (room + 7) * sizeof(index_t));
      s.sync();
      std::size_t in = 0, out = 0;
      for (index_t i = begin; i < begin + n; ++i) {
        auto const x = static_cast<float>(narrowed{}(i));
        if (!one_in_seven{}(i)) {
          ASSERT_EQ(rest[out++], x) << i << " of " << n;
          continue;
        }
        ASSERT_EQ(value[in], x) << i << " of " << n;
        ASSERT_EQ(one[in], x) << i << " of " << n;
        ASSERT_EQ(kept[in], x) << i << " of " << n;
        ASSERT_EQ(where[in++], i) << n;
      }
      auto const all = static_cast<index_t>(in);  // of the first column two are wanted, and all are counted
      EXPECT_EQ(count, (std::vector<index_t>{all, all, all, all, in > 0 ? where[0] : -1,
                                             in > 1 ? where[1] : -1, -1}))
          << n;
      for (auto const* tail : {&value, &one, &kept})
        EXPECT_EQ((*tail)[in], -1.0f) << "written behind the end";
      EXPECT_EQ(rest[out], -1.0f) << "written behind the end";
      EXPECT_EQ(where[in], -1) << "written behind the end";
    }
}

/// Runs of many lengths, reduced on a device and on the host: the same bits.
template <class S, class R, class Load>
std::vector<std::byte> bytes_of_runs(S& s, R const& r, Load const& load, std::vector<index_t> const& begins,
                                     index_t end) {
  using result = typename R::result_type;
  std::vector<std::byte> bytes(begins.size() * sizeof(result), std::byte{0x5a});
  auto* const d_begins = static_cast<index_t*>(s.allocate(begins.size() * sizeof(index_t)));
  auto* const d_out = static_cast<result*>(s.allocate(bytes.size()));
  s.copy(d_begins, begins.data(), begins.size() * sizeof(index_t));
  s.copy(d_out, bytes.data(), bytes.size());
  std::vector<work_left> left{
      reduce_runs(s, r, d_begins, static_cast<index_t>(begins.size()), end, load, d_out)};
  finish_work(left, [&] { s.sync(); });
  s.copy(bytes.data(), d_out, bytes.size());
  s.deallocate(d_begins, begins.size() * sizeof(index_t));
  s.deallocate(d_out, bytes.size());
  s.sync();
  return bytes;
}

template <class Provider, class R, class Load>
void expect_host_runs(backend_conformance<Provider>& test, R const& r, Load const& load) {
  host::stream host;
  auto const compare = [&](std::vector<index_t> const& begins, index_t end) {
    EXPECT_EQ(bytes_of_runs(host, r, load, begins, end), bytes_of_runs(test.streams[0], r, load, begins, end))
        << begins.size() << " runs up to " << end;
  };
  compare({}, 0);
  compare({7}, 8);
  std::vector<index_t> begins;
  index_t at = 3;
  for (index_t length : {1, 2, 3, 5, 31, 32, 33, 63, 64, 65, 1000, 1023, 1024, 1025, 40000, 1, 1, 70000})
    begins.push_back(at), at += length;
  compare(begins, at);
  begins.clear();
  for (at = 0; at < 100000; at += 1 + at % 37) begins.push_back(at);
  compare(begins, at);
  compare({0, 5, 2500007, 2500008}, 2500100);
}

TYPED_TEST_P(backend_conformance, reduces_runs) {
  expect_host_runs(*this, ordered<plus<float>>{}, scattered<float>{});
  expect_host_runs(*this, ordered<moments>{}, scattered<float>{});
  expect_host_runs(*this, ordered<plus<float>, 1>{}, scattered<float>{});
  expect_host_runs(*this, order_free<maximum<double>>{}, hostile<double>{20});
  expect_host_runs(*this, exactly_rounded<exact_sum<double>>{}, scattered<double>{});
}

struct some_bucket {
  index_t buckets;
  PRORATA_HD index_t operator()(index_t i) const { return i * i % 7919 % buckets; }
};

TYPED_TEST_P(backend_conformance, deals_into_buckets) {
  auto streams = TypeParam::streams(1);
  if (streams.empty()) GTEST_SKIP() << "no such device on this machine";
  auto& s = streams[0];
  for (index_t const n : {0, 1, 31, 33, 1025, 70001, 300007})
    for (index_t const buckets : {1, 2, 7, 1000}) {
      index_t const begin = 12345;
      auto const bytes = static_cast<std::size_t>(n + 1) * sizeof(std::int32_t);
      auto* const d_out = static_cast<std::int32_t*>(s.allocate(bytes));
      std::vector<std::int32_t> out(static_cast<std::size_t>(n));
      std::vector<index_t> counts(static_cast<std::size_t>(buckets));
      std::vector<std::int32_t*> to(counts.size());
      auto const row = counts.size() * sizeof(index_t);
      auto const places = static_cast<std::size_t>(multisplit_places(s, n, buckets)) * sizeof(index_t);
      auto* const d_counts = static_cast<index_t*>(s.allocate(row));
      auto* const d_places = static_cast<index_t*>(s.allocate(places));
      auto* const d_to = static_cast<std::int32_t**>(s.allocate(to.size() * sizeof to[0]));
      count_buckets(s, begin, begin + n, buckets, some_bucket{buckets}, d_places, d_counts);
      s.copy(counts.data(), d_counts, row);
      s.sync();
      index_t end = n;  // the buckets lie in reverse
      for (std::size_t b = 0; b < to.size(); ++b) to[b] = d_out + (end -= counts[b]);
      ASSERT_EQ(end, 0);
      s.copy(d_to, to.data(), to.size() * sizeof to[0]);
      scatter_buckets(s, begin, begin + n, buckets, some_bucket{buckets}, own_index{}, d_places, d_to);
      s.copy(out.data(), d_out, out.size() * sizeof(std::int32_t));
      s.deallocate(d_out, bytes);
      s.deallocate(d_counts, row);
      s.deallocate(d_places, places);
      s.deallocate(d_to, to.size() * sizeof to[0]);
      s.sync();
      std::vector<std::vector<std::int32_t>> dealt(static_cast<std::size_t>(buckets));
      for (index_t i = begin; i < begin + n; ++i)
        dealt[static_cast<std::size_t>(some_bucket{buckets}(i))].push_back(static_cast<std::int32_t>(i));
      std::vector<std::int32_t> expected;
      for (std::size_t b = dealt.size(); b-- > 0;) {
        ASSERT_EQ(counts[b], static_cast<index_t>(dealt[b].size())) << "bucket " << b << ", n = " << n;
        expected.insert(expected.end(), dealt[b].begin(), dealt[b].end());
      }
      ASSERT_EQ(out, expected) << n << " into " << buckets;
    }
}

struct scattered_key {
  PRORATA_HD std::uint32_t operator()(index_t i) const {
    return static_cast<std::uint32_t>(scattered<std::int32_t>{}(i / 3));
  }
};
struct one_key {
  PRORATA_HD std::uint32_t operator()(index_t) const { return 0x12345678u; }
};

TYPED_TEST_P(backend_conformance, counts_digits) {
  auto& s = this->streams[0];
  auto const compare = [&](auto const& load, std::vector<std::uint32_t> const& prefixes, int shift, int bits,
                           index_t begin, index_t n) {
    auto* const d_prefixes = static_cast<std::uint32_t*>(s.allocate(prefixes.size() * sizeof(std::uint32_t)));
    s.copy(d_prefixes, prefixes.data(), prefixes.size() * sizeof(std::uint32_t));
    digit_rule<std::uint32_t> rule{d_prefixes, prefixes.front(), static_cast<int>(prefixes.size()), shift,
                                   bits};
    std::vector<index_t> counts(static_cast<std::size_t>(rule.slots()), -1);
    auto expected = std::vector<index_t>(counts.size(), 0);
    auto* const d_counts = static_cast<index_t*>(s.allocate(counts.size() * sizeof(index_t)));
    count_digits(s, begin, begin + n, load, rule, d_counts);
    s.copy(counts.data(), d_counts, counts.size() * sizeof(index_t));
    s.deallocate(d_counts, counts.size() * sizeof(index_t));
    s.deallocate(d_prefixes, prefixes.size() * sizeof(std::uint32_t));
    s.sync();
    rule.prefixes = prefixes.data();
    for (index_t i = begin; i < begin + n; ++i)
      if (index_t const slot = rule.slot(load(i)); slot >= 0) ++expected[static_cast<std::size_t>(slot)];
    EXPECT_EQ(counts, expected) << n << " keys, " << prefixes.size() << " prefixes, shift " << shift;
  };
  for (index_t n : {0, 1, 33, 1025, 300007}) {
    compare(scattered_key{}, {0}, 21, 11, 5, n);
    compare(one_key{}, {0}, 21, 11, 0, n);
    compare(one_key{}, {0x12345678u >> 21}, 10, 11, 0, n);
    compare(scattered_key{}, {1, 5, 700, 1023}, 10, 11, 0, n);
    std::vector<std::uint32_t> many;  // a table beyond shared memory
    for (std::uint32_t k = 0; k < 2048; k += 3) many.push_back(k);
    compare(scattered_key{}, many, 15, 6, 0, n);
  }
}

TYPED_TEST_P(backend_conformance, scans_in_its_order) {
  host::stream host;
  auto const compare = [&](auto const& form, auto const& load, std::vector<index_t> const& cuts) {
    ASSERT_EQ(bytes_of_scan(this->streams[0], form, load, cuts), bytes_of_scan(host, form, load, cuts))
        << cuts.back() << " elements, " << cuts.size() - 1 << " pieces";
  };
  scan_form<plus<double>> const sums{{}, 0, false, false}, exclusive{{}, 2.5, true, true};
  scan_form<folding<float, larger_magnitude>> const users{{}, 1.0f, true, false};
  for (index_t n : {1, 31, 32, 33, 1023, 1024, 1025, 32768, 70001, 1000003}) {
    compare(sums, scattered<double>{}, {0, n});
    compare(sums, scattered<double>{}, {0, n / 3, n / 3, n - n / 5, n});
    compare(exclusive, hostile<double>{-1}, {0, n / 2 / 1024 * 1024, n});
    compare(users, scattered<float>{}, {0, n / 7, n});
  }
}

REGISTER_TYPED_TEST_SUITE_P(backend_conformance, copies_bytes_both_ways, orders_streams_by_events,
                            transfers_between_streams, has_siblings_in_the_same_memory,
                            loops_over_every_index_once, maps_indices_to_values, folds_in_the_canonical_order,
                            folds_in_sequence, folds_in_any_order, finds_extremes, adds_exactly,
                            folds_two_at_once, counts_in_bins, keeps_some_in_order, reduces_runs,
                            deals_into_buckets, counts_digits, scans_in_its_order);

}  // namespace prorata::conformance
