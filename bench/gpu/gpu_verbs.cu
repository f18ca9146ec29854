// Scans, selections and histograms on a GPU, beside CUB's.
#include <bench/gpu/contest.cuh>
#include <cub/device/device_histogram.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_select.cuh>
#include <prorata/histogram.hpp>
#include <prorata/scan.hpp>
#include <prorata/select.hpp>

namespace prorata::bench {
namespace {

struct above_zero {
  PRORATA_HD bool operator()(float x) const { return x > 0; }
};

void scans(bench_case const& c, distributed_array<float, cuda::stream> const& x) {
  auto& s = c.stream();
  auto out = make_array<float>(c.gpu, c.n);
  auto const ours = [&] { inclusive_scan(out, plus<float>{}, x); };
  ours();
  auto host = made(c.host, c.n, unit_number{});
  inclusive_scan(host, plus<float>{}, host);
  auto const expected = on_host(host);
  bool const right = same(on_host(out), expected);

  auto const theirs = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceScan::InclusiveSum(memory, room, x.parts()[0].data, out.parts()[0].data, c.n,
                                         s.native());
  });
  theirs();
  auto const found = on_host(out);
  bool near = true;
  for (std::size_t k = 0; k < found.size(); k += found.size() / 16 + 1)
    near = near && std::abs(found[k] - expected[k]) <= 1e-2f * (1 + std::abs(expected[k]));
  c.timer.time("scan", "f32", c.n, 8.0 * static_cast<double>(c.n),
               {{"prorata", right, ours}, {"cub", near, theirs}});
}

/// The verb of the seam beside CUB's: the array's verb waits for the count, which CUB leaves on the device.
void selections(bench_case const& c, distributed_array<float, cuda::stream> const& x) {
  auto& s = c.stream();
  float const* const from = x.parts()[0].data;
  buffer<float, cuda::stream> const out(s, c.n);
  buffer<index_t, cuda::stream> const count(s, 1);
  element_load<above_zero, float> const keep(above_zero{}, 0, from);
  auto const kept = [&] { return on_host(s, out.data(), std::min(on_host(count).front(), c.n)); };
  auto const ours = [&] {
    select_index(s, 0, c.n, keep, count.data(), column{elements_of(from), out.data()});
  };
  ours();
  auto const expected = on_host(copy_if(made(c.host, c.n, unit_number{}), above_zero{}));
  bool const right = same(kept(), expected);

  auto const theirs = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceSelect::If(memory, room, from, out.data(), count.data(), c.n, above_zero{}, s.native());
  });
  theirs();
  c.timer.time("select_half", "f32", c.n,
               4.0 * static_cast<double>(c.n + static_cast<index_t>(expected.size())),
               {{"prorata", right, ours}, {"cub", same(kept(), expected), theirs}});
}

void histograms(bench_case const& c, distributed_array<float, cuda::stream> const& x, index_t bins) {
  auto& s = c.stream();
  float const* const from = x.parts()[0].data;
  auto const edges = bin_edges::even({-1, 1, bins}, true);
  buffer<double, cuda::stream> const placed(s, bins + 1);
  s.copy(placed.data(), edges.edges().data(), placed.bytes());
  auto const rule = edges.rule(placed.data());
  buffer<index_t, cuda::stream> const counts(s, rule.slots());
  auto const ours = [&] {
    cuda::check(cudaMemsetAsync(counts.data(), 0, counts.bytes(), s.native()));
    histogram_index(s, rule, 0, c.n, elements_of(from), counts.data());
  };
  ours();
  auto const expected = histogram(made(c.host, c.n, unit_number{}), edges);
  auto found = on_host(counts);
  found.resize(static_cast<std::size_t>(bins));
  bool const right = found == expected.counts;

  buffer<int, cuda::stream> const their_counts(s, bins);
  auto const theirs = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceHistogram::HistogramEven(memory, room, from, their_counts.data(),
                                               static_cast<int>(bins) + 1, -1.0f, 1.0f, c.n, s.native());
  });
  theirs();
  auto const near = on_host(their_counts);
  index_t off = 0;  // it may round its guess of a bin
  for (std::size_t k = 0; k < near.size(); ++k) off += std::abs(near[k] - expected.counts[k]);
  c.timer.time("histogram_" + std::to_string(bins), "f32", c.n, 4.0 * static_cast<double>(c.n),
               {{"prorata", right, ours}, {"cub", off * 1000 <= c.n + 4000, theirs}});
}

}  // namespace

void bench_verbs(bench_case const& c) {
  auto const x = made(c.gpu, c.n, unit_number{});
  scans(c, x);
  selections(c, x);
  for (index_t const bins : {index_t{256}, index_t{4096}, index_t{65536}}) histograms(c, x, bins);
}

}  // namespace prorata::bench
