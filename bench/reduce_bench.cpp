// Sums, dot products and statistics against other libraries, and against reading the memory at all.
#include <bench/ceilings.hpp>
#include <bench/oracle.hpp>
#include <bench/peers/peers.hpp>
#include <bench/peers/selection_peers.hpp>
#include <bench/settings.hpp>
#include <prorata/reduce.hpp>

namespace prorata::bench {
namespace {

std::vector<bar> const at_memory_speed{{bar::fastest_peer, 0.95}, {"read", 0.9}};

/// Judges the first of NumPy's values.
template <class T, class Judge>
auto first_as(Judge judge) {
  return [=](std::vector<double> const& values) { return judge(static_cast<T>(values.at(0))); };
}

template <class T>
contest sum_contest(hall& h) {
  auto const x = h.memory.fill<T>();
  auto const a = h.borrowed<T>(arrays::x);
  index_t const n = a->size();
  auto const term = [=](index_t i) { return static_cast<long double>(x(arrays::x, i)); };
  long double const expected = total(n, term);
  long double const magnitude = total(n, [=](index_t i) { return std::abs(term(i)); });
  auto const judge = [=](role part) { return near<T>(part, n, expected, magnitude); };

  contest c{h.memory.bytes(), {}, at_memory_speed};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return sum(*a); }, judge(role::ours)));
  T const* const p = a->parts()[0].data;
  for (auto const& other : peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { return other.sum(p, n); }, judge(role::peer)));
  if (h.python) c.contestants.push_back(numpy_entry(h, "sum", numpy_type<T>, first_as<T>(judge(role::peer))));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

template <class T>
contest dot_contest(hall& h) {
  auto const x = h.memory.fill<T>();
  auto const a = h.borrowed<T>(arrays::x), b = h.borrowed<T>(arrays::y);
  index_t const n = a->size();
  auto const term = [=](index_t i) {
    return static_cast<long double>(x(arrays::x, i)) * static_cast<long double>(x(arrays::y, i));
  };
  long double const expected = total(n, term);
  long double const magnitude = total(n, [=](index_t i) { return std::abs(term(i)); });
  auto const judge = [=](role part) { return near<T>(part, n, expected, magnitude); };

  contest c{2 * h.memory.bytes(), {}, at_memory_speed};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return dot(*a, *b); }, judge(role::ours)));
  T const* const p = a->parts()[0].data;
  T const* const q = b->parts()[0].data;
  for (auto const& other : peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { return other.dot(p, q, n); }, judge(role::peer)));
  if (h.python) c.contestants.push_back(numpy_entry(h, "dot", numpy_type<T>, first_as<T>(judge(role::peer))));
  c.contestants.push_back(read_ceiling(h.memory, 2));
  return c;
}

template <class T>
contest statistics_contest(hall& h) {
  auto const a = h.borrowed<T>(arrays::x);
  statistics_oracle<T> const judge(h.memory.fill<T>(), a->size());
  contest c{h.memory.bytes(), {}, {{"prorata sum", 0.5}}};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return statistics(*a); }, judge));
  c.contestants.push_back(entry(
      "prorata sum", role::yardstick, [=] { return sum(*a); }, [](T) { return verdict{true}; }));
  if (h.python) {
    auto const ask = [&h] { return h.python.ask("statistics", numpy_type<T>); };
    c.contestants.push_back({"NumPy, 6 passes", role::peer,
                             [=] {
                               auto const v = ask().values;
                               return judge.loosely(v.at(0), v.at(1), static_cast<T>(v.at(2)),
                                                    static_cast<T>(v.at(3)), static_cast<index_t>(v.at(4)),
                                                    static_cast<index_t>(v.at(5)));
                             },
                             [=] { return ask().seconds; }});
  }
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

/// f(x, n, keep) with its last argument, or nothing where there is no f.
template <class Answer>
std::function<Answer(float const*, index_t)> ask_with(Answer (*f)(float const*, std::int64_t, above),
                                                      above keep) {
  if (f == nullptr) return {};
  return [=](float const* x, index_t n) { return f(x, n, keep); };
}

/// What can be asked about all elements: ours(array), and theirs(peer) for those who have an answer.
template <class Answer, class Ours, class Theirs>
contest question(hall& h, Answer expected, Ours ours, Theirs theirs, std::string const& numpy_verb) {
  h.memory.fill<float>();
  auto const a = h.borrowed<float>(arrays::x);
  float const* const x = a->parts()[0].data;
  auto const judge = [=](Answer found) { return found == expected; };
  contest c{h.memory.bytes(), {}, at_memory_speed};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return ours(*a); }, judge));
  for (auto const& other : selection_peers())
    if (std::function<Answer(float const*, index_t)> const ask = theirs(other))
      c.contestants.push_back(entry(
          other.name, role::peer, [=, n = a->size()] { return ask(x, n); }, judge));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, numpy_verb, numpy_type<float>, first_as<Answer>(judge)));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

contest count_contest(hall& h) {
  above const kept{0.98f};
  auto const values = drawn_values(h.memory.fill<float>(), arrays::x, h.borrowed<float>(arrays::x)->size());
  return question<index_t>(
      h, std::count_if(values.begin(), values.end(), kept), [=](auto const& x) { return count_if(x, kept); },
      [=](selection_peer const& p) { return ask_with(p.count_if, kept); }, "count:0.98");
}

/// Whether any is above what none is: everyone has to look at all.
contest any_contest(hall& h) {
  above const none{1};
  return question<bool>(
      h, false, [=](auto const& x) { return any_of(x, none); },
      [=](selection_peer const& p) { return ask_with(p.any_of, none); }, "any:1");
}

contest argmax_contest(hall& h) {
  auto const values = drawn_values(h.memory.fill<float>(), arrays::x, h.borrowed<float>(arrays::x)->size());
  return question<index_t>(
      h, std::max_element(values.begin(), values.end()) - values.begin(),
      [](auto const& x) { return argmax(x); }, [](selection_peer const& p) { return p.argmax; }, "argmax");
}

}  // namespace

void add_reductions(hall& h) {
  h.add("reduce/sum/f32", [&h] { return sum_contest<float>(h); });
  h.add("reduce/sum/f64", [&h] { return sum_contest<double>(h); });
  h.add("reduce/sum/i64", [&h] { return sum_contest<std::int64_t>(h); });
  h.add("reduce/dot/f32", [&h] { return dot_contest<float>(h); });
  h.add("reduce/dot/f64", [&h] { return dot_contest<double>(h); });
  h.add("reduce/dot/i64", [&h] { return dot_contest<std::int64_t>(h); });
  h.add("reduce/statistics/f32", [&h] { return statistics_contest<float>(h); });
  h.add("reduce/count if/f32", [&h] { return count_contest(h); });
  h.add("reduce/any of/f32", [&h] { return any_contest(h); });
  h.add("reduce/argmax/f32", [&h] { return argmax_contest(h); });
  h.add("reduce/statistics/f64", [&h] { return statistics_contest<double>(h); });
}

}  // namespace prorata::bench
