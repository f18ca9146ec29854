// fair_queue: which of several flows is served next, so that at every moment each has had its share by weight.
#pragma once

#include <memory>
#include <optional>
#include <prorata/config.hpp>

namespace prorata {

/// How flows take turns. In every order, flows of weight 0 get only what nobody else wants.
enum class service_order {
  fair,             ///< by weight and cost, as fair_queue promises; starves nobody who has a weight
  strict_priority,  ///< the largest weight first; starves everyone below whoever always has chunks
  round_robin,  ///< a chunk each in turn; starves nobody who has a weight, but large chunks get larger shares
};

/// Flows offer chunks of known cost, and take() says whose turn it is.
///   fair      WF²Q (Bennett and Zhang, Worst-case Fair Weighted Fair Queueing, 1996): of the chunks that an ideal
///             server, which serves all flows at once in proportion to their weights, would have begun, the one that
///             it would finish first. Flows come and go, and change their weights, in the ideal server.
///   bound     what a flow was served and what the ideal server would have served it differ by one chunk of the
///             largest cost at most, whenever a chunk ends, whatever comes, goes and changes (Parekh and Gallager,
///             1993). So a flow of weight w among weights W waits for at most (cost + largest)·W/w units of service,
///             which is finite: nothing with a weight starves
///   credit    none for having been idle: who comes back begins at the present. Who was served ahead of its share and
///             leaves stays in the ideal server until that is paid, as in EEVDF (Stoica and Abdel-Wahab, 1995)
///   exact     virtual times are ratios of integers, and steps on them are additions: nothing drifts. Only where a
///             flow joins others, or changes its weight among them, its place is rounded up, by less than 2^-64 units
///   ties      to the lowest number of a flow
///   limits    costs of 1 to 2^63 − 1 in any unit; weights 0, or doubles from 2^-32 below 2^42 (2.3e-10 to 4.4e12);
///             2^20 flows; 2^80 units between two moments in which nobody with a weight waits
///   cost      O(log flows), amortised; 0.3 µs to 0.9 µs for a chunk, of 2 to 1,000 flows
///   throws    usage_error: a flow that is not there, and what exceeds a limit; nothing has changed then
///   threads   one at a time
/// The clock of the ideal server is the service that was handed out: a chunk ends when the next one is taken. A flow
/// that offers its next chunk before that has never been idle. Where a cost can only be estimated, as a time, charge
/// what was wrong with the last estimate to the flow's next chunk.
class fair_queue {
 public:
  explicit fair_queue(service_order order = service_order::fair);
  ~fair_queue();
  fair_queue(fair_queue&&) noexcept;
  fair_queue& operator=(fair_queue&&) noexcept;

  /// A new flow, and its number: 0, 1, 2, … while none has left. Numbers are not used again.
  std::uint64_t join(double weight);

  /// Withdraws the flow's chunks, and its number. (Who pauses keeps the number: a new one is somebody else, who owes
  /// nothing.)
  void leave(std::uint64_t flow);

  /// Takes back all that the flow has offered. A chunk that the ideal server has begun counts as served in its turn.
  void withdraw(std::uint64_t flow);

  /// The weight of every chunk that the ideal server has not begun, which is all but the first in general.
  void set_weight(std::uint64_t flow, double weight);

  /// One more chunk, behind those that the flow has.
  void offer(std::uint64_t flow, index_t cost);

  struct turn {
    std::uint64_t flow;
    index_t cost;
    bool operator==(turn const&) const = default;
  };
  /// Takes the next chunk out; nothing if there is none.
  std::optional<turn> take();

  /// Chunks that wait: of all flows, and of one.
  index_t size() const;
  index_t size(std::uint64_t flow) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace prorata
