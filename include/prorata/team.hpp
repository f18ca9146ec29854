// The devices that work together: this process's ranks, each a stream, and the way to the others.
#pragma once

#include <algorithm>
#include <exception>
#include <memory>
#include <prorata/communicator.hpp>
#include <span>
#include <utility>
#include <vector>

namespace prorata {

/// The ranks of this process and the communicator that reaches the others. A team is a handle: copies are the
/// same team, and arrays keep it alive.
///   threads   one thread at a time uses a team; different teams are independent
template <backend S>
class team {
 public:
  using stream_type = S;

  /// A team of the given devices, all in this process, in rank order.
  explicit team(std::vector<S> streams) : team(std::move(streams), nullptr) {}

  /// A team whose local ranks are `streams` and whose other ranks are reached through `communicator`.
  team(std::vector<S> streams, std::unique_ptr<communicator<S>> communicator) {
    require(!streams.empty(), "a team needs at least one device");
    if (!communicator)
      communicator = std::make_unique<local_communicator<S>>(static_cast<int>(streams.size()));
    state_ = std::make_shared<state>(state{std::move(streams), std::move(communicator)});
  }

  /// Ranks of the whole job; ranks and first rank of this process.
  int ranks() const { return state_->bytes->ranks(); }
  int local_ranks() const { return static_cast<int>(state_->streams.size()); }
  int first_local_rank() const { return state_->bytes->first_local_rank(); }

  /// The streams of this process's ranks, in rank order.
  std::span<S> streams() const { return state_->streams; }
  communicator<S>& bytes() const { return *state_->bytes; }

  /// A second stream of each local rank, for bytes that travel while the first one works. Made when they are
  /// first asked for.
  std::span<S> copy_streams() const {
    while (state_->copy_streams.size() < state_->streams.size())
      state_->copy_streams.push_back(state_->streams[state_->copy_streams.size()].sibling());
    return state_->copy_streams;
  }

  /// Whether every rank lives here and reaches every other's memory as its own.
  bool shares_memory() const {
    return local_ranks() == ranks() && std::all_of(state_->streams.begin(), state_->streams.end(), [&](S& s) {
             return same_memory(state_->streams.front(), s);
           });
  }

  /// Waits for all local ranks; rethrows the first failure, after every rank has been waited for.
  void sync() const {
    std::exception_ptr failure;
    for (S& s : streams()) {
      try {
        s.sync();
      } catch (...) {
        if (!failure) failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
  }

  /// Waits for all local ranks; failures stay until the next sync.
  void drain() const noexcept {
    for (S& s : state_->streams) s.drain();
    for (S& s : state_->copy_streams) s.drain();
  }

  /// Waits for all local ranks and forgets their failures: for when an exception says that work has failed.
  void abandon() const noexcept {
    drain();
    for (std::vector<S>* streams : {&state_->streams, &state_->copy_streams})
      for (S& s : *streams) {
        try {
          s.sync();
        } catch (...) {  // the exception that is under way came first
        }
      }
  }

  friend bool operator==(team const& a, team const& b) { return a.state_ == b.state_; }

 private:
  struct state {
    std::vector<S> streams;
    std::unique_ptr<communicator<S>> bytes;
    std::vector<S> copy_streams = {};
  };
  std::shared_ptr<state> state_;
};

/// Waits for a team's queues when an exception passes by: what was declared before, they may still use.
///   example  std::vector<index_t> counts = …;       // on the host
///            drain_on_unwind const unwinding(team);  // so counts outlives the copy, whatever fails below
///            stream.copy(counts.data(), …);
template <backend S>
class [[nodiscard]] drain_on_unwind {
 public:
  explicit drain_on_unwind(team<S> const& team) : team_(team), exceptions_(std::uncaught_exceptions()) {}
  ~drain_on_unwind() {
    if (std::uncaught_exceptions() > exceptions_) team_.drain();
  }
  drain_on_unwind(drain_on_unwind const&) = delete;
  drain_on_unwind& operator=(drain_on_unwind const&) = delete;

 private:
  team<S> const& team_;
  int exceptions_;
};

}  // namespace prorata
