// group_by and weighted_histogram on GPUs: the bits of the host.
#include <gtest/gtest.h>

#include <prorata/group_by.hpp>
#include <prorata/mixed.cuh>
#include <prorata/transform.hpp>
#include <prorata/weighted_histogram.hpp>
#include <vector>

namespace prorata {
namespace {

struct key_at {
  index_t groups;
  PRORATA_HD std::int64_t operator()(index_t i) const {
    auto const h = (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u;
    return i % 10 < 5 ? 7 : static_cast<std::int64_t>((h ^ h >> 31) % static_cast<std::uint64_t>(groups));
  }
};
struct value_at {
  PRORATA_HD double operator()(index_t i) const {
    auto const h = static_cast<std::int64_t>((static_cast<std::uint64_t>(i) + 3) * 0xd1342543de82ef95u);
    double const v = static_cast<double>(h) * 0x1p-60;
    return i % 100 == 3 ? v * 0x1p-200 : i % 1000 == 7 ? -0.0 : v;
  }
};

template <class T, class S>
void append(std::vector<std::byte>& bytes, distributed_array<T, S> const& x) {
  std::vector<T> out(static_cast<std::size_t>(x.size()));
  copy_out(x, std::span<T>(out));
  auto const* const from = reinterpret_cast<std::byte const*>(out.data());
  bytes.insert(bytes.end(), from, from + out.size() * sizeof(T));
}

template <class S>
std::vector<std::byte> result(team<S> const& team, index_t n, index_t groups) {
  auto keys = make_array<std::int64_t>(team, n);
  auto values = make_array<double>(team, n);
  generate(keys, key_at{groups});
  generate(values, value_at{});
  auto const g = group_by(keys, values, aggregate::all, 1);
  std::vector<std::byte> bytes;
  append(bytes, g.keys), append(bytes, g.counts), append(bytes, g.sums), append(bytes, g.means);
  append(bytes, g.variances), append(bytes, g.minima), append(bytes, g.maxima);
  auto const h = weighted_histogram(values, values, even_bins{-4, 7, 100});
  auto const add = [&](auto const& list) {
    auto const* const from = reinterpret_cast<std::byte const*>(list.data());
    bytes.insert(bytes.end(), from, from + list.size() * sizeof(list[0]));
  };
  add(h.elements.counts), add(h.weights), add(std::vector{h.below, h.above, h.nan});
  return bytes;
}

TEST(group_by, has_the_bits_of_the_host) {
  std::vector<host::stream> one;
  one.emplace_back();
  team<host::stream> const host(std::move(one));
  for (int const ranks : {1, 2, 3}) {
    std::vector<mixed::stream> streams;
    for (int r = 0; r < ranks; ++r) {
      if (cuda::device_count() > 0 && r < 2) {
        streams.emplace_back(cuda::stream(0));
      } else {
        streams.emplace_back(host::stream());
      }
    }
    team<mixed::stream> const mixed(std::move(streams));
    for (index_t const n : {0, 1, 1023, 100003, 1000003})
      for (index_t const groups : {10, 5000, 500000})
        EXPECT_EQ(result(mixed, n, groups), result(host, n, groups)) << n;
  }
}

}  // namespace
}  // namespace prorata
