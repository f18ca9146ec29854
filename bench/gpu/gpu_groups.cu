// Runs and groups on a GPU, beside CUB's. The verbs of arrays are timed whole: with the memory they take and
// the counts they wait for; CUB's with neither.
#include <bench/gpu/contest.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_run_length_encode.cuh>
#include <prorata/group_by.hpp>
#include <prorata/reduce_by_key.hpp>

namespace prorata::bench {
namespace {

/// Runs of 1 to 31 equal keys.
struct run_key {
  PRORATA_HD std::int32_t operator()(index_t i) const {
    return static_cast<std::int32_t>((i + i / 16 % 16) / 16);
  }
};
struct group_key {
  index_t groups;
  bool heavy = false;  // nine rows in ten have one key
  PRORATA_HD std::int64_t operator()(index_t i) const {
    if (heavy && i % 10 != 3) return 0;
    return static_cast<std::int64_t>(stirred(i, 7) % static_cast<std::uint64_t>(groups));
  }
};

void run_lengths_of(bench_case const& c) {
  auto& s = c.stream();
  auto const keys = made(c.gpu, c.n, run_key{});
  auto const ours = [&] { return run_lengths(keys); };
  auto const host = run_lengths(made(c.host, c.n, run_key{}));
  auto const values = on_host(host.values);
  auto const lengths = on_host(host.lengths);
  bool right = false;
  {
    auto const found = ours();
    right = same(on_host(found.values), values) && same(on_host(found.begins), on_host(host.begins)) &&
            same(on_host(found.lengths), lengths);
  }
  auto const runs = static_cast<index_t>(values.size());
  buffer<std::int32_t, cuda::stream> const their_values(s, c.n);
  buffer<index_t, cuda::stream> const their_lengths(s, c.n), count(s, 1);
  auto const theirs = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceRunLengthEncode::Encode(memory, room, keys.parts()[0].data, their_values.data(),
                                              their_lengths.data(), count.data(), c.n, s.native());
  });
  theirs();
  bool const their_right = on_host(count).front() == runs &&
                           same(on_host(s, their_values.data(), runs), values) &&
                           same(on_host(s, their_lengths.data(), runs), lengths);
  c.timer.time("run_lengths", "i32", c.n, 4.0 * static_cast<double>(c.n) + 12.0 * static_cast<double>(runs),
               {{"prorata", right, [&] { (void)ours(); }}, {"cub", their_right, theirs}});
}

void sums_by_key(bench_case const& c) {
  auto& s = c.stream();
  auto const keys = made(c.gpu, c.n, run_key{});
  auto const x = made(c.gpu, c.n, unit_number{});
  auto const ours = [&] { return sum_by_key(keys, x); };
  auto const host = sum_by_key(made(c.host, c.n, run_key{}), made(c.host, c.n, unit_number{}));
  auto const expected_keys = on_host(host.keys);
  auto const sums = on_host(host.values);
  bool right = false;
  {
    auto const found = ours();
    right = same(on_host(found.keys), expected_keys) && same(on_host(found.values), sums);
  }
  auto const runs = static_cast<index_t>(sums.size());
  buffer<std::int32_t, cuda::stream> const their_keys(s, c.n);
  buffer<float, cuda::stream> const their_sums(s, c.n);
  buffer<index_t, cuda::stream> const count(s, 1);
  auto const theirs = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceReduce::ReduceByKey(memory, room, keys.parts()[0].data, their_keys.data(),
                                          x.parts()[0].data, their_sums.data(), count.data(),
                                          ::cuda::std::plus<>{}, c.n, s.native());
  });
  theirs();
  bool near = on_host(count).front() == runs && same(on_host(s, their_keys.data(), runs), expected_keys);
  auto const found = near ? on_host(s, their_sums.data(), runs) : std::vector<float>{};
  for (std::size_t k = 0; k < found.size(); ++k) near = near && std::abs(found[k] - sums[k]) <= 1e-4f;
  c.timer.time("sum_by_key", "i32+f32", c.n, 8.0 * static_cast<double>(c.n + runs),
               {{"prorata", right, [&] { (void)ours(); }}, {"cub", near, theirs}});
}

/// Exact sums by key; CUB's way is to sort pairs and to add up the runs, as floats.
void groups(bench_case const& c, group_key const& key_at) {
  auto& s = c.stream();
  auto const key = made(c.gpu, c.n, key_at);
  auto const x = made(c.gpu, c.n, unit_number{});
  auto const ours = [&] { return group_by(key, x, aggregate::sum); };
  auto const host = group_by(made(c.host, c.n, key_at), made(c.host, c.n, unit_number{}), aggregate::sum);
  auto const expected_keys = on_host(host.keys);
  auto const sums = on_host(host.sums);
  bool right = false;
  {
    auto const found = ours();
    right = same(on_host(found.keys), expected_keys) && same(on_host(found.sums), sums) &&
            same(on_host(found.counts), on_host(host.counts));
  }
  buffer<std::int64_t, cuda::stream> const sorted(s, c.n), their_keys(s, c.n);
  buffer<float, cuda::stream> const values(s, c.n);
  buffer<double, cuda::stream> const their_sums(s, c.n);
  buffer<index_t, cuda::stream> const count(s, 1);
  auto const sort_all = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceRadixSort::SortPairs(memory, room, key.parts()[0].data, sorted.data(),
                                           x.parts()[0].data, values.data(), c.n, 0, 64, s.native());
  });
  auto const add_up = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceReduce::ReduceByKey(memory, room, sorted.data(), their_keys.data(), values.data(),
                                          their_sums.data(), count.data(), ::cuda::std::plus<>{}, c.n,
                                          s.native());
  });
  auto const theirs = [&] { sort_all(), add_up(); };
  theirs();
  auto const n = static_cast<index_t>(sums.size());
  bool near = on_host(count).front() == n && same(on_host(s, their_keys.data(), n), expected_keys);
  auto const found = near ? on_host(s, their_sums.data(), n) : std::vector<double>{};
  // sums of floats: off by less than a hundredth of the root of how many were added
  for (std::size_t k = 0; k < found.size(); ++k)
    near = near && std::abs(found[k] - sums[k]) <= 1e-2 * std::sqrt(static_cast<double>(c.n));
  c.timer.time("group_sum_" + std::to_string(key_at.groups) + (key_at.heavy ? "_heavy" : ""), "i64+f32", c.n,
               12.0 * static_cast<double>(c.n),
               {{"prorata", right, [&] { (void)ours(); }}, {"cub", near, theirs}});
}

}  // namespace

void bench_groups(bench_case const& c) {
  run_lengths_of(c);
  sums_by_key(c);
  for (group_key const& key : {group_key{16}, {10'000}, {10'000, true}, {200'000}, {10'000'000}})
    groups(c, key);
}

}  // namespace prorata::bench
