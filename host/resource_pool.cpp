// The pool: one lock, a line of tenants in the order in which they are entitled, and two counters that move together.
#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <host/id_table.hpp>
#include <host/load_units.hpp>
#include <mutex>
#include <prorata/error.hpp>
#include <prorata/resource_pool.hpp>
#include <set>
#include <string>
#include <utility>

namespace prorata {
namespace {

struct tenant_record;

// A request that waits, and the lease that it becomes.
struct lease_record {
  explicit lease_record(tenant_record& owner, index_t units) : owner(&owner), units(units) {}

  tenant_record* owner;
  index_t units;
  std::uint64_t id = 0;
  index_t asked = 0;  // back
  enum { waits, held, refused } status = waits;
  lease_record *before = nullptr, *after = nullptr;  // in the owner's list of requests, or of leases
  std::condition_variable decided;
};

// Nothing here allocates, so that to release cannot fail.
struct record_list {
  lease_record *first = nullptr, *last = nullptr;
  index_t count = 0;

  void push_back(lease_record& r) {
    r.before = last;
    r.after = nullptr;
    (last != nullptr ? last->after : first) = &r;
    last = &r;
    ++count;
  }
  void erase(lease_record& r) {
    (r.before != nullptr ? r.before->after : first) = r.after;
    (r.after != nullptr ? r.after->before : last) = r.before;
    --count;
  }
};

// The earlier in line comes first: see resource_pool.
struct entitled_before {
  bool operator()(tenant_record const* a, tenant_record const* b) const;
};
using line_type = std::set<tenant_record*, entitled_before>;

struct tenant_record {
  explicit tenant_record(claim const& terms) : terms(terms), weight(dissect(terms.weight)) {
    line_type one;
    one.insert(this);
    place = one.extract(one.begin());
  }

  claim terms;
  dissected weight;
  std::uint64_t id = 0;
  index_t share = 0;
  index_t held = 0;
  index_t asked = 0;  // back, of all its leases
  bool left = false;
  record_list requests, leases;
  bool in_line = false, within_share = false;  // as its first request is
  line_type::node_type place;                  // in line, while it is not there

  index_t most() const { return std::min(terms.maximum, terms.demand); }
  index_t beyond() const { return std::max<index_t>(held - share, 0); }
  bool weighs() const { return weight.significand != 0; }
};

bool entitled_before::operator()(tenant_record const* a, tenant_record const* b) const {
  if (a->within_share != b->within_share) return a->within_share;
  if (a->weighs() != b->weighs()) return a->weighs();
  auto const next = [](tenant_record const* t) { return static_cast<std::uint64_t>(t->held) + 1; };
  if (a->weighs()) {
    if (host::sooner(next(a), a->weight, next(b), b->weight)) return true;
    if (host::sooner(next(b), b->weight, next(a), a->weight)) return false;
  } else if (a->held != b->held) {
    return a->held < b->held;
  }
  return a->id < b->id;
}

void require_terms(claim const& terms) {
  if (!std::isfinite(terms.weight) ||
      (dissect(terms.weight).negative && dissect(terms.weight).significand != 0))
    refuse("the weight of a tenant is " + host::shortest(terms.weight) +
           "; weights are finite and not negative");
  require(terms.minimum >= 0 && terms.demand >= 0 && terms.minimum <= terms.maximum,
          "a tenant's minimum is " + std::to_string(terms.minimum) + ", its maximum " +
              std::to_string(terms.maximum) + ", its demand " + std::to_string(terms.demand) +
              "; none is negative, and the minimum is at most the maximum");
}

}  // namespace

struct resource_pool::state {
  explicit state(index_t capacity) : capacity(capacity), free(capacity) {}

  std::mutex mutex;  // of all that follows
  index_t const capacity;
  index_t free;
  index_t wanted = 0;   // units of first requests within their shares that wait
  index_t asked = 0;    // back, of all leases
  index_t waiting = 0;  // requests
  bool stale = false;   // shares and line, which nobody needs until somebody waits
  bool reduced = false;
  host::id_table<tenant_record> tenants;
  host::id_table<lease_record> records;
  line_type line;  // of tenants whose first request may be granted

  tenant_record& tenant(std::uint64_t id) {
    tenant_record* const found = tenants.find(id);
    require(found != nullptr && !found->left,
            "tenant " + std::to_string(id) + " is not there; it left, or never joined");
    return *found;
  }
  lease_record& lease(std::uint64_t id) {
    lease_record* const found = records.find(id);
    if (found == nullptr)
      refuse("lease " + std::to_string(id) +
             " is not held; it was released before, or its tenant was evicted");
    return *found;
  }
  lease_record& held_lease(std::uint64_t id) {
    lease_record& r = lease(id);
    if (r.status != lease_record::held) refuse("lease " + std::to_string(id) + " is not ready");
    return r;
  }

  bool ready(std::uint64_t id) {
    lease_record const& r = lease(id);
    if (r.status == lease_record::refused)
      refuse("request " + std::to_string(id) +
             " will never be granted: its tenant left, or its maximum fell below it");
    return r.status == lease_record::held;
  }

  // Every change of who has what: units from the free ones to a tenant, or back.
  void move(tenant_record& t, index_t units) {
    free -= units;
    t.held += units;
  }

  bool may_have(tenant_record const& t, index_t units) const { return units <= t.most() - t.held; }

  void leave_line(tenant_record& t) {
    if (!t.in_line) return;
    if (t.within_share) wanted -= t.requests.first->units;
    t.place = line.extract(&t);
    t.in_line = false;
  }
  void enter_line(tenant_record& t) {
    if (t.requests.first == nullptr || !may_have(t, t.requests.first->units)) return;
    t.within_share = t.requests.first->units <= t.share - t.held;
    if (t.within_share) wanted += t.requests.first->units;
    line.insert(std::move(t.place));
    t.in_line = true;
  }

  // After a claim changed.
  void renew_shares(bool now = false) {
    if (waiting == 0 && !now) {
      stale = true;
      return;
    }
    std::vector<tenant_record*> present;
    tenants.each([&](tenant_record& t) {
      if (!t.left) present.push_back(&t);
    });
    std::sort(present.begin(), present.end(), [](auto const* a, auto const* b) { return a->id < b->id; });
    std::vector<claim> claims;
    for (auto const* t : present) claims.push_back(t->terms);
    auto const division = fair_shares(capacity, claims);
    stale = false;
    reduced = division.minimums_reduced;
    tenants.each([&](tenant_record& t) {
      leave_line(t);
      t.share = 0;
      t.asked = 0;
    });
    asked = 0;
    records.each([](lease_record& r) { r.asked = 0; });
    for (std::size_t i = 0; i < present.size(); ++i) present[i]->share = division.units[i];
    tenants.each([&](tenant_record& t) { enter_line(t); });
  }

  void grant(lease_record& r) {
    r.status = lease_record::held;
    move(*r.owner, r.units);
    r.owner->leases.push_back(r);
  }

  // Gives free units to the first in line, as long as they suffice. Each round grants one request, so it ends.
  void serve() {
    while (!line.empty()) {
      tenant_record& t = **line.begin();
      lease_record& r = *t.requests.first;
      if (r.units > free) break;
      leave_line(t);
      t.requests.erase(r);
      --waiting;
      grant(r);
      enter_line(t);
      r.decided.notify_all();
    }
    ask_back();
  }

  // What requests within their shares lack is asked back, no more and no less.
  void ask_back() {
    index_t const lacking = std::max<index_t>(wanted - free, 0);
    while (asked < lacking && ask_more(lacking - asked)) {}
    if (asked > lacking)
      tenants.each([&](tenant_record& t) { ask_less(t, std::min(t.asked, asked - lacking)); });
  }

  // Asks whoever is furthest beyond its share for its weight, for all that it is beyond or for `units`; its newest
  // leases first. Σ share is at most the capacity, so holders beyond their shares have whatever requests within them
  // lack.
  bool ask_more(index_t units) {
    tenant_record* most = nullptr;
    auto const further = [](tenant_record const& a, tenant_record const& b) {
      if (a.left != b.left) return a.left;
      if (a.weighs() != b.weighs()) return b.weighs();
      return a.weighs() && host::sooner(static_cast<std::uint64_t>(b.held), b.weight,
                                        static_cast<std::uint64_t>(a.held), a.weight);
    };
    tenants.each([&](tenant_record& t) {
      if (t.beyond() > t.asked && (most == nullptr || further(t, *most))) most = &t;
    });
    if (most == nullptr) return false;
    units = std::min(units, most->beyond() - most->asked);
    most->asked += units;
    asked += units;
    for (lease_record* r = most->leases.last; units > 0; r = r->before) {
      index_t const of_this = std::min(units, r->units - r->asked);
      r->asked += of_this;
      units -= of_this;
    }
    return true;
  }
  void ask_less(tenant_record& t, index_t units) {
    t.asked -= units;
    asked -= units;
    for (lease_record* r = t.leases.first; units > 0; r = r->after) {
      index_t const of_this = std::min(units, r->asked);
      r->asked -= of_this;
      units -= of_this;
    }
  }

  void release(lease_record& r, index_t units) {
    tenant_record& t = *r.owner;
    leave_line(t);
    move(t, -units);
    r.units -= units;
    index_t const answered = std::min(r.asked, units);
    r.asked -= answered;
    t.asked -= answered;
    asked -= answered;
    if (t.asked > t.beyond()) ask_less(t, t.asked - t.beyond());  // it gave others than it was asked for
    if (r.units == 0) {
      t.leases.erase(r);
      records.erase(r.id);
    }
    enter_line(t);
    drop_if_gone(t);
  }

  void refuse_request(lease_record& r) {
    leave_line(*r.owner);
    r.owner->requests.erase(r);
    --waiting;
    r.status = lease_record::refused;
    r.decided.notify_all();
    enter_line(*r.owner);
  }

  // At the end of a lease's life, whatever it came to.
  void end(std::uint64_t id) {
    lease_record* const r = records.find(id);
    if (r == nullptr) return;
    if (r->status == lease_record::held) {
      release(*r, r->units);
    } else {
      if (r->status == lease_record::waits) refuse_request(*r);
      records.erase(id);
    }
    serve();
  }

  void leave(tenant_record& t) {
    while (t.requests.first != nullptr) refuse_request(*t.requests.first);
    t.left = true;  // and has no share, as soon as they are renewed
    drop_if_gone(t);
  }

  void drop_if_gone(tenant_record& t) {
    if (t.left && t.leases.count == 0) tenants.erase(t.id);
  }
};

resource_pool::resource_pool(index_t capacity) {
  require(capacity >= 0,
          "a pool has " + std::to_string(capacity) + " units; the number must not be negative");
  state_ = std::make_unique<state>(capacity);
}
resource_pool::~resource_pool() = default;

std::uint64_t resource_pool::join(claim const& terms) {
  require_terms(terms);
  std::lock_guard const lock(state_->mutex);
  std::uint64_t const id = state_->tenants.insert(terms);
  state_->tenants.find(id)->id = id;
  state_->renew_shares();
  state_->serve();
  return id;
}

void resource_pool::change(std::uint64_t tenant, claim const& terms) {
  require_terms(terms);
  std::lock_guard const lock(state_->mutex);
  tenant_record& t = state_->tenant(tenant);
  state_->leave_line(t);
  t.terms = terms;
  t.weight = dissect(terms.weight);
  state_->enter_line(t);
  for (lease_record* r = t.requests.first; r != nullptr;) {
    lease_record* const next = r->after;
    if (r->units > terms.maximum) state_->refuse_request(*r);
    r = next;
  }
  state_->renew_shares();
  state_->serve();
}

void resource_pool::leave(std::uint64_t tenant) {
  std::lock_guard const lock(state_->mutex);
  state_->leave(state_->tenant(tenant));
  state_->renew_shares();
  state_->serve();
}

void resource_pool::evict(std::uint64_t tenant) {
  std::lock_guard const lock(state_->mutex);
  tenant_record& t = state_->tenant(tenant);
  for (lease_record* r = t.leases.last; r != nullptr;) {
    lease_record* const before = r->before;
    state_->release(*r, r->units);
    r = before;
  }
  state_->leave(t);
  state_->renew_shares();
  state_->serve();
}

resource_pool::lease resource_pool::request(std::uint64_t tenant, index_t units, bool& ready) {
  lease result;  // before the lock, which its end takes
  state& s = *state_;
  std::lock_guard const lock(s.mutex);
  tenant_record& t = s.tenant(tenant);
  index_t const most = std::min(t.terms.maximum, s.capacity);
  if (units < 1 || units > most)
    refuse("tenant " + std::to_string(tenant) + " asks for " + std::to_string(units) +
           " units; it can have from 1 to " + std::to_string(most));
  std::uint64_t const id = s.records.insert(t, units);
  lease_record& r = *s.records.find(id);
  r.id = result.id_ = id;
  result.pool_ = this;
  if (s.waiting == 0 && units <= s.free && s.may_have(t, units)) {
    s.grant(r);
  } else {
    s.leave_line(t);
    t.requests.push_back(r);
    ++s.waiting;
    if (s.stale)
      s.renew_shares();
    else
      s.enter_line(t);
    s.serve();
  }
  ready = r.status == lease_record::held;
  return result;
}

resource_pool::lease resource_pool::request(std::uint64_t tenant, index_t units) {
  bool ready;
  return request(tenant, units, ready);
}

resource_pool::lease resource_pool::acquire(std::uint64_t tenant, index_t units) {
  bool ready;
  lease result = request(tenant, units, ready);
  if (!ready) result.wait();
  return result;
}

std::optional<resource_pool::lease> resource_pool::acquire_until(std::uint64_t tenant, index_t units,
                                                                 std::chrono::steady_clock::time_point time) {
  bool ready;
  lease result = request(tenant, units, ready);
  if (!ready && !result.wait_until(time)) return std::nullopt;
  return result;
}

std::optional<resource_pool::lease> resource_pool::try_acquire(std::uint64_t tenant, index_t units) {
  bool ready;
  lease result = request(tenant, units, ready);
  if (!ready) return std::nullopt;
  return result;
}

resource_pool::lease::lease(lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), id_(other.id_) {}
resource_pool::lease& resource_pool::lease::operator=(lease&& other) noexcept {
  lease old(std::move(*this));
  pool_ = std::exchange(other.pool_, nullptr);
  id_ = other.id_;
  return *this;
}
resource_pool::lease::~lease() {
  if (pool_ == nullptr) return;
  std::lock_guard const lock(pool_->state_->mutex);
  pool_->state_->end(id_);
}

resource_pool::state& resource_pool::lease::pool() const {
  require(pool_ != nullptr, "this lease is empty: it was released, or moved from");
  return *pool_->state_;
}

bool resource_pool::lease::ready() const {
  std::lock_guard const lock(pool().mutex);
  return pool().ready(id_);
}
void resource_pool::lease::wait() const {
  std::unique_lock lock(pool().mutex);
  lease_record& r = pool().lease(id_);
  r.decided.wait(lock, [&] { return r.status != lease_record::waits; });
  pool().ready(id_);
}
bool resource_pool::lease::wait_until(std::chrono::steady_clock::time_point time) const {
  std::unique_lock lock(pool().mutex);
  lease_record& r = pool().lease(id_);
  r.decided.wait_until(lock, time, [&] { return r.status != lease_record::waits; });
  return pool().ready(id_);
}

index_t resource_pool::lease::units() const {
  std::lock_guard const lock(pool().mutex);
  return pool().lease(id_).units;
}
index_t resource_pool::lease::asked_back() const {
  std::lock_guard const lock(pool().mutex);
  return pool().lease(id_).asked;
}

void resource_pool::lease::release() {
  pool();
  std::exchange(pool_, nullptr)->release(id_);
}
void resource_pool::lease::release(index_t units) {
  std::lock_guard const lock(pool().mutex);
  lease_record& r = pool().held_lease(id_);
  require(units >= 0 && units <= r.units, "lease " + std::to_string(id_) + " has " + std::to_string(r.units) +
                                              " units; " + std::to_string(units) +
                                              " of them cannot be released");
  if (units == 0) return;
  pool().release(r, units);
  pool().serve();
}

void resource_pool::release(std::uint64_t lease) {
  std::lock_guard const lock(state_->mutex);
  lease_record& r = state_->held_lease(lease);
  state_->release(r, r.units);
  state_->serve();
}

index_t resource_pool::capacity() const { return state_->capacity; }
index_t resource_pool::free() const {
  std::lock_guard const lock(state_->mutex);
  return state_->free;
}

std::vector<resource_pool::standing> resource_pool::standings() const {
  std::vector<standing> result;
  std::lock_guard const lock(state_->mutex);
  if (state_->stale) state_->renew_shares(true);
  state_->tenants.each([&](tenant_record const& t) {
    result.push_back({t.id, t.terms, t.share, t.held, t.leases.count, t.requests.count, t.left});
  });
  return result;
}

bool resource_pool::minimums_reduced() const {
  std::lock_guard const lock(state_->mutex);
  if (state_->stale) state_->renew_shares(true);
  return state_->reduced;
}

}  // namespace prorata
