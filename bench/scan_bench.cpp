// Running sums against other libraries, and against copying the memory.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <atomic>
#include <bench/ceilings.hpp>
#include <bench/oracle.hpp>
#include <bench/peers/scans.hpp>
#include <bench/settings.hpp>
#include <prorata/scan.hpp>

namespace prorata::bench {
namespace {

/// Whether a sum holds its own element, or only those before it.
enum class ends { inclusive, exclusive };

/// Compares every running sum with the numbers as they were drawn, added up in long double.
template <class T>
verdict look_at_sums(hall& h, drawn<T> number, ends where, role part) {
  auto const out = h.memory.get<T>(arrays::out);
  auto const n = static_cast<index_t>(out.size());
  constexpr index_t block = 1 << 14;
  index_t const blocks = (n + block - 1) / block;
  std::vector<long double> before(static_cast<std::size_t>(blocks) + 1), magnitude(before);
  tbb::parallel_for(index_t{0}, blocks, [&](index_t k) {
    long double sum = 0, size = 0;
    for (index_t i = k * block; i < std::min((k + 1) * block, n); ++i) {
      auto const x = static_cast<long double>(number(arrays::x, i));
      sum += x;
      size += std::abs(x);
    }
    before[static_cast<std::size_t>(k) + 1] = sum;
    magnitude[static_cast<std::size_t>(k) + 1] = size;
  });
  for (std::size_t k = 1; k < before.size(); ++k) {
    before[k] += before[k - 1];
    magnitude[k] += magnitude[k - 1];
  }
  std::atomic<bool> right{true};
  std::vector<double> worst(static_cast<std::size_t>(blocks));
  tbb::parallel_for(index_t{0}, blocks, [&](index_t k) {
    auto sum = before[static_cast<std::size_t>(k)], size = magnitude[static_cast<std::size_t>(k)];
    for (index_t i = k * block; i < std::min((k + 1) * block, n); ++i) {
      auto const x = static_cast<long double>(number(arrays::x, i));
      long double const expected = where == ends::inclusive ? sum + x : sum;
      sum += x;
      size += std::abs(x);
      long double error = std::abs(static_cast<long double>(out[static_cast<std::size_t>(i)]) - expected);
      if constexpr (std::is_integral_v<T>) {  // modulo 2^bits
        using bits = std::make_unsigned_t<T>;
        error = static_cast<bits>(out[static_cast<std::size_t>(i)]) ==
                        static_cast<bits>(static_cast<std::int64_t>(expected))
                    ? 0
                    : 1;
      }
      bool const fine = std::is_integral_v<T> ? error == 0 : error <= tolerance<T>(part, i + 1, size);
      if (!fine) right = false;
      auto& most = worst[static_cast<std::size_t>(k)];
      most = std::max(most, static_cast<double>(error / size));
    }
  });
  h.memory.forget();
  return {right, *std::max_element(worst.begin(), worst.end())};
}

template <class T>
contest sums_contest(hall& h, ends where) {
  auto const number = h.memory.fill<T>();
  h.memory.forget();
  auto const a = h.borrowed<T>(arrays::x), out = h.borrowed<T>(arrays::out);
  T const* const x = a->parts()[0].data;
  T* const to = out->parts()[0].data;
  index_t const n = a->size();
  auto const judge = [&h, number, where](role part) {
    return [&h, number, where, part] { return look_at_sums<T>(h, number, where, part); };
  };
  contest c{2 * h.memory.bytes(), {}, {{bar::fastest_peer, 1.0}}};
  c.contestants.push_back(entry(
      "prorata", role::ours,
      [=] {
        if (where == ends::inclusive) {
          inclusive_scan(*out, plus<T>{}, *a);
        } else {
          exclusive_scan(*out, plus<T>{}, *a, T{});
        }
        out->team().sync();
      },
      judge(role::ours)));
  for (auto const& other : scan_peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { (where == ends::inclusive ? other.sums : other.exclusive)(to, x, n); },
        judge(role::peer)));
  if (h.python && where == ends::inclusive)
    c.contestants.push_back(
        numpy_entry(h, "sums", numpy_type<T>, [=](auto const&) { return judge(role::peer)(); }));
  c.contestants.push_back(copy_ceiling(h.memory));
  return c;
}

}  // namespace

void add_scans(hall& h) {
  h.add("scan/sum/f32", [&h] { return sums_contest<float>(h, ends::inclusive); });
  h.add("scan/sum/f64", [&h] { return sums_contest<double>(h, ends::inclusive); });
  h.add("scan/sum/i32", [&h] { return sums_contest<std::int32_t>(h, ends::inclusive); });
  h.add("scan/sum/i64", [&h] { return sums_contest<std::int64_t>(h, ends::inclusive); });
  h.add("scan/exclusive sum/f32", [&h] { return sums_contest<float>(h, ends::exclusive); });
  h.add("scan/exclusive sum/i64", [&h] { return sums_contest<std::int64_t>(h, ends::exclusive); });
}

}  // namespace prorata::bench
