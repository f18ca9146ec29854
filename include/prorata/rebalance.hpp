// Moving arrays to where their work ends together: rounds are measured, and a balancer says whether moving pays.
#pragma once

#include <algorithm>
#include <chrono>
#include <prorata/balance.hpp>
#include <prorata/redistribute.hpp>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace prorata {

namespace detail {

template <class Event>
bool is_reached(Event const& e) {
  if constexpr (requires { e.ready(); }) {
    return e.ready();
  } else {  // of a team of several kinds
    return std::visit([](auto const& one) { return one.ready(); }, e);
  }
}

/// Seconds that every rank of a team takes for what work() queues on it: as it counts them itself, or else until it has
/// done its last work, waiting for others included.
template <backend S, class Work>
std::vector<double> seconds_of_ranks(team<S> const& team, Work const& work) {
  using clock = std::chrono::steady_clock;
  team.sync();
  std::vector<double> mine;
  if constexpr (requires(S const& s) { s.busy_seconds(); }) {
    for (S const& s : team.streams()) mine.push_back(s.busy_seconds());
    work();
    team.sync();
    for (std::size_t k = 0; k < mine.size(); ++k) mine[k] = team.streams()[k].busy_seconds() - mine[k];
  } else {
    auto const begin = clock::now();
    work();
    std::vector<typename S::event_type> ends;
    for (S& s : team.streams()) ends.push_back(s.record());
    mine.assign(ends.size(), -1);
    for (std::size_t left = ends.size(); left > 0; std::this_thread::sleep_for(std::chrono::microseconds(20)))
      for (std::size_t k = 0; k < ends.size(); ++k) {
        if (mine[k] >= 0 || !is_reached(ends[k])) continue;
        mine[k] = std::chrono::duration<double>(clock::now() - begin).count();
        --left;
      }
    team.sync();
  }
  return all_gather_to_host<double>(team, mine, 1);
}

}  // namespace detail

/// Runs work(), a round of verbs on x and on arrays that are cut alike, and lets the balancer learn how long every rank
/// took for it.
///   order    every process of the team, with balancers that have learned the same
///   cost     two waits for the team, and one all_gather where it has several processes
///   waits    until the round is done
///   measured CPUs count the time that they worked; GPUs are looked at until they are done, so that a round should not
///            end with an exchange, in which all wait for the last
///   example  learn_round(balance, x, [&] { for_each(x, step); });
template <class T, backend S, class Work>
void learn_round(balancer& balance, distributed_array<T, S> const& x, Work const& work) {
  auto seconds = detail::seconds_of_ranks(x.team(), work);
  std::vector<index_t> elements;
  for (int r = 0; r < x.partition().ranks(); ++r) elements.push_back(x.partition().size(r));
  for (double& s : seconds) s = std::max(s, 1e-9);  // a clock that did not tick
  balance.learn(elements, seconds);
}

/// How x had better be cut, and what that would bring; nothing moves. The same in every process.
///   throws  usage_error where nothing has been learned, or ranks differ; infeasible
template <class T, backend S>
balance_plan rebalance_plan(balancer const& balance, distributed_array<T, S> const& x) {
  return balance.plan(x.partition());
}

/// Moves x, and arrays that are cut alike, to the cuts of rebalance_plan where that is worthwhile.
///   returns  whether anything moved
///   cost     plan.moved elements of each array go to another rank: as few as contiguous ranges in the order of the
///            ranks allow; the others are copied once
///   waits    until it is done, and lets the balancer learn how long it took
///   throws   as rebalance_plan; usage_error where the arrays are cut differently; out_of_memory: then
///            nothing has moved
template <class T, class... U, backend S>
bool rebalance(balancer& balance, distributed_array<T, S>& x, distributed_array<U, S>&... more) {
  using clock = std::chrono::steady_clock;
  require(((more.partition() == x.partition()) && ... && true),
          "rebalance: arrays of one round are cut alike");
  auto const plan = rebalance_plan(balance, x);
  if (!plan.worthwhile) return false;
  auto const left = x.partition();
  auto const begin = clock::now();
  std::tuple moved(redistribute(x, plan.cuts), redistribute(more, plan.cuts)...);
  x.team().sync();
  std::apply(
      [&](auto& first, auto&... rest) {
        x = std::move(first);
        ((more = std::move(rest)), ...);
      },
      moved);
  std::vector<double> const mine(static_cast<std::size_t>(x.team().local_ranks()),
                                 std::chrono::duration<double>(clock::now() - begin).count());
  auto const all = all_gather_to_host<double>(x.team(), mine, 1);
  balance.learn_move(plan.moved, std::max(*std::max_element(all.begin(), all.end()), 1e-9));
  balance.adopted(left);
  return true;
}

}  // namespace prorata
