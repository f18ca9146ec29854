// stream_query: what is asked of a stream: filters, maps, a key, windows and aggregates, as one loop over its records.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <prorata/config.hpp>
#include <prorata/error.hpp>
#include <prorata/windows.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace prorata {

/// Windows of which the kind is known to the compiler.
template <window_kind... Kinds>
struct rule_of : window_rule {
  ///   throws  usage_error
  explicit rule_of(window_kind kind, std::int64_t size, std::int64_t step = 0)
      : window_rule(kind, size, step) {
    require(((kind == Kinds) || ...), "these windows are of another kind than their type says");
  }
};
using grid_rule = rule_of<window_kind::tumbling, window_kind::sliding>;
using session_rule = rule_of<window_kind::session>;
using count_rule = rule_of<window_kind::count>;
template <class Rule>
concept stream_windows =
    std::same_as<Rule, grid_rule> || std::same_as<Rule, session_rule> || std::same_as<Rule, count_rule>;

/// [k·size, (k + 1)·size)
inline grid_rule tumbling(std::int64_t size) { return grid_rule(window_kind::tumbling, size); }
/// [k·step, k·step + size)
inline grid_rule sliding(std::int64_t size, std::int64_t step) {
  return grid_rule(window_kind::sliding, size, step);
}
/// Of a key: until nothing has come for `gap`.
inline session_rule sessions(std::int64_t gap) { return session_rule(window_kind::session, gap); }
/// Of a key: so many records in the order of their times.
inline count_rule batches_of(std::int64_t records) { return count_rule(window_kind::count, records); }

/// A member as a function that the compiler knows: of records in columns nothing but this member is read. (&click::ad
/// does the same for records in rows, but of columns every one is read.)
///   example  .key_by(member<&click::ad>)
template <auto Member>
struct member_of {
  template <class Record>
  constexpr auto operator()(Record const& r) const {
    return r.*Member;
  }
};
template <auto Member>
inline constexpr member_of<Member> member{};

/// The key of a query without one.
enum class no_key : unsigned char { all };

namespace detail {

/// Keys that are views of text are kept as texts.
template <class K>
using kept_key = std::conditional_t<std::is_convertible_v<K const&, std::string_view>, std::string, K>;

struct every_record {
  bool operator()(auto const&) const { return true; }
};
template <class First, class Then>
struct both {
  First first;
  Then then;
  bool operator()(auto const& r) const { return std::invoke(first, r) && std::invoke(then, r); }
};

/// Steps call what comes behind them with what they make of a record, or do not.
struct no_steps {
  template <class Record, class Next>
  void operator()(Record const& r, Next const& next) const {
    next(r);
  }
};
template <class Before, class P>
struct filter_step {
  Before before;
  P predicate;
  template <class Record, class Next>
  void operator()(Record const& r, Next const& next) const {
    before(r, [&](auto const& x) {
      if (std::invoke(predicate, x)) next(x);
    });
  }
};
template <class Before, class F>
struct map_step {
  Before before;
  F function;
  template <class Record, class Next>
  void operator()(Record const& r, Next const& next) const {
    before(r, [&](auto const& x) { next(std::invoke(function, x)); });
  }
};

struct constant_key {
  no_key operator()(auto const&) const { return no_key::all; }
};

}  // namespace detail

/// A query that can be run: by a stream_job.
template <class Record, class Time, class Select, class Steps, class Value, class Key, class Rule,
          class... Aggregates>
struct stream_query {
  using record_type = Record;
  using rule_type = Rule;
  using value_type = Value;
  using key_type = std::remove_cvref_t<std::invoke_result_t<Key const&, Value const&>>;
  using state_type = std::tuple<typename Aggregates::state...>;

  Time time;
  Select select;  ///< asked first, of records as they come
  Steps steps;
  Key key;
  Rule rule;
  std::tuple<Aggregates...> aggregates;

  void add(state_type& state, Value const& x) const {
    each([&](auto const& a, auto& s) { a.add(s, x); }, state);
  }
  void merge(state_type& state, state_type const& other) const {
    [&]<std::size_t... A>(std::index_sequence<A...>) {
      (std::get<A>(aggregates).merge(std::get<A>(state), std::get<A>(other)), ...);
    }
    (std::index_sequence_for<Aggregates...>());
  }
  /// sink(window, key, answer, answer …); without a key, sink(window, answer, answer …).
  template <class Sink, class K>
  void give(Sink& sink, window_bounds const& window, K const& k, state_type const& state) const {
    [&]<std::size_t... A>(std::index_sequence<A...>) {
      if constexpr (std::is_same_v<key_type, no_key>)
        sink(window, std::get<A>(aggregates).result(std::get<A>(state))...);
      else
        sink(window, k, std::get<A>(aggregates).result(std::get<A>(state))...);
    }
    (std::index_sequence_for<Aggregates...>());
  }

 private:
  template <class F>
  void each(F const& f, state_type& state) const {
    [&]<std::size_t... A>(std::index_sequence<A...>) {
      (f(std::get<A>(aggregates), std::get<A>(state)), ...);
    }
    (std::index_sequence_for<Aggregates...>());
  }
};

/// A query that is being written: events<Record>(time) and what follows it.
///   functions  of a record, or of what a map made of it; called once a record as a rule, on several threads at a time
template <class Record, class Time, class Select, class Steps, class Value, class Key>
class stream_steps {
 public:
  stream_steps(Time time, Select select, Steps steps, Key key)
      : time_(std::move(time)), select_(std::move(select)), steps_(std::move(steps)), key_(std::move(key)) {}

  /// Goes on with the records for which predicate(record) holds.
  template <class P>
  requires std::predicate<P const&, Value const&>
  auto filter(P predicate) const {
    if constexpr (std::is_same_v<Steps, detail::no_steps>) {
      using selected =
          std::conditional_t<std::is_same_v<Select, detail::every_record>, P, detail::both<Select, P>>;
      auto const select = [&]() -> selected {
        if constexpr (std::is_same_v<selected, P>)
          return predicate;
        else
          return {select_, predicate};
      };
      return stream_steps<Record, Time, selected, Steps, Value, Key>(time_, select(), steps_, key_);
    } else {
      using longer = detail::filter_step<Steps, P>;
      return stream_steps<Record, Time, Select, longer, Value, Key>(
          time_, select_, longer{steps_, std::move(predicate)}, key_);
    }
  }

  /// Goes on with f(record). Its time stays that of the record.
  template <class F>
  requires std::invocable<F const&, Value const&>
  auto map(F f) const {
    static_assert(std::is_same_v<Key, detail::constant_key>, "map comes before key_by");
    using longer = detail::map_step<Steps, F>;
    using made = std::remove_cvref_t<std::invoke_result_t<F const&, Value const&>>;
    return stream_steps<Record, Time, Select, longer, made, Key>(time_, select_, longer{steps_, std::move(f)},
                                                                 key_);
  }

  /// Windows are those of each key: an integer, a text, or what has an order and a std::hash. No float: a NaN is not
  /// equal to itself; key by its bits, or by an integer that it is rounded to.
  template <class F>
  requires std::invocable<F const&, Value const&>
  auto key_by(F key) const {
    static_assert(
        !std::is_floating_point_v<std::remove_cvref_t<std::invoke_result_t<F const&, Value const&>>>,
        "a float is no key: NaN is not equal to itself");
    return stream_steps<Record, Time, Select, Steps, Value, F>(time_, select_, steps_, std::move(key));
  }

  /// What is asked of each window: aggregates of per_window.
  template <stream_windows Rule, class... Aggregates>
  auto aggregate(Rule const& rule, Aggregates const&... aggregates) const {
    static_assert(sizeof...(Aggregates) > 0, "aggregate: name one, as per_window::count()");
    return stream_query<Record, Time, Select, Steps, Value, Key, Rule,
                        decltype(aggregates.template bind<Value>())...>{
        time_, select_, steps_, key_, rule, {aggregates.template bind<Value>()...}};
  }

 private:
  Time time_;
  Select select_;
  Steps steps_;
  Key key_;
};

/// Begins a query of records, of which time(record), or a member, is when they happened: within 2^61 of any unit.
template <class Record, class Time>
requires std::invocable<Time const&, Record const&>
auto events_of(Time time) {
  return stream_steps<Record, Time, detail::every_record, detail::no_steps, Record, detail::constant_key>(
      std::move(time), {}, {}, {});
}

}  // namespace prorata
