// Distinct elements, how often each occurs, and which one is where, against other libraries.
#include <algorithm>
#include <bench/peers/selection_peers.hpp>
#include <bench/settings.hpp>
#include <memory>
#include <prorata/unique.hpp>

namespace prorata::bench {
namespace {

/// The distinct elements of x as it was drawn, and how often each occurs.
struct distinct_oracle {
  drawn<float> number;
  index_t n;
  std::vector<float> values;
  std::vector<std::int64_t> counts;

  explicit distinct_oracle(hall& h) : number(h.memory.fill<float>()), n(h.memory.bytes() / 4) {
    auto sorted = drawn_values(number, arrays::x, n);
    std::sort(sorted.begin(), sorted.end());
    for (float const v : sorted) {
      if (values.empty() || values.back() != v) {
        values.push_back(v);
        counts.push_back(0);
      }
      ++counts.back();
    }
  }

  bool are_values(index_t count, float const* found) const {
    return count == static_cast<index_t>(values.size()) && std::equal(values.begin(), values.end(), found);
  }
  bool are_counts(std::int64_t const* found) const { return std::equal(counts.begin(), counts.end(), found); }

  /// Whether inverse[i] is the number of element i, and first[k] the first index of number k.
  bool are_places(index_t const* inverse, index_t const* first) const {
    std::vector<char> met(values.size());
    for (index_t i = 0; i < n; ++i) {
      auto const k = static_cast<std::size_t>(inverse[i]);
      if (k >= values.size() || values[k] != number(arrays::x, i) || (!met[k] && first[k] != i)) return false;
      met[k] = 1;
    }
    return true;
  }

  /// NumPy's size and greatest element of an array.
  bool looks_like_values(std::vector<double> const& v) const {
    return v.at(0) == static_cast<double>(values.size()) && v.at(1) == values.back();
  }
  bool looks_like_counts(double size, double greatest) const {
    return size == static_cast<double>(values.size()) &&
           greatest == static_cast<double>(*std::max_element(counts.begin(), counts.end()));
  }
};

template <class Verb>
auto finished(hall& h, Verb verb) {
  return [verb, a = h.borrowed<float>(arrays::x)] {
    auto found = verb(*a);
    a->team().sync();
    return found;
  };
}

contest values_contest(hall& h) {
  auto const d = std::make_shared<distinct_oracle const>(h);
  float const* const x = h.memory.get<float>(arrays::x).data();
  float* const out = h.memory.get<float>(arrays::out).data();
  contest c{2 * h.memory.bytes(), {}, as_fast_as_any};
  c.contestants.push_back(
      entry("prorata", role::ours, finished(h, [](auto const& a) { return unique(a); }),
            [d](auto const& found) { return d->are_values(found.size(), found.parts()[0].data); }));
  for (auto const& other : selection_peers())
    if (other.unique != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer, [&h] { h.memory.forget(); },
          [=] { return index_t{other.unique(out, x, d->n)}; },
          [=](index_t count) { return d->are_values(count, out); }));
  if (h.python)
    c.contestants.push_back(
        numpy_entry(h, "unique", "f4", [d](auto const& v) { return d->looks_like_values(v); }));
  return c;
}

contest counts_contest(hall& h) {
  auto const d = std::make_shared<distinct_oracle const>(h);
  float const* const x = h.memory.get<float>(arrays::x).data();
  float* const out = h.memory.get<float>(arrays::out).data();
  auto const values = std::make_shared<std::vector<float>>(static_cast<std::size_t>(d->n));
  auto const counts = std::make_shared<std::vector<std::int64_t>>(static_cast<std::size_t>(d->n));
  contest c{h.memory.bytes() + static_cast<index_t>(d->values.size() * 12), {}, as_fast_as_any};
  c.contestants.push_back(entry("prorata", role::ours,
                                finished(h, [](auto const& a) { return unique_counts(a); }),
                                [d](auto const& found) {
                                  return d->are_values(found.values.size(), found.values.parts()[0].data) &&
                                         d->are_counts(found.lengths.parts()[0].data);
                                }));
  for (auto const& other : selection_peers())
    if (other.sort != nullptr && other.runs != nullptr)
      c.contestants.push_back(entry(
          other.name, role::peer, [=] { std::fill(counts->begin(), counts->end(), 0); },
          [=] {
            other.sort(out, x, d->n);
            return index_t{other.runs(values->data(), counts->data(), out, d->n)};
          },
          [=](index_t count) {
            return d->are_values(count, values->data()) && d->are_counts(counts->data());
          }));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, "unique_counts", "f4", [d](auto const& v) {
      return d->looks_like_values(v) && d->looks_like_counts(v.at(2), v.at(3));
    }));
  return c;
}

contest places_contest(hall& h) {
  auto const d = std::make_shared<distinct_oracle const>(h);
  contest c{h.memory.bytes() * 3 + static_cast<index_t>(d->values.size() * 20), {}, as_fast_as_any};
  c.contestants.push_back(
      entry("prorata", role::ours, finished(h, [](auto const& a) { return unique_all(a); }),
            [d](auto const& found) {
              return d->are_values(found.values.size(), found.values.parts()[0].data) &&
                     d->are_counts(found.counts.parts()[0].data) &&
                     d->are_places(found.inverse.parts()[0].data, found.first.parts()[0].data);
            }));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, "unique_all", "f4", [d](auto const& v) {
      return d->looks_like_values(v) && v.at(2) == static_cast<double>(d->n) &&
             v.at(3) == static_cast<double>(d->values.size() - 1) && d->looks_like_counts(v.at(4), v.at(5));
    }));
  return c;
}

}  // namespace

void add_uniques(hall& h) {
  h.add("unique/f32", [&h] { return values_contest(h); });
  h.add("unique/with counts/f32", [&h] { return counts_contest(h); });
  h.add("unique/with places/f32", [&h] { return places_contest(h); });
}

}  // namespace prorata::bench
