// per_window: aggregates of the records of a key and window, for stream_query::aggregate().
//
// An aggregate is a type with a state that is empty when it is made, and
//   void add(state&, record const&) const
//   void merge(state&, state const&) const    what two threads or panes have gathered
//   auto result(state const&) const
// The order in which records come and states are merged is not fixed: where the result does not depend on it, as with
// all that are here, results are the same for every number of threads and every batch.
#pragma once

#include <algorithm>
#include <bit>
#include <functional>
#include <memory>
#include <prorata/error.hpp>
#include <prorata/groups.hpp>
#include <prorata/quantile_rule.hpp>
#include <prorata/total_order.hpp>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace prorata::per_window {

namespace detail {

/// The exact sum of values. Those of one band of exponents are in one state; the rare key whose values lie in several
/// has more of them elsewhere.
template <addend Kind, int Moments>
class exact_moments {
 public:
  exact_moments() = default;
  exact_moments(exact_moments&&) noexcept = default;
  exact_moments& operator=(exact_moments&&) noexcept = default;
  exact_moments(exact_moments const& other) : one_(other.one_) {
    if (other.more_) more_ = std::make_unique<std::vector<state>>(*other.more_);
  }
  exact_moments& operator=(exact_moments const& other) { return *this = exact_moments(other); }

  void add(std::uint64_t word) {
    std::int32_t const unit = state::unit_of(word, 0);
    if (unit == one_.unit || unit == state::no_unit) [[likely]]
      one_.deposit(word);
    else if (one_.unit == state::no_unit)
      one_.unit = unit, one_.deposit(word);
    else
      of_unit(unit).deposit(word);
  }
  void merge(exact_moments const& other) {
    merge(other.one_);
    if (other.more_)
      for (state const& s : *other.more_) merge(s);
  }
  group_answer answer(std::int64_t ddof) const {
    index_t const bands = more_ ? 1 + std::ssize(*more_) : 1;
    auto const at = [&](index_t k) -> state const& {
      return k == 0 ? one_ : (*more_)[static_cast<std::size_t>(k - 1)];
    };
    return finished_group<state>(at, bands, ddof);
  }

 private:
  using state = group_state<Kind, Moments, false>;

  void merge(state const& s) {
    if (one_.meets(s))
      one_.merge(s);
    else
      of_unit(s.unit).merge(s);
  }
  state& of_unit(std::int32_t unit) {
    if (!more_) more_ = std::make_unique<std::vector<state>>();
    for (state& s : *more_)
      if (s.unit == unit) return s;
    more_->push_back(state::none());
    more_->back().unit = unit;
    return more_->back();
  }

  state one_ = state::none();
  std::unique_ptr<std::vector<state>> more_;
};

template <class F, class Record>
using value_of = std::remove_cvref_t<std::invoke_result_t<F const&, Record const&>>;

}  // namespace detail

/// How many records: index_t.
struct count {
  template <class Record>
  struct of {
    using state = index_t;
    void add(state& s, Record const&) const { ++s; }
    void merge(state& s, state const& other) const { s += other; }
    index_t result(state const& s) const { return s; }
  };
  template <class Record>
  of<Record> bind() const {
    return {};
  }
};

/// The sum of f(record): of floats a double, that of the true values, rounded once; of integers std::int64_t or
/// std::uint64_t, modulo 2^64.
template <class F>
struct sum {
  F f;
  explicit sum(F function) : f(std::move(function)) {}

  template <class Record>
  struct of {
    using value = detail::value_of<F, Record>;
    using type = group_sum_type<value>;
    static constexpr bool is_exact = std::is_floating_point_v<value>;
    using state = std::conditional_t<is_exact, detail::exact_moments<addend::real, 1>, std::uint64_t>;
    F f;
    void add(state& s, Record const& r) const {
      if constexpr (is_exact)
        s.add(encoded_value(static_cast<double>(std::invoke(f, r))));
      else
        s += static_cast<std::uint64_t>(std::invoke(f, r));
    }
    void merge(state& s, state const& other) const {
      if constexpr (is_exact)
        s.merge(other);
      else
        s += other;
    }
    type result(state const& s) const {
      if constexpr (is_exact)
        return std::bit_cast<double>(s.answer(0).sum);
      else
        return static_cast<type>(s);
    }
  };
  template <class Record>
  of<Record> bind() const {
    return {f};
  }
};

namespace detail {
template <class F, class Record, int Moments>
struct rounded_moments {
  using value = value_of<F, Record>;
  using state = exact_moments<addend_of<value>, Moments>;
  F f;
  std::int64_t ddof = 0;
  void add(state& s, Record const& r) const { s.add(encoded_value(std::invoke(f, r))); }
  void merge(state& s, state const& other) const { s.merge(other); }
  double result(state const& s) const {
    if constexpr (Moments == 1)
      return s.answer(0).mean;
    else
      return s.answer(ddof).variance;
  }
};
}  // namespace detail

/// The mean of f(record), that of the true values, rounded once.
template <class F>
struct mean {
  F f;
  explicit mean(F function) : f(std::move(function)) {}
  template <class Record>
  detail::rounded_moments<F, Record, 1> bind() const {
    return {f};
  }
};

/// The variance of f(record), Σ(x − mean)² / (n − ddof) of the true values, rounded once; NaN where n ≤ ddof.
template <class F>
struct variance {
  F f;
  std::int64_t ddof;
  explicit variance(F function, std::int64_t d = 0) : f(std::move(function)), ddof(d) {
    require(d >= 0, "per_window::variance: ddof is at least 0");
  }
  template <class Record>
  detail::rounded_moments<F, Record, 2> bind() const {
    return {f, ddof};
  }
};

namespace detail {
template <class F, class Record, direction Which>
struct extreme {
  using value = value_of<F, Record>;
  struct state {
    bool any = false;
    value best{};
  };
  F f;
  void add(state& s, Record const& r) const { merge(s, {true, std::invoke(f, r)}); }
  void merge(state& s, state const& other) const {
    if (!other.any) return;
    if constexpr (std::is_floating_point_v<value>) {
      if (s.any && s.best != s.best) return;  // a NaN wins
      if (!s.any || other.best != other.best) {
        s = {true, other.best == other.best ? other.best : canonical_nan(other.best)};
        return;
      }
    }
    if (!s.any || total_order<value>(Which)(other.best, s.best)) s = other;
  }
  value result(state const& s) const { return s.best; }
};
}  // namespace detail

/// The least f(record): a NaN wins, −0 < +0.
template <class F>
struct min {
  F f;
  explicit min(F function) : f(std::move(function)) {}
  template <class Record>
  detail::extreme<F, Record, direction::ascending> bind() const {
    return {f};
  }
};

/// The greatest f(record): a NaN wins, −0 < +0.
template <class F>
struct max {
  F f;
  explicit max(F function) : f(std::move(function)) {}
  template <class Record>
  detail::extreme<F, Record, direction::descending> bind() const {
    return {f};
  }
};

namespace detail {
/// All values.
template <class F, class Record>
struct listed {
  using value = value_of<F, Record>;
  using state = std::vector<value>;
  F f;
  void add(state& s, Record const& r) const { s.push_back(std::invoke(f, r)); }
  void merge(state& s, state const& other) const { s.insert(s.end(), other.begin(), other.end()); }
};
}  // namespace detail

/// The q-quantile of f(record), exact: numpy.quantile's linear method; NaN where there is one.
///   memory  all values of the window
template <class F>
struct quantile {
  F f;
  double q;
  quantile(F function, double at) : f(std::move(function)), q(at) {
    require(q >= 0 && q <= 1, "per_window::quantile: from 0 to 1");
  }
  template <class Record>
  struct of : detail::listed<F, Record> {
    double q;
    double result(typename detail::listed<F, Record>::state values) const {
      using value = typename detail::listed<F, Record>::value;
      quantile_plan const plan(std::ssize(values), {q}, quantile_method::linear);
      std::vector<value> found;
      for (index_t const place : plan.places()) {
        auto const at = values.begin() + place;
        std::nth_element(values.begin(), at, values.end(), total_order<value>());
        found.push_back(*at);
      }
      return plan.finish(found).front();
    }
  };
  template <class Record>
  of<Record> bind() const {
    return {{f}, q};
  }
};

/// The k largest f(record), the largest first, NaNs last.
///   memory  2·k values
template <class F>
struct top {
  F f;
  index_t k;
  top(F function, index_t count) : f(std::move(function)), k(count) {
    require(k >= 1, "per_window::top: at least 1");
  }
  template <class Record>
  struct of : detail::listed<F, Record> {
    using base = detail::listed<F, Record>;
    using state = typename base::state;
    index_t k;
    void add(state& s, Record const& r) const {
      base::add(s, r);
      if (std::ssize(s) >= 2 * k + 16) keep_best(s);
    }
    void merge(state& s, state const& other) const {
      base::merge(s, other);
      if (std::ssize(s) >= 2 * k + 16) keep_best(s);
    }
    state result(state s) const {
      keep_best(s);
      return s;
    }

   private:
    void keep_best(state& s) const {
      auto const end = s.begin() + std::min(k, std::ssize(s));
      std::partial_sort(s.begin(), end, s.end(), total_order<typename base::value>(direction::descending));
      s.erase(end, s.end());
    }
  };
  template <class Record>
  of<Record> bind() const {
    return {{f}, k};
  }
};

namespace detail {
/// What is equal for equal values: of floats their bits, as a NaN is not equal to itself.
template <class T>
auto same_value(T const& x) {
  if constexpr (std::is_floating_point_v<T>)
    return std::bit_cast<typename total_order<T>::key_type>(prorata::detail::representative{}(x));
  else
    return x;
}
}  // namespace detail

/// How many different f(record) there are, exact: index_t.
/// As in unique, all NaNs are one value, and so are both zeros.
///   memory  all different values of the window
template <class F>
struct distinct {
  F f;
  explicit distinct(F function) : f(std::move(function)) {}
  template <class Record>
  struct of {
    using state =
        std::unordered_set<decltype(detail::same_value(std::declval<detail::value_of<F, Record>>()))>;
    F f;
    void add(state& s, Record const& r) const { s.insert(detail::same_value(std::invoke(f, r))); }
    void merge(state& s, state const& other) const { s.insert(other.begin(), other.end()); }
    index_t result(state const& s) const { return std::ssize(s); }
  };
  template <class Record>
  of<Record> bind() const {
    return {f};
  }
};

/// One of your own, from add(State&, record), merge(State&, State const&) and result(State const&); State{} is that of
/// no record.
///   order   none is fixed: add and merge should not depend on one, or results do
template <class State, class Add, class Merge, class Result>
struct fold {
  Add add_record;
  Merge merge_states;
  Result finish;
  template <class Record>
  struct of {
    using state = State;
    Add add_record;
    Merge merge_states;
    Result finish;
    void add(state& s, Record const& r) const { add_record(s, r); }
    void merge(state& s, state const& other) const { merge_states(s, other); }
    auto result(state const& s) const { return finish(s); }
  };
  template <class Record>
  of<Record> bind() const {
    return {add_record, merge_states, finish};
  }
};
template <class State, class Add, class Merge, class Result = std::identity>
fold<State, Add, Merge, Result> folded(Add add, Merge merge, Result result = {}) {
  return {std::move(add), std::move(merge), std::move(result)};
}

}  // namespace prorata::per_window
