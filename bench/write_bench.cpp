// Writing every element, and changing every element where it is, against other libraries.
#include <algorithm>
#include <bench/ceilings.hpp>
#include <bench/crowd.hpp>
#include <bench/peers/write_peers.hpp>
#include <bench/settings.hpp>
#include <prorata/transform.hpp>

namespace prorata::bench {
namespace {

/// Judges `out` by f(i), and makes it wrong for the next one.
template <class F>
auto judge_by(hall& h, F f) {
  return [&h, f] {
    bool right = true;
    auto const out = h.memory.get<float>(arrays::out);
    for (std::size_t i = 0; i < out.size(); ++i) right &= out[i] == f(static_cast<index_t>(i));
    h.memory.forget();
    return verdict{right};
  };
}

contest fill_contest(hall& h) {
  constexpr float value = 0.75f;
  float const told = h.told.spoil ? value + 1 : value;
  auto const out = h.borrowed<float>(arrays::out);
  float* const to = out->parts()[0].data;
  index_t const n = out->size();
  auto const judge = judge_by(h, [](index_t) { return value; });
  contest c{h.memory.bytes(), {}, as_fast_as_any};
  auto const ours = [=] {
    fill(*out, told);
    out->team().sync();
  };
  c.contestants.push_back(entry("prorata", role::ours, ours, judge));
  for (auto const& other : write_peers())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { other.fill(to, n, told); }, judge));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, "fill:" + std::to_string(told), numpy_type<float>,
                                        [=](auto const&) { return judge().right; }));
  c.contestants.push_back(write_ceiling(h.memory));
  return c;
}

contest generate_contest(hall& h) {
  wave const told{h.told.spoil ? 1u : 0u};
  auto const out = h.borrowed<float>(arrays::out);
  float* const to = out->parts()[0].data;
  index_t const n = out->size();
  auto const judge = judge_by(h, wave{0});
  contest c{h.memory.bytes(), {}, as_fast_as_any};
  auto const ours = [=] {
    generate(*out, told);
    out->team().sync();
  };
  c.contestants.push_back(entry("prorata", role::ours, ours, judge));
  for (auto const& other : write_peers())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { other.generate(to, n, told); }, judge));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, "generate:" + std::to_string(told.shift), numpy_type<float>,
                                        [=](auto const&) { return judge().right; }));
  c.contestants.push_back(write_ceiling(h.memory));
  return c;
}

contest for_each_contest(hall& h) {
  auto const number = h.memory.fill<float>();
  std::span<float const> const x = h.memory.get<float>(arrays::x);
  auto const place = h.memory.get<float>(arrays::out);
  auto const out = h.borrowed<float>(arrays::out);
  auto const n = static_cast<index_t>(place.size());
  auto const put = [=] { copy_to(place, x); };
  auto const judge = judge_by(h, [number](index_t i) {
    float v = number(arrays::x, i);
    turned{}(v);
    return v;
  });
  contest c{2 * h.memory.bytes(), {}, {{bar::fastest_peer, 0.95}}};
  auto const ours = [=] {
    for_each(*out, turned{});
    out->team().sync();
  };
  c.contestants.push_back(entry("prorata", role::ours, put, ours, judge));
  for (auto const& other : write_peers())
    c.contestants.push_back(entry(
        other.name, role::peer, put, [=] { other.for_each(place.data(), n, turned{}); }, judge));
  if (h.python)
    c.contestants.push_back(numpy_entry(
        h, "turn", numpy_type<float>, [=](auto const&) { return judge().right; }, put));
  c.contestants.push_back(copy_ceiling(h.memory));
  return c;
}

}  // namespace

void add_writes(hall& h) {
  h.add("fill/f32", [&h] { return fill_contest(h); });
  h.add("generate/f32", [&h] { return generate_contest(h); });
  h.add("for each/f32", [&h] { return for_each_contest(h); });
}

}  // namespace prorata::bench
