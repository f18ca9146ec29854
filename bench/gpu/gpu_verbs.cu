// Scans, selections, histograms and groups on this GPU, each beside CUB's way to do the same.
#include <bench/gpu/gpu_rows.cuh>
#include <cstring>
#include <cub/device/device_histogram.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_select.cuh>
#include <kernels/temporary.cuh>
#include <prorata/bins.hpp>
#include <prorata/cuda.cuh>
#include <prorata/elements.hpp>
#include <prorata/groups.hpp>
#include <prorata/host.hpp>

namespace prorata::bench {

namespace {

/// Device memory for n elements, given back in the stream's order.
template <class T>
class memory {
 public:
  memory(cuda::stream& s, index_t n)
      : s_(s), bytes_(static_cast<std::size_t>(n) * sizeof(T)), data_(static_cast<T*>(s.allocate(bytes_))) {}
  ~memory() { s_.deallocate(data_, bytes_); }
  memory(memory const&) = delete;
  memory& operator=(memory const&) = delete;
  T* data() const { return data_; }
  std::vector<T> on_host() const {
    std::vector<T> all(bytes_ / sizeof(T));
    s_.copy(all.data(), data_, bytes_);
    s_.sync();
    return all;
  }

 private:
  cuda::stream& s_;
  std::size_t bytes_;
  T* data_;
};

template <class T>
bool same(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

struct unit_number {  // in [-1, 1)
  PRORATA_HD float operator()(index_t i) const { return scattered<float>{}(i)*0x1p-18f; }
};
struct above_half {
  PRORATA_HD bool operator()(float x) const { return x > 0; }
};
template <class Keep>
struct keep_at {
  float const* data;
  Keep keep;
  PRORATA_HD bool operator()(index_t i) const { return keep(data[i]); }
};
struct word_as_double {
  PRORATA_HD double operator()(std::uint64_t word) const { return std::bit_cast<double>(word); }
};
struct group_key {
  index_t groups;
  bool heavy;  // nine rows in ten have one key
  PRORATA_HD std::int64_t operator()(index_t i) const {
    if (heavy && i % 10 != 3) return 0;
    std::uint64_t h = (static_cast<std::uint64_t>(i) + 7) * 0x9e3779b97f4a7c15u;
    return static_cast<std::int64_t>((h ^ h >> 31) % static_cast<std::uint64_t>(groups));
  }
};

/// Our call and CUB's, both after their answers were judged.
struct measured {
  std::vector<row>& rows;
  clock& c;
  char const* type;
  index_t n;
  void add(std::string const& name, double bytes, bool right, std::function<void()> const& call) const {
    rows.push_back(c.time(name, type, n, bytes, right, call));
  }
};

void scans(measured const& m, cuda::stream& s, float const* x) {
  scan_form<plus<float>> const form{};
  memory<float> out(s, m.n);
  memory<running_fold<float>> so_far(s, 1);
  piece const all{0, m.n, m.n};
  auto const ours = [&] {
    s.zero(so_far.data(), sizeof(running_fold<float>));
    scan_piece(s, form, all, array_load<float>{x}, so_far.data(), out.data());
  };
  ours();
  auto const found = out.on_host();
  host::stream host;
  std::vector<float> expected(found.size());
  running_fold<float> folded{0, {}};
  host::scan_piece(host, form, all, unit_number{}, &folded, expected.data());
  host.sync();
  double const bytes = 8.0 * static_cast<double>(m.n);
  m.add("scan", bytes, same(found, expected), ours);

  std::size_t room = 0;
  cuda::check(cub::DeviceScan::InclusiveSum(nullptr, room, x, out.data(), m.n, s.native()));
  memory<std::byte> scratch(s, static_cast<index_t>(room));
  auto const theirs = [&] {
    cuda::check(cub::DeviceScan::InclusiveSum(scratch.data(), room, x, out.data(), m.n, s.native()));
  };
  theirs();
  auto const near = out.on_host();
  bool right = true;
  for (std::size_t k = 0; k < near.size(); k += near.size() / 16 + 1)
    right = right && std::abs(near[k] - expected[k]) <= 1e-2f * (1 + std::abs(expected[k]));
  m.add("cub_scan", bytes, right, theirs);
}

void selections(measured const& m, cuda::stream& s, float const* x) {
  memory<float> out(s, m.n);
  memory<index_t> count(s, 1);
  keep_at<above_half> const keep{x, {}};
  auto const ours = [&] {
    select_index(s, 0, m.n, keep, count.data(), column<array_load<float>, float>{{x}, out.data()});
  };
  ours();
  std::vector<float> expected;
  for (index_t i = 0; i < m.n; ++i)
    if (float const v = unit_number{}(i); v > 0) expected.push_back(v);
  auto const kept = static_cast<std::size_t>(count.on_host().front());
  auto found = out.on_host();
  found.resize(std::min(found.size(), kept));
  double const bytes = 4.0 * static_cast<double>(m.n) + 4.0 * static_cast<double>(expected.size());
  m.add("select_half", bytes, same(found, expected), ours);

  std::size_t room = 0;
  cuda::check(
      cub::DeviceSelect::If(nullptr, room, x, out.data(), count.data(), m.n, above_half{}, s.native()));
  memory<std::byte> scratch(s, static_cast<index_t>(room));
  auto const theirs = [&] {
    cuda::check(cub::DeviceSelect::If(scratch.data(), room, x, out.data(), count.data(), m.n, above_half{},
                                      s.native()));
  };
  theirs();
  found = out.on_host();
  found.resize(expected.size());
  m.add("cub_select_half", bytes, same(found, expected), theirs);
}

void histograms(measured const& m, cuda::stream& s, float const* x, index_t bins) {
  auto const edges = bin_edges::even({-1, 1, bins}, true);
  memory<double> placed(s, bins + 1);
  s.copy(placed.data(), edges.edges().data(), edges.edges().size() * sizeof(double));
  auto const rule = edges.rule();
  memory<index_t> counts(s, rule.slots());
  auto const ours = [&] {
    s.zero(counts.data(), static_cast<std::size_t>(rule.slots()) * sizeof(index_t));
    histogram_index(s, edges.rule(placed.data()), 0, m.n, array_load<float>{x}, counts.data());
  };
  ours();
  std::vector<index_t> expected(static_cast<std::size_t>(rule.slots()));
  for (index_t i = 0; i < m.n; ++i) ++expected[static_cast<std::size_t>(rule(unit_number{}(i)))];
  double const bytes = 4.0 * static_cast<double>(m.n);
  std::string const of = "_" + std::to_string(bins);
  m.add("histogram" + of, bytes, counts.on_host() == expected, ours);

  memory<int> theirs_counts(s, bins);
  std::size_t room = 0;
  auto const call = [&](void* scratch) {
    cuda::check(cub::DeviceHistogram::HistogramEven(
        scratch, room, x, theirs_counts.data(), static_cast<int>(bins) + 1, -1.0f, 1.0f, m.n, s.native()));
  };
  call(nullptr);
  memory<std::byte> scratch(s, static_cast<index_t>(room));
  auto const theirs = [&] { call(scratch.data()); };
  theirs();
  auto const found = theirs_counts.on_host();
  index_t off = 0;  // it may round its guess of a bin
  for (std::size_t k = 0; k < found.size(); ++k) off += std::abs(found[k] - expected[k]);
  m.add("cub_histogram" + of, bytes, off * 1000 <= m.n + 4000, theirs);
}

/// Sums by key; CUB's way is to sort pairs and to reduce by key, in double.
void groups(measured const& m, cuda::stream& s, float const* x, group_key const& key_at) {
  index_t const keys = key_at.groups;
  memory<std::int64_t> key(s, m.n);
  transform_index(s, 0, m.n, key_at, key.data());
  group_plan const plan{addend::real, {1, false}, 0};
  index_t found = 0;
  auto const ours = [&] {
    auto const made =
        start_groups(s, plan, 0, m.n, array_load<std::int64_t>{key.data()}, array_load<float>{x}, true);
    s.sync();
    if (settle_groups(s, made)) s.sync();
    found = made.count();
    memory<double> sums(s, found);
    read_groups(s, made, group_column::sum, word_as_double{}, sums.data());
  };
  ours();
  std::vector<char> there(static_cast<std::size_t>(keys));
  for (index_t i = 0; i < m.n; ++i) there[static_cast<std::size_t>(key_at(i))] = 1;
  auto const expected = std::count(there.begin(), there.end(), 1);
  double const bytes = 12.0 * static_cast<double>(m.n);
  std::string const of = "_" + std::to_string(keys) + (key_at.heavy ? "_heavy" : "");
  m.add("group_sum" + of, bytes, found == expected, ours);

  memory<std::int64_t> sorted(s, m.n), unique(s, m.n);
  memory<float> values(s, m.n);
  memory<double> sums(s, m.n);
  memory<index_t> count(s, 1);
  std::size_t sort_room = 0, reduce_room = 0;
  cuda::check(cub::DeviceRadixSort::SortPairs(nullptr, sort_room, key.data(), sorted.data(), x, values.data(),
                                              m.n, 0, 64, s.native()));
  cuda::check(cub::DeviceReduce::ReduceByKey(nullptr, reduce_room, sorted.data(), unique.data(),
                                             values.data(), sums.data(), count.data(), ::cuda::std::plus<>{},
                                             m.n, s.native()));
  memory<std::byte> scratch(s, static_cast<index_t>(std::max(sort_room, reduce_room)));
  auto const theirs = [&] {
    cuda::check(cub::DeviceRadixSort::SortPairs(scratch.data(), sort_room, key.data(), sorted.data(), x,
                                                values.data(), m.n, 0, 64, s.native()));
    cuda::check(cub::DeviceReduce::ReduceByKey(scratch.data(), reduce_room, sorted.data(), unique.data(),
                                               values.data(), sums.data(), count.data(),
                                               ::cuda::std::plus<>{}, m.n, s.native()));
  };
  theirs();
  m.add("cub_sort_reduce" + of, bytes, count.on_host().front() == expected, theirs);
}

}  // namespace

void measure_verbs(std::vector<row>& rows, clock& c, cuda::stream& s, index_t n) {
  measured const m{rows, c, "f32", n};
  memory<float> x(s, n);
  transform_index(s, 0, n, unit_number{}, x.data());
  scans(m, s, x.data());
  selections(m, s, x.data());
  for (index_t const bins : {index_t{256}, index_t{4096}, index_t{65536}}) histograms(m, s, x.data(), bins);
  if (n >= index_t{1} << 20)
    for (group_key const& keys :
         {group_key{16, false}, {10'000, false}, {10'000, true}, {200'000, false}, {10'000'000, false}})
      groups(m, s, x.data(), keys);
}

}  // namespace prorata::bench
