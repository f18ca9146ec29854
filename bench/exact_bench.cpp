// Exact sums and dot products against the canonical ones, on easy numbers and on a wide range of exponents.
#include <bench/ceilings.hpp>
#include <bench/oracle.hpp>
#include <bench/settings.hpp>
#include <prorata/reduce.hpp>

namespace prorata::bench {
namespace {

/// The places after the binary point of every number drawn.
template <class T>
int places(spread kind) {
  return (sizeof(T) == 4 ? 23 : 52) + (kind == spread::wide ? 20 : 0);
}

template <class T>
contest sum_contest(hall& h, spread kind) {
  auto const x = h.memory.fill<T>(kind);
  auto const a = h.borrowed<T>(arrays::x);
  double const scale = std::ldexp(1.0, places<T>(kind));
  auto const expected = exact_total_of(a->size(), places<T>(kind), [=](index_t i) {
    return static_cast<__int128>(static_cast<double>(x(arrays::x, i)) * scale);
  });

  contest c{h.memory.bytes(), {}, {}};
  if (std::is_same_v<T, double>) c.bars.push_back({"canonical", 0.5});
  c.contestants.push_back(entry(
      "prorata exact", role::ours, [=] { return exact_sum_of(*a); }, identical(static_cast<T>(expected))));
  c.contestants.push_back(entry(
      "canonical", role::yardstick, [=] { return sum(*a); }, [](T) { return verdict{true}; }));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

template <class T>
contest dot_contest(hall& h) {
  auto const x = h.memory.fill<T>();
  auto const a = h.borrowed<T>(arrays::x), b = h.borrowed<T>(arrays::y);
  int const bits = places<T>(spread::uniform);
  double const scale = std::ldexp(1.0, bits);
  auto const expected = exact_total_of(a->size(), 2 * bits, [=](index_t i) {
    return static_cast<__int128>(static_cast<double>(x(arrays::x, i)) * scale) *
           static_cast<__int128>(static_cast<double>(x(arrays::y, i)) * scale);
  });

  contest c{2 * h.memory.bytes(), {}, {}};
  c.contestants.push_back(entry(
      "prorata exact", role::ours, [=] { return exact_dot_of(*a, *b); },
      identical(static_cast<T>(expected))));
  c.contestants.push_back(entry(
      "canonical", role::yardstick, [=] { return dot(*a, *b); }, [](T) { return verdict{true}; }));
  c.contestants.push_back(read_ceiling(h.memory, 2));
  return c;
}

}  // namespace

void add_exact(hall& h) {
  h.add("exact/sum/f32", [&h] { return sum_contest<float>(h, spread::uniform); });
  h.add("exact/sum/f64", [&h] { return sum_contest<double>(h, spread::uniform); });
  h.add("exact/sum of wide range/f32", [&h] { return sum_contest<float>(h, spread::wide); });
  h.add("exact/sum of wide range/f64", [&h] { return sum_contest<double>(h, spread::wide); });
  h.add("exact/dot/f32", [&h] { return dot_contest<float>(h); });
  h.add("exact/dot/f64", [&h] { return dot_contest<double>(h); });
}

}  // namespace prorata::bench
