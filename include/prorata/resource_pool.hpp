// resource_pool: units of a resource, lent to tenants by weight, for as long as their leases live.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <prorata/config.hpp>
#include <prorata/fair_shares.hpp>
#include <vector>

namespace prorata {

/// Bytes, threads, multiprocessors: `capacity` units. Tenants come and go, and change their claims, at any time.
///   share     a tenant's fair_shares() of the capacity, of the claims of all tenants: at least ⌊capacity·w/Σw⌋ where
///             nobody has a minimum, and its own maximum and demand are not less
///   line      who waits is served in this order: requests within the tenant's share; then those beyond it, which
///             use what others leave; in both the smallest (units held + 1)/weight first, weight 0 last, ties to the
///             lowest number; a tenant's own in the order they came. Units that are released go to the first in line
///             at once. Nobody overtakes: a small request does not take what the first in line waits for
///   idle      so units are free only if nobody waits, or if the first in line needs more than are free, or if who
///             waits may not have more (maximum, demand)
///   asking    a request within its share that has to wait asks units back from holders beyond their shares, as many
///             as it lacks. Holders look at lease::asked_back() where they can stop, and release; nobody is forced.
///             That ends: each unit that is given back lowers the sum of max(0, held − share) over all tenants, and
///             nothing raises it as long as anybody asks. What a tenant gave back is beyond its share, so its
///             request for it asks nobody
///   leases    each with a number that is not used again; to release it twice is an error; its end releases it
///   always    free units + units of all leases = capacity
///   cost      a lease and its release 0.1 µs alone, 2 µs where half of 1,000 tenants wait; O(log tenants),
///             O(tenants) where somebody asks, and fair_shares() after a claim changed
///   throws    usage_error: tenants and leases that are not there, claims as fair_shares(), requests that could
///             never be granted; nothing has changed then
///   threads   any number. The pool outlives its leases
class resource_pool {
  struct state;

 public:
  explicit resource_pool(index_t capacity);
  ~resource_pool();
  resource_pool(resource_pool const&) = delete;
  resource_pool& operator=(resource_pool const&) = delete;

  /// A new tenant, and its number: 0, 1, 2, … while none has left. Numbers are not used again.
  std::uint64_t join(claim const& terms = {});

  /// What the tenant has beyond its new limits it keeps until it is released. Requests that wait and can never be
  /// granted any more are refused.
  void change(std::uint64_t tenant, claim const& terms);

  /// Refuses the tenant's requests. Its leases stay until they are released; but it has no share any more.
  void leave(std::uint64_t tenant);

  /// As leave(), and takes its leases' units at once: for a tenant that is known to use them no more.
  void evict(std::uint64_t tenant);

  /// Units that are held, or a request for them that waits. It is released, or withdrawn, at the end of its life.
  class lease {
   public:
    lease() = default;
    lease(lease&& other) noexcept;
    lease& operator=(lease&& other) noexcept;
    ~lease();

    std::uint64_t id() const { return id_; }
    explicit operator bool() const { return pool_ != nullptr; }

    /// Whether the units are there. Throws usage_error if they will never be: the tenant left, or its maximum fell.
    bool ready() const;
    void wait() const;
    /// ready(), at the latest at that time.
    bool wait_until(std::chrono::steady_clock::time_point time) const;

    index_t units() const;
    /// How many of them the pool would like to have back now, for tenants below their shares.
    index_t asked_back() const;

    /// All of them, or some. Throws usage_error if they were released before, or taken by evict().
    void release();
    void release(index_t units);

   private:
    friend class resource_pool;
    resource_pool::state& pool() const;
    resource_pool* pool_ = nullptr;
    std::uint64_t id_ = 0;
  };

  /// Puts a request in line; it may be ready at once.
  lease request(std::uint64_t tenant, index_t units);
  /// Waits until it is ready.
  lease acquire(std::uint64_t tenant, index_t units);
  /// Nothing if it is not ready in time; and nothing if it is not ready at once.
  std::optional<lease> acquire_until(std::uint64_t tenant, index_t units,
                                     std::chrono::steady_clock::time_point time);
  std::optional<lease> try_acquire(std::uint64_t tenant, index_t units);

  /// The lease's units, by its number: for holders that have no object, as in another process.
  void release(std::uint64_t lease);

  index_t capacity() const;
  index_t free() const;

  /// How a tenant stands, by ascending place of its number.
  struct standing {
    std::uint64_t tenant;
    claim terms;
    index_t share, held, leases;
    index_t waiting;  ///< requests
    bool left;        ///< it holds units still
  };
  std::vector<standing> standings() const;

  /// Whether the minimums of all tenants are more than the capacity, and so are reduced (fair_shares).
  bool minimums_reduced() const;

 private:
  lease request(std::uint64_t tenant, index_t units, bool& ready);
  std::unique_ptr<state> state_;
};

}  // namespace prorata
