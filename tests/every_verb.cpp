// The calls of every_verb.hpp, compiled once for the tests that make them.
#include <cstring>
#include <memory>
#include <numeric>
#include <prorata/distributed_map.hpp>
#include <prorata/prorata.hpp>
#include <prorata/rebalance.hpp>
#include <span>
#include <tests/every_verb.hpp>
#include <tests/scattered.hpp>
#include <tuple>
#include <type_traits>

namespace prorata::tests {

caller_memory::caller_memory(index_t elements) : n(elements) {
  auto const size = static_cast<std::size_t>(n);
  for (auto* column : {&x, &y, &low, &high, &out}) column->resize(size);
  for (auto* column : {&keys, &runs, &flags}) column->resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    auto const place = static_cast<index_t>(i);
    x[i] = static_cast<double>(stirred(place, 1) % 5000) / 8 - 100;
    y[i] = static_cast<double>(stirred(place, 2) % 5000) / 8 + 1;
    low[i] = static_cast<double>(i);
    high[i] = static_cast<double>(i) * 2 - 1000;
    keys[i] = static_cast<std::int32_t>(stirred(place, 3) % 100);
    runs[i] = static_cast<std::int32_t>(i / 5);
    flags[i] = static_cast<std::int32_t>(stirred(place, 4) % 3);
  }
}

bytes caller_memory::everything() const {
  bytes all;
  auto const append = [&](auto const& column) {
    auto const* const from = reinterpret_cast<std::byte const*>(column.data());
    all.insert(all.end(), from, from + column.size() * sizeof column[0]);
  };
  for (auto const* column : {&x, &y, &low, &high, &out}) append(*column);
  for (auto const* column : {&keys, &runs, &flags}) append(*column);
  return all;
}

void caller_memory::scribble() {
  for (auto* column : {&x, &y, &low, &high, &out}) std::fill(column->begin(), column->end(), -77.0);
  for (auto* column : {&keys, &runs, &flags}) std::fill(column->begin(), column->end(), 55);
  factor = -9;
}

namespace {

namespace answers {
template <class T>
requires std::is_arithmetic_v<T>
void append(bytes& all, T const& number) {
  auto const* const from = reinterpret_cast<std::byte const*>(&number);
  all.insert(all.end(), from, from + sizeof number);
}
template <class T>
void append(bytes& all, std::vector<T> const& list) {
  for (T const& one : list) append(all, one);
}
template <class T>
void append(bytes& all, distributed_array<T, host::stream> const& x) {
  std::vector<T> list(static_cast<std::size_t>(x.size()));
  copy_out(x, std::span(list));
  append(all, list);
}
inline void append(bytes& all, histogram_counts const& h) {
  append(all, h.edges), append(all, h.counts), append(all, h.below), append(all, h.above), append(all, h.nan);
}
}  // namespace answers

template <class... Part>
answer gave(Part... parts) {
  auto const kept = std::make_shared<std::tuple<Part...>>(std::move(parts)...);
  return [kept] {
    bytes all;
    std::apply([&](auto const&... part) { (answers::append(all, part), ...); }, *kept);
    return all;
  };
}

struct twice_plus_one {
  double operator()(index_t i) const { return static_cast<double>(2 * i + 1); }
};
struct sum_of {
  double operator()(double a, double b) const { return a + b; }
};
struct both_positive {
  bool operator()(double a, double b) const { return a > 0 && b > 100; }
};
struct by_place {
  int ranks;
  int operator()(double, index_t i) const {
    return static_cast<int>(stirred(i, 7) % static_cast<std::uint64_t>(ranks));
  }
};

}  // namespace

std::vector<verb_call> const& every_verb() {
  using T = host_team const&;
  using M = caller_memory&;
  static auto const view = [](T team, auto& column) { return borrow(team, std::span(column)); };
  static auto const weights = [](T team) {
    std::vector<double> w(static_cast<std::size_t>(team.ranks()));
    std::iota(w.begin(), w.end(), 1.0);
    return w;
  };
  static auto const own = [](T team, M m) {  // an array that owns its memory
    auto a = make_array<double>(team, m.n);
    copy_in(a, std::span<double const>(m.x));
    return a;
  };
  static auto const of_map = [](T t, M m,
                                auto const& operation) {  // and what the map has of the keys afterwards
    m.out = m.x;
    auto const k = view(t, m.keys);
    auto v = view(t, m.out);
    distributed_map<std::int32_t, double> map(t, {weights(t)});
    index_t const count = operation(map, k, v);
    auto found = make_array<double>(t, m.n);
    map.find(k, found, -1.0);
    return gave(count, std::move(found));
  };
  static auto const learned = [](auto const& a) {  // rank r needs r + 1 times as long as rank 0
    balancer balance(a.team().ranks());
    std::vector<index_t> elements;
    std::vector<double> seconds;
    for (int r = 0; r < a.team().ranks(); ++r) {
      elements.push_back(a.partition().size(r));
      seconds.push_back(static_cast<double>((r + 1) * std::max<index_t>(elements.back(), 1)));
    }
    balance.learn(elements, seconds);
    return balance;
  };
  static auto const plan = [](index_t n) { return bin_edges::even({-200, 600, n}, true); };
  static std::vector<verb_call> const all{
      {"copy_in",
       [](T t, M m) {
         auto a = make_array<double>(t, m.n);
         copy_in(a, std::span<double const>(m.x));
         return gave(std::move(a));
       }},
      {"copy_out",
       [](T t, M m) {
         auto const a = own(t, m);
         copy_out(a, std::span(m.out));
         return gave();
       }},
      {"generate",
       [](T t, M m) {
         auto out = view(t, m.out);
         generate(out, twice_plus_one{});
         return gave();
       }},
      {"generate with a functor that refers to its caller's variable",
       [](T t, M m) {
         auto a = make_array<double>(t, m.n);
         generate(a, [&m](index_t i) { return m.factor * static_cast<double>(i); });
         return gave(std::move(a));
       }},
      {"fill",
       [](T t, M m) {
         auto out = view(t, m.out);
         fill(out, 2.5);
         return gave();
       }},
      {"transform",
       [](T t, M m) {
         auto out = view(t, m.out);
         transform(out, sum_of{}, view(t, m.x), view(t, m.y));
         return gave();
       }},
      {"transform into an array that owns its memory",
       [](T t, M m) {
         auto a = make_array<double>(t, m.n);
         transform(a, negated{}, view(t, m.x));
         return gave(std::move(a));
       }},
      {"transform with a functor that refers to its caller's variable",
       [](T t, M m) {
         auto a = own(t, m);
         transform(
             a, [&m](double x) { return m.factor * x; }, a);
         return gave(std::move(a));
       }},
      {"for_each",
       [](T t, M m) {
         auto x = view(t, m.x);
         for_each(x, add_one{});
         return gave();
       }},
      {"for_each with a functor that refers to its caller's variable",
       [](T t, M m) {
         auto a = own(t, m);
         for_each(a, [&m](double& x) { x *= m.factor; });
         return gave(std::move(a));
       }},
      {"run_reduction",
       [](T t, M m) { return gave(run_reduction(ordered<plus<double>>{}, identity{}, view(t, m.x))); }},
      {"transform_reduce",
       [](T t, M m) {
         return gave(transform_reduce([&m](double x) { return m.factor * x; }, plus<double>{}, view(t, m.x)));
       }},
      {"reduce", [](T t, M m) { return gave(reduce(plus<double>{}, view(t, m.x))); }},
      {"reduce with a callable of the caller's",
       [](T t, M m) {
         auto const f = [&m](double a, double b) { return m.factor > 0 ? std::max(a, b) : 0; };
         return gave(reduce(f, view(t, m.x), 1.0));
       }},
      {"sum", [](T t, M m) { return gave(sum(view(t, m.x))); }},
      {"product", [](T t, M m) { return gave(product(view(t, m.y))); }},
      {"dot", [](T t, M m) { return gave(dot(view(t, m.x), view(t, m.y))); }},
      {"norm", [](T t, M m) { return gave(norm(view(t, m.x))); }},
      {"statistics",
       [](T t, M m) {
         auto const s = statistics(view(t, m.x));
         return gave(s.sum, s.m2, s.min, s.max, s.argmin, s.argmax);
       }},
      {"mean", [](T t, M m) { return gave(mean(view(t, m.x))); }},
      {"variance", [](T t, M m) { return gave(variance(view(t, m.x))); }},
      {"deviation", [](T t, M m) { return gave(deviation(view(t, m.x))); }},
      {"weighted_statistics",
       [](T t, M m) {
         auto const s = weighted_statistics(view(t, m.x), view(t, m.y));
         return gave(s.weight, s.sum, s.m2);
       }},
      {"weighted_mean", [](T t, M m) { return gave(weighted_mean(view(t, m.x), view(t, m.y))); }},
      {"weighted_variance", [](T t, M m) { return gave(weighted_variance(view(t, m.x), view(t, m.y))); }},
      {"minmax",
       [](T t, M m) {
         auto const e = minmax(view(t, m.x));
         return gave(e.min, e.max, e.argmin, e.argmax);
       }},
      {"min", [](T t, M m) { return gave(prorata::min(view(t, m.x))); }},
      {"max", [](T t, M m) { return gave(prorata::max(view(t, m.x))); }},
      {"argmin", [](T t, M m) { return gave(argmin(view(t, m.x))); }},
      {"argmax", [](T t, M m) { return gave(argmax(view(t, m.x))); }},
      {"exact_sum_of", [](T t, M m) { return gave(exact_sum_of(view(t, m.x))); }},
      {"exact_mean_of", [](T t, M m) { return gave(exact_mean_of(view(t, m.x))); }},
      {"exact_variance_of", [](T t, M m) { return gave(exact_variance_of(view(t, m.x))); }},
      {"exact_deviation_of", [](T t, M m) { return gave(exact_deviation_of(view(t, m.x))); }},
      {"exact_dot_of", [](T t, M m) { return gave(exact_dot_of(view(t, m.x), view(t, m.y))); }},
      {"exact_weighted_mean_of",
       [](T t, M m) { return gave(exact_weighted_mean_of(view(t, m.x), view(t, m.y))); }},
      {"count_if", [](T t, M m) { return gave(count_if(view(t, m.x), positive{})); }},
      {"any_of", [](T t, M m) { return gave(any_of(view(t, m.x), positive{})); }},
      {"all_of", [](T t, M m) { return gave(all_of(view(t, m.y), positive{})); }},
      {"transform_inclusive_scan",
       [](T t, M m) {
         auto out = view(t, m.out);
         transform_inclusive_scan(
             out, [&m](double x) { return m.factor * x; }, plus<double>{}, view(t, m.x));
         return gave();
       }},
      {"transform_inclusive_scan from a value",
       [](T t, M m) {
         auto out = view(t, m.out);
         transform_inclusive_scan(out, negated{}, plus<double>{}, view(t, m.x), 5.0);
         return gave();
       }},
      {"transform_exclusive_scan",
       [](T t, M m) {
         auto out = view(t, m.out);
         transform_exclusive_scan(out, negated{}, plus<double>{}, view(t, m.x), 5.0);
         return gave();
       }},
      {"inclusive_scan",
       [](T t, M m) {
         auto a = make_array<double>(t, m.n);
         inclusive_scan(a, plus<double>{}, view(t, m.x));
         return gave(std::move(a));
       }},
      {"inclusive_scan with an operation of the caller's, from a value",
       [](T t, M m) {
         auto a = own(t, m);
         inclusive_scan(
             a, [&m](double p, double q) { return m.factor > 0 ? std::max(p, q) : 0; }, a, 2.0);
         return gave(std::move(a));
       }},
      {"exclusive_scan",
       [](T t, M m) {
         auto x = view(t, m.x);
         exclusive_scan(x, plus<double>{}, x, 0.0);
         return gave();
       }},
      {"sort",
       [](T t, M m) {
         auto x = view(t, m.x);
         sort(x);
         return gave();
       }},
      {"sort_by_key",
       [](T t, M m) {
         auto keys = view(t, m.keys);
         auto x = view(t, m.x);
         sort_by_key(keys, x);
         return gave();
       }},
      {"argsort", [](T t, M m) { return gave(argsort(view(t, m.x))); }},
      {"merge", [](T t, M m) { return gave(merge(view(t, m.low), view(t, m.high))); }},
      {"is_sorted", [](T t, M m) { return gave(is_sorted(view(t, m.low))); }},
      {"copy_if", [](T t, M m) { return gave(copy_if(view(t, m.x), positive{})); }},
      {"copy_if of two", [](T t, M m) { return gave(copy_if(view(t, m.x), both_positive{}, view(t, m.y))); }},
      {"copy_if_into",
       [](T t, M m) {
         auto room = view(t, m.out);
         return gave(copy_if_into(room, view(t, m.x), positive{}).size());
       }},
      {"copy_if_into, and a verb of the view",
       [](T t, M m) {
         auto room = view(t, m.out);
         auto kept = copy_if_into(room, view(t, m.x), positive{});
         for_each(kept, add_one{});
         return gave();
       }},
      {"copy_flagged", [](T t, M m) { return gave(copy_flagged(view(t, m.x), view(t, m.flags))); }},
      {"indices_where", [](T t, M m) { return gave(indices_where(view(t, m.x), positive{})); }},
      {"indices_where flags are set", [](T t, M m) { return gave(indices_where(view(t, m.flags))); }},
      {"partition_copy",
       [](T t, M m) {
         auto h = partition_copy(view(t, m.x), positive{});
         return gave(std::move(h.kept), std::move(h.rest));
       }},
      {"partition_flagged",
       [](T t, M m) {
         auto h = partition_flagged(view(t, m.x), view(t, m.flags));
         return gave(std::move(h.kept), std::move(h.rest));
       }},
      {"run_lengths",
       [](T t, M m) {
         auto r = run_lengths(view(t, m.runs));
         return gave(std::move(r.values), std::move(r.begins), std::move(r.lengths));
       }},
      {"transform_reduce_by_key",
       [](T t, M m) {
         auto const f = [&m](double x) { return m.factor * x; };
         auto r = transform_reduce_by_key(view(t, m.runs), f, plus<double>{}, view(t, m.x));
         return gave(std::move(r.keys), std::move(r.values));
       }},
      {"reduce_by_key",
       [](T t, M m) {
         auto r = reduce_by_key(view(t, m.runs), view(t, m.x), multiplies<double>{});
         return gave(std::move(r.keys), std::move(r.values));
       }},
      {"sum_by_key",
       [](T t, M m) {
         auto r = sum_by_key(view(t, m.runs), view(t, m.x));
         return gave(std::move(r.keys), std::move(r.values));
       }},
      {"exact_sum_by_key",
       [](T t, M m) {
         auto r = exact_sum_by_key(view(t, m.runs), view(t, m.x));
         return gave(std::move(r.keys), std::move(r.values));
       }},
      {"unique", [](T t, M m) { return gave(unique(view(t, m.keys))); }},
      {"unique_counts",
       [](T t, M m) {
         auto r = unique_counts(view(t, m.keys));
         return gave(std::move(r.values), std::move(r.lengths));
       }},
      {"unique_index",
       [](T t, M m) {
         auto r = unique_index(view(t, m.keys));
         return gave(std::move(r.values), std::move(r.counts), std::move(r.first));
       }},
      {"unique_all",
       [](T t, M m) {
         auto r = unique_all(view(t, m.keys));
         return gave(std::move(r.values), std::move(r.counts), std::move(r.first), std::move(r.inverse));
       }},
      {"topk",
       [](T t, M m) {
         auto r = topk(view(t, m.x), 20);
         return gave(r.values, r.indices);
       }},
      {"nth_elements",
       [](T t, M m) {
         return gave(nth_elements(view(t, m.x), {0, m.n / 3}));
       }},
      {"quantiles",
       [](T t, M m) {
         return gave(quantiles(view(t, m.x), {0.1, 0.7}));
       }},
      {"quantile", [](T t, M m) { return gave(quantile(view(t, m.x), 0.3)); }},
      {"median", [](T t, M m) { return gave(median(view(t, m.x))); }},
      {"histogram", [](T t, M m) { return gave(histogram(view(t, m.x), plan(30))); }},
      {"histogram of even bins",
       [](T t, M m) {
         return gave(histogram(view(t, m.x), even_bins{0, 300, 9}));
       }},
      {"histogram over the span", [](T t, M m) { return gave(histogram(view(t, m.x), index_t{20})); }},
      {"histogram of own edges",
       [](T t, M m) {
         std::vector<double> const edges{-50, 0, 10, 200};
         return gave(histogram(view(t, m.x), std::span(edges)));
       }},
      {"weighted_histogram",
       [](T t, M m) {
         auto const h = weighted_histogram(view(t, m.x), view(t, m.y), plan(30));
         return gave(h.elements, h.weights);
       }},
      {"weighted_histogram of even bins",
       [](T t, M m) {
         return gave(weighted_histogram(view(t, m.x), view(t, m.y), even_bins{0, 300, 9}).weights);
       }},
      {"weighted_histogram over the span",
       [](T t, M m) { return gave(weighted_histogram(view(t, m.x), view(t, m.y), index_t{20}).weights); }},
      {"weighted_histogram of own edges",
       [](T t, M m) {
         std::vector<double> const edges{-50, 0, 10, 200};
         return gave(weighted_histogram(view(t, m.x), view(t, m.y), std::span(edges)).weights);
       }},
      {"group_by",
       [](T t, M m) {
         auto g = group_by(view(t, m.keys), view(t, m.x), aggregate::all);
         return gave(std::move(g.keys), std::move(g.counts), std::move(g.sums), std::move(g.means),
                     std::move(g.variances), std::move(g.minima), std::move(g.maxima));
       }},
      {"group_by of keys alone",
       [](T t, M m) {
         auto g = group_by(view(t, m.keys));
         return gave(std::move(g.keys), std::move(g.counts));
       }},
      {"insert",
       [](T t, M m) { return of_map(t, m, [](auto& map, auto& k, auto& v) { return map.insert(k, v); }); }},
      {"insert_or_assign",
       [](T t, M m) {
         return of_map(t, m, [](auto& map, auto& k, auto& v) { return map.insert_or_assign(k, v); });
       }},
      {"accumulate",
       [](T t, M m) {
         return of_map(t, m, [](auto& map, auto& k, auto& v) { return map.accumulate(k, v); });
       }},
      {"find_or_insert",
       [](T t, M m) {
         return of_map(t, m, [](auto& map, auto& k, auto& v) { return map.find_or_insert(k, v); });
       }},
      {"erase",
       [](T t, M m) {
         return of_map(t, m, [](auto& map, auto& k, auto& v) { return map.insert(k, v) + map.erase(k); });
       }},
      {"redistribute",
       [](T t, M m) { return gave(redistribute(view(t, m.x), partition_by_weights(m.n, weights(t)))); }},
      {"learn_round",
       [](T t, M m) {
         auto a = own(t, m);
         balancer balance(t.ranks());
         learn_round(balance, a, [&] { for_each(a, [&m](double& x) { x *= m.factor; }); });
         return gave(std::move(a));
       }},
      {"rebalance",
       [](T t, M m) {
         auto a = own(t, m), b = own(t, m);
         auto balance = learned(a);
         rebalance(balance, a, b);
         return gave(std::move(a), std::move(b));
       }},
      {"rebalance_plan",
       [](T t, M m) {
         auto const a = own(t, m);
         return gave(rebalance_plan(learned(a), a).cuts.n);
       }},
      {"distribute_by", [](T t, M m) { return gave(distribute_by(view(t, m.x), by_place{t.ranks()})); }},
      {"distribute_by a rule that refers to its caller's variable",
       [](T t, M m) {
         auto const a = own(t, m);
         return gave(distribute_by(
             a, [&m, last = t.ranks() - 1](double x, index_t) { return m.factor * x > 0 ? last : 0; }));
       }},
      {"distribute_by_hash",
       [](T t, M m) { return gave(distribute_by_hash(view(t, m.x), slot_table(weights(t), 9))); }},
      {"distribute_by_range",
       [](T t, M m) {
         std::vector<double> splitters(static_cast<std::size_t>(t.ranks() - 1));
         std::iota(splitters.begin(), splitters.end(), 100);
         return gave(distribute_by_range(view(t, m.x), splitters));
       }},
      {"range_splitters",
       [](T t, M m) {
         auto ranges = range_splitters(view(t, m.x), weights(t), 500);
         return gave(std::move(ranges.splitters), std::move(ranges.owners));
       }},
      {"distribute_by_range over the ranks that have a weight",
       [](T t, M m) {
         std::vector<double> weights(static_cast<std::size_t>(t.ranks()), 0.0);
         weights.front() = 1;
         return gave(distribute_by_range(view(t, m.x), range_splitters(view(t, m.x), weights, 500)));
       }},
      {"deal", [](T t, M m) { return gave(deal(view(t, m.x), block_cyclic(m.n, t.ranks(), 7))); }},
      {"collect",
       [](T t, M m) {
         block_cyclic const turns(m.n, t.ranks(), 7);
         std::vector<index_t> sizes;
         for (int r = 0; r < t.ranks(); ++r) sizes.push_back(turns.size(r));
         auto const dealt = borrow(t, std::span(m.x), partition_by_sizes(sizes));
         return gave(collect(dealt, turns, partition_by_weights(m.n, weights(t))));
       }},
  };
  return all;
}

}  // namespace prorata::tests
