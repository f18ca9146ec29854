// Elementwise loops: the triad and an expression of six operations, compiled and interpreted.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <bench/ceilings.hpp>
#include <bench/peers/peers.hpp>
#include <bench/settings.hpp>
#include <cmath>
#include <host/expression/parser.hpp>
#include <host/expression/program.hpp>
#include <limits>
#include <prorata/transform.hpp>

namespace prorata::bench {
namespace {

/// Compares `out` with f of the numbers as they were drawn: ours to the last bit, others up to the roundings
/// that a fused multiply-add leaves out.
template <class F, class T>
verdict look(hall& h, drawn<T> number, role part) {
  auto const out = h.memory.get<T>(arrays::out);
  double const allowed = part == role::ours ? 0.0 : 8 * std::numeric_limits<T>::epsilon();
  double const worst = tbb::parallel_reduce(
      tbb::blocked_range<index_t>(0, static_cast<index_t>(out.size()), 1 << 14), 0.0,
      [&](tbb::blocked_range<index_t> const& r, double most) {
        for (index_t i = r.begin(); i < r.end(); ++i) {
          T const expected = F{}(number(arrays::x, i), number(arrays::y, i));
          double const error = std::abs(static_cast<double>(out[static_cast<std::size_t>(i)]) - expected);
          if (!(error <= most)) most = std::isnan(error) ? HUGE_VAL : error;
        }
        return most;
      },
      [](double a, double b) { return std::max(a, b); });
  h.memory.forget();
  return {worst <= allowed, worst};
}

template <class F, class T>
contest map_contest(hall& h, void (*peer<T>::*verb)(T*, T const*, T const*, std::int64_t),
                    std::string const& numpy_verb) {
  auto const number = h.memory.fill<T>();
  h.memory.forget();
  auto const a = h.borrowed<T>(arrays::x), b = h.borrowed<T>(arrays::y), out = h.borrowed<T>(arrays::out);
  T const* const x = a->parts()[0].data;
  T const* const y = b->parts()[0].data;
  T* const to = out->parts()[0].data;
  index_t const n = a->size();
  auto const judge = [&h, number](role part) {
    return [&h, number, part] { return look<F>(h, number, part); };
  };

  contest c{3 * h.memory.bytes(), {}, {{bar::fastest_peer, 0.95}}};
  auto const ours = [=] {
    transform(*out, F{}, *a, *b);
    out->team().sync();
  };
  c.contestants.push_back(entry("prorata", role::ours, ours, judge(role::ours)));
  for (auto const& other : peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { (other.*verb)(to, x, y, n); }, judge(role::peer)));
  if (h.python)
    c.contestants.push_back(
        numpy_entry(h, numpy_verb, numpy_type<T>, [=](auto const&) { return judge(role::peer)(); }));
  if constexpr (std::is_same_v<F, six_operations>) {
    using expression::program;
    io::element_type const type{io::dtype_of<T>};
    program const interpreted(expression::parse(six_operations_text, {type, type}), io::dtype_of<T>);
    auto const run = [=] {
      constexpr index_t grain = 32 * tile;
      tbb::parallel_for(tbb::blocked_range<index_t>(0, (n + grain - 1) / grain), [&](auto const& range) {
        program::workspace space(interpreted);
        for (index_t k = range.begin(); k < range.end(); ++k) {
          index_t const begin = k * grain;
          void const* const inputs[] = {x + begin, y + begin};
          interpreted.run(inputs, to + begin, std::min(grain, n - begin), space);
        }
      });
    };
    c.contestants.push_back(entry("prorata, interpreted", role::yardstick, run, judge(role::ours)));
  }
  c.contestants.push_back(triad_ceiling(h.memory));
  return c;
}

}  // namespace

void add_transforms(hall& h) {
  h.add("transform/triad/f32", [&h] { return map_contest<triad, float>(h, &peer<float>::triad, "triad"); });
  h.add("transform/triad/f64", [&h] { return map_contest<triad, double>(h, &peer<double>::triad, "triad"); });
  h.add("transform/six operations/f32",
        [&h] { return map_contest<six_operations, float>(h, &peer<float>::six, "six"); });
  h.add("transform/six operations/f64",
        [&h] { return map_contest<six_operations, double>(h, &peer<double>::six, "six"); });
}

}  // namespace prorata::bench
