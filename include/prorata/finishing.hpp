// finishing: what every verb passes through, so that nothing uses what its caller owns once it has returned.
#pragma once

#include <algorithm>
#include <prorata/array.hpp>
#include <type_traits>
#include <utility>

namespace prorata {

/// A functor of which the caller says that it refers to nothing that may go away, so that verbs given it may
/// return before their work is done.
///   example  transform(out, self_contained{[a](double x) { return a * x; }}, x);
template <class F>
struct self_contained {
  F f;
  template <class... X>
  PRORATA_HD decltype(auto) operator()(X&&... x) const {
    return f(std::forward<X>(x)...);
  }
};
template <class F>
self_contained(F) -> self_contained<F>;

/// Whether that is known: without members a functor refers to nothing.
template <class F>
inline constexpr bool is_self_contained = std::is_empty_v<F>;
template <class F>
inline constexpr bool is_self_contained<self_contained<F>> = true;

namespace detail {

/// Runs the work of a verb.
///   returns  what the work returns, when the queues are done if the verb must finish
///   throws   what the work throws, or the first failure of the queues: nothing runs then, nothing is left to
///            be reported
template <backend S>
class verb {
 public:
  verb(team<S> const& team, bool must_finish) : team_(team), must_finish_(must_finish) {}

  template <class Work>
  auto operator()(Work const& work) const {
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<Work const&>>) {
        work();
        if (must_finish_) team_.sync();
      } else {
        auto result = work();
        if (must_finish_) team_.sync();
        return result;
      }
    } catch (...) {
      team_.abandon();
      throw;
    }
  }

 private:
  team<S> const& team_;
  bool must_finish_;
};

template <class T, backend S>
bool belongs_to_caller(team<S> const&, distributed_array<T, S> const& x) {
  return x.borrowed();
}
template <backend S, class F>
bool belongs_to_caller(team<S> const& team, F const&) {
  if constexpr (is_self_contained<F>) return false;
  auto const streams = team.streams();
  return std::any_of(streams.begin(), streams.end(), [](S const& s) { return sees_host_memory(s); });
}

/// The frame of a public verb: finishing(arrays and functors…)([&] { work }). It is done with borrowed arrays,
/// and with functors that may refer to what their caller owns, when it returns; with everything when it
/// throws. What the caller got wrong is refused before, outside.
template <class T, backend S, class... Used>
verb<S> finishing(distributed_array<T, S> const& x, Used const&... used) {
  return {x.team(), (x.borrowed() || ... || belongs_to_caller(x.team(), used))};
}

}  // namespace detail
}  // namespace prorata
