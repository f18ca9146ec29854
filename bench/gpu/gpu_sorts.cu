// Sorting on a GPU and what is made of it, beside CUB's radix sort. The verbs of arrays are timed whole: with
// the memory they take and the counts they wait for; CUB's with neither.
#include <bench/gpu/contest.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_select.cuh>
#include <prorata/topk.hpp>
#include <prorata/unique.hpp>

namespace prorata::bench {
namespace {

/// One of n / 16 values, scattered.
struct one_of_many {
  index_t n;
  PRORATA_HD std::int32_t operator()(index_t i) const {
    return static_cast<std::int32_t>(stirred(i) % static_cast<std::uint64_t>(n / 16 + 1));
  }
};
struct place {
  PRORATA_HD std::int32_t operator()(index_t i) const { return static_cast<std::int32_t>(i); }
};

/// Keys and values in order, by the host; both have been sorted by key on the GPU.
struct sorted_pairs {
  std::vector<float> keys;
  std::vector<std::int32_t> values;
};
sorted_pairs sorted_by_host(bench_case const& c) {
  auto keys = made(c.host, c.n, unit_number{});
  auto values = made(c.host, c.n, place{});
  sort_by_key(keys, values);
  return {on_host(keys), on_host(values)};
}

void sorts(bench_case const& c) {
  auto& s = c.stream();
  auto const expected = sorted_by_host(c);
  auto keys = make_array<float>(c.gpu, c.n);
  auto values = make_array<std::int32_t>(c.gpu, c.n);
  auto spare_keys = make_array<float>(c.gpu, c.n);
  auto spare_values = make_array<std::int32_t>(c.gpu, c.n);
  auto const fresh = [&] { generate(keys, unit_number{}), generate(values, place{}); };
  cub::DoubleBuffer<float> key_buffers;
  cub::DoubleBuffer<std::int32_t> value_buffers;
  auto const fresh_buffers = [&] {
    fresh();
    key_buffers = {keys.parts()[0].data, spare_keys.parts()[0].data};
    value_buffers = {values.parts()[0].data, spare_values.parts()[0].data};
  };
  fresh_buffers();
  auto const n = static_cast<double>(c.n);

  auto const ours = [&] { sort(keys); };
  ours();
  bool const right = same(on_host(keys), expected.keys);
  fresh_buffers();
  auto const theirs = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceRadixSort::SortKeys(memory, room, key_buffers, c.n, 0, 32, s.native());
  });
  theirs();
  bool const their_right = same(on_host(s, key_buffers.Current(), c.n), expected.keys);
  c.timer.time("sort", "f32", c.n, 8 * n,
               {{"prorata", right, ours, fresh}, {"cub", their_right, theirs, fresh_buffers}});

  fresh_buffers();
  auto const our_pairs = [&] { sort_by_key(keys, values); };
  our_pairs();
  bool const pairs_right = same(on_host(keys), expected.keys) && same(on_host(values), expected.values);
  fresh_buffers();
  auto const their_pairs = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceRadixSort::SortPairs(memory, room, key_buffers, value_buffers, c.n, 0, 32, s.native());
  });
  their_pairs();
  bool const their_pairs_right = same(on_host(s, key_buffers.Current(), c.n), expected.keys) &&
                                 same(on_host(s, value_buffers.Current(), c.n), expected.values);
  c.timer.time(
      "sort_pairs", "f32+i32", c.n, 16 * n,
      {{"prorata", pairs_right, our_pairs, fresh}, {"cub", their_pairs_right, their_pairs, fresh_buffers}});
}

/// CUB's way to the greatest: it sorts all keys, downwards, with their places.
void greatest(bench_case const& c, index_t k) {
  auto& s = c.stream();
  auto const x = made(c.gpu, c.n, unit_number{});
  top_elements<float> found;
  auto const ours = [&] { found = topk(x, k); };
  ours();
  auto const expected = topk(made(c.host, c.n, unit_number{}), k);
  bool const right = same(found.values, expected.values) && found.indices == expected.indices;

  auto const places = made(c.gpu, c.n, place{});
  auto keys = make_array<float>(c.gpu, c.n);
  auto values = make_array<std::int32_t>(c.gpu, c.n);
  auto const theirs = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceRadixSort::SortPairsDescending(memory, room, x.parts()[0].data, keys.parts()[0].data,
                                                     places.parts()[0].data, values.parts()[0].data, c.n, 0,
                                                     32, s.native());
  });
  theirs();
  auto const their_places = on_host(s, values.parts()[0].data, k);
  bool const their_right =
      same(on_host(s, keys.parts()[0].data, k), expected.values) &&
      std::equal(their_places.begin(), their_places.end(), expected.indices.begin(), expected.indices.end());
  c.timer.time("topk_" + std::to_string(k), "f32", c.n, 4.0 * static_cast<double>(c.n),
               {{"prorata", right, ours}, {"cub", their_right, theirs}});
}

void distinct(bench_case const& c) {
  auto& s = c.stream();
  auto const x = made(c.gpu, c.n, one_of_many{c.n});
  auto const ours = [&] { return unique(x); };
  auto const found = on_host(ours());
  auto const expected = on_host(unique(made(c.host, c.n, one_of_many{c.n})));

  auto sorted = make_array<std::int32_t>(c.gpu, c.n);
  auto out = make_array<std::int32_t>(c.gpu, c.n);
  buffer<index_t, cuda::stream> const count(s, 1);
  auto const sort_all = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceRadixSort::SortKeys(memory, room, x.parts()[0].data, sorted.parts()[0].data, c.n, 0, 32,
                                          s.native());
  });
  auto const keep_first = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceSelect::Unique(memory, room, sorted.parts()[0].data, out.parts()[0].data, count.data(),
                                     c.n, s.native());
  });
  auto const theirs = [&] { sort_all(), keep_first(); };
  theirs();
  auto const kept = on_host(s, out.parts()[0].data, std::min(on_host(count).front(), c.n));
  c.timer.time(
      "unique", "i32", c.n, 4.0 * static_cast<double>(c.n + static_cast<index_t>(expected.size())),
      {{"prorata", same(found, expected), [&] { (void)ours(); }}, {"cub", same(kept, expected), theirs}});
}

}  // namespace

void bench_sorts(bench_case const& c) {
  sorts(c);
  for (index_t const k : {100, 10000})
    if (k <= c.n) greatest(c, k);
  distinct(c);
}

}  // namespace prorata::bench
