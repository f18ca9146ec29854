// The pool: its promises one by one, a million random events beside a model that goes through everybody every time,
// and threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <numeric>
#include <prorata/error.hpp>
#include <prorata/resource_pool.hpp>
#include <random>
#include <string>
#include <tests/sanitizers.hpp>
#include <thread>
#include <vector>

namespace prorata {
namespace {

using lease = resource_pool::lease;

constexpr int fewer = tests::watched ? 20 : 1;

std::string message(auto const& act) {
  try {
    act();
  } catch (usage_error const& e) { return e.what(); }
  return "nothing was thrown";
}

TEST(resource_pool, lends_and_takes_back) {
  resource_pool pool(10);
  auto const a = pool.join(), b = pool.join({.weight = 2});
  EXPECT_EQ(a, 0u);
  EXPECT_EQ(b, 1u);
  {
    lease const four = pool.acquire(a, 4);
    EXPECT_TRUE(four.ready());
    EXPECT_EQ(four.units(), 4);
    lease six = pool.acquire(b, 6);
    EXPECT_EQ(pool.free(), 0);
    EXPECT_NE(four.id(), six.id());
    EXPECT_FALSE(pool.try_acquire(a, 1));
    six.release(2);
    EXPECT_EQ(six.units(), 4);
    EXPECT_EQ(pool.free(), 2);
    lease moved = std::move(six);
    EXPECT_FALSE(six);
    EXPECT_EQ(pool.free(), 2);
    moved = pool.acquire(a, 2);  // what it held before is released
    EXPECT_EQ(pool.free(), 4);
  }
  EXPECT_EQ(pool.free(), 10);
}

TEST(resource_pool, to_release_twice_is_an_error) {
  resource_pool pool(10);
  auto const a = pool.join();
  lease one = pool.acquire(a, 3), two = pool.acquire(a, 3);
  auto const id = one.id();
  one.release();
  EXPECT_EQ(pool.free(), 7);
  EXPECT_EQ(message([&] { one.release(); }), "this lease is empty: it was released, or moved from");
  EXPECT_EQ(
      message([&] { pool.release(id); }),
      "lease " + std::to_string(id) + " is not held; it was released before, or its tenant was evicted");
  lease const three = pool.acquire(a, 3);  // in the same place, under another number
  EXPECT_THROW(pool.release(id), usage_error);
  EXPECT_EQ(pool.free(), 4);
  pool.release(two.id());
  EXPECT_EQ(message([&] { two.release(); }),
            "lease " + std::to_string(two.id()) +
                " is not held; it was released before, or its tenant was evicted");
  EXPECT_EQ(pool.free(), 7);
  EXPECT_EQ(message([&] {
              lease more = pool.acquire(a, 5);
              more.release(6);
            }),
            "lease 4294967297 has 5 units; 6 of them cannot be released");
}

TEST(resource_pool, refuses_and_is_as_before) {
  resource_pool pool(10);
  EXPECT_THROW(resource_pool(-1), usage_error);
  auto const a = pool.join({.maximum = 4});
  EXPECT_EQ(message([&] { pool.acquire(a, 5); }), "tenant 0 asks for 5 units; it can have from 1 to 4");
  EXPECT_EQ(message([&] { pool.acquire(a, 0); }), "tenant 0 asks for 0 units; it can have from 1 to 4");
  EXPECT_EQ(message([&] { pool.acquire(7, 1); }), "tenant 7 is not there; it left, or never joined");
  EXPECT_THROW(pool.join({.weight = -1}), usage_error);
  EXPECT_THROW(pool.join({.minimum = 5, .maximum = 4}), usage_error);
  EXPECT_THROW(pool.change(a, {.demand = -1}), usage_error);
  pool.leave(a);
  EXPECT_THROW(pool.leave(a), usage_error);
  EXPECT_THROW(pool.evict(a), usage_error);
  EXPECT_NE(pool.join(), a);
  EXPECT_EQ(pool.free(), 10);
  EXPECT_EQ(pool.standings().size(), 1u);
}

TEST(resource_pool, the_entitled_come_first) {
  resource_pool pool(4);
  auto const a = pool.join({.weight = 1}), b = pool.join({.weight = 3}), c = pool.join({.weight = 0});
  lease all = pool.acquire(c, 4);
  std::vector<lease> waiting;
  std::string order;
  std::map<std::uint64_t, char> names;
  auto const want = [&](std::uint64_t tenant, char name) {
    waiting.push_back(pool.request(tenant, 1));
    names[waiting.back().id()] = name;
  };
  for (int k = 0; k < 2; ++k) want(c, 'c');
  for (int k = 0; k < 3; ++k) want(a, 'a');
  for (int k = 0; k < 4; ++k) want(b, 'b');
  // Shares are 1 and 3 units. As units come free one by one, who has them holds them.
  for (int k = 0; k < 4; ++k) {
    all.release(1);
    for (lease const& l : waiting)
      if (names.contains(l.id()) && l.ready()) order += names[l.id()], names.erase(l.id());
  }
  EXPECT_EQ(order, "bbab") << "(units + 1)/weight: 1/3, 2/3, 1 of a, which joined before, and 1 of b";
  for (int k = 0; k < 5; ++k) {  // whoever holds one gives it back
    for (lease& l : waiting)
      if (l && l.ready()) {
        l.release();
        break;
      }
    for (lease const& l : waiting)
      if (l && names.contains(l.id()) && l.ready()) order += names[l.id()], names.erase(l.id());
  }
  EXPECT_EQ(order.substr(4), "aabcc") << order;
}

TEST(resource_pool, nobody_overtakes_the_first_in_line) {
  resource_pool pool(4);
  auto const a = pool.join(), b = pool.join({.weight = 1.0});
  lease first = pool.acquire(a, 2), second = pool.acquire(a, 2);
  lease const large = pool.request(b, 2);
  lease const small = pool.request(a, 1);
  first.release(1);
  EXPECT_FALSE(large.ready());
  EXPECT_FALSE(small.ready()) << "one unit is free, but the first in line waits for it";
  EXPECT_FALSE(pool.try_acquire(a, 1));
  EXPECT_EQ(pool.free(), 1);
  second.release();
  EXPECT_TRUE(large.ready());
  EXPECT_TRUE(small.ready());
  EXPECT_EQ(pool.free(), 0);
}

TEST(resource_pool, who_gives_up_lets_the_next_one_pass) {
  resource_pool pool(4);
  auto const a = pool.join(), b = pool.join();
  lease const held = pool.acquire(a, 3);
  auto const soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  std::optional<lease> large = pool.request(b, 2);
  lease const small = pool.request(a, 1);
  EXPECT_FALSE(small.ready());
  large.reset();
  EXPECT_TRUE(small.ready());
  EXPECT_FALSE(pool.acquire_until(b, 2, soon));
  EXPECT_GE(std::chrono::steady_clock::now(), soon);
}

TEST(resource_pool, demand_and_maximum_limit_what_a_tenant_has) {
  resource_pool pool(10);
  auto const a = pool.join({.maximum = 6, .demand = 2}), b = pool.join();
  lease const two = pool.acquire(a, 2), three = pool.request(a, 3);
  EXPECT_FALSE(three.ready());
  lease const seven = pool.acquire(b, 7);  // the line does not wait for those who may not have more
  pool.change(a, {.maximum = 6, .demand = 5});
  EXPECT_FALSE(three.ready());
  EXPECT_EQ(seven.asked_back(), 2);
  pool.change(a, {.maximum = 2});
  EXPECT_EQ(message([&] { three.ready(); }),
            "request " + std::to_string(three.id()) +
                " will never be granted: its tenant left, or its maximum fell below it");
  EXPECT_EQ(seven.asked_back(), 0);
}

// Whoever has a share and wants it gets it, from holders who are asked, and only those beyond their shares are.
TEST(resource_pool, asks_for_what_is_lacking) {
  resource_pool pool(12);
  auto const a = pool.join(), b = pool.join();
  lease first = pool.acquire(a, 6), second = pool.acquire(a, 4), third = pool.acquire(a, 2);
  EXPECT_EQ(first.asked_back() + second.asked_back() + third.asked_back(), 0);
  lease const own = pool.request(b, 5);  // of its six
  EXPECT_EQ(third.asked_back(), 2) << "the newest first";
  EXPECT_EQ(second.asked_back(), 3);
  EXPECT_EQ(first.asked_back(), 0);
  lease const beyond = pool.request(b, 2);
  EXPECT_EQ(second.asked_back(), 3) << "that would be seven";
  third.release();
  EXPECT_EQ(second.asked_back(), 3);
  lease again = pool.request(a, 2);
  second.release(3);
  EXPECT_TRUE(own.ready());
  EXPECT_FALSE(beyond.ready());
  EXPECT_FALSE(again.ready());
  for (auto const* l : {&first, &second})
    EXPECT_EQ(l->asked_back(), 0) << "who gave back does not ask for it";
  pool.leave(a);
  EXPECT_EQ(message([&] { again.ready(); }).substr(0, 8), "request ");
  EXPECT_EQ(first.asked_back(), 1)
      << "who left has no share; of its 7 units the other lacks 2, and one is free";
  EXPECT_EQ(first.asked_back() + second.asked_back(), 2 - pool.free());
}

TEST(resource_pool, asks_whoever_is_furthest_beyond_its_share) {
  resource_pool pool(12);
  auto const light = pool.join({.weight = 1}), heavy = pool.join({.weight = 4}),
             gone = pool.join({.weight = 4}), late = pool.join({.weight = 1, .demand = 0});
  lease of_light = pool.acquire(light, 4), of_heavy = pool.acquire(heavy, 6), of_gone = pool.acquire(gone, 2);
  pool.leave(gone);
  pool.change(late, {.weight = 7});
  lease const seven = pool.request(late, 7);  // the shares are 1, 4 and 7
  EXPECT_EQ(of_gone.asked_back(), 2) << "who left has no share";
  EXPECT_EQ(of_light.asked_back(), 3) << "4/1 before 6/4";
  EXPECT_EQ(of_heavy.asked_back(), 2);
  pool.change(late, {.weight = 7, .demand = 3});
  lease const three = pool.request(late, 3);
  EXPECT_EQ(of_heavy.asked_back(), 0) << "the first of the tenant's requests may not be granted";
  pool.change(late, {.weight = 7, .maximum = 3});
  EXPECT_EQ(of_gone.asked_back(), 2);
  EXPECT_EQ(of_light.asked_back(), 1);
  EXPECT_EQ(of_heavy.asked_back(), 0);
}

TEST(resource_pool, evicting_takes_what_the_dead_held) {
  resource_pool pool(8);
  auto const dead = pool.join(), other = pool.join();
  lease one = pool.acquire(dead, 3), two = pool.acquire(dead, 5);
  lease const waits = pool.request(dead, 1), next = pool.request(other, 6);
  pool.evict(dead);
  EXPECT_TRUE(next.ready());
  EXPECT_EQ(pool.free(), 2);
  EXPECT_THROW(waits.ready(), usage_error);
  EXPECT_THROW(one.release(), usage_error);
  EXPECT_EQ(pool.standings().size(), 1u);
}

TEST(resource_pool, minimums_beyond_the_capacity_are_reported) {
  resource_pool pool(10);
  pool.join({.minimum = 8});
  EXPECT_FALSE(pool.minimums_reduced());
  auto const b = pool.join({.minimum = 8});
  EXPECT_TRUE(pool.minimums_reduced());
  for (auto const& s : pool.standings()) EXPECT_EQ(s.share, 5);
  pool.leave(b);
  EXPECT_FALSE(pool.minimums_reduced());
}

/// The pool as it is described, with everybody looked at every time. Weights are whole numbers.
struct model {
  struct request {
    std::uint64_t id;
    index_t units;
  };
  struct tenant {
    claim terms;
    index_t share = 0, held = 0;
    std::deque<request> requests;
    bool left = false;
  };
  index_t capacity, free;
  std::map<std::uint64_t, tenant> tenants;
  std::map<std::uint64_t, std::pair<std::uint64_t, index_t>> leases;  // tenant, units

  explicit model(index_t capacity) : capacity(capacity), free(capacity) {}

  bool may(tenant const& t) const {
    return !t.left && !t.requests.empty() &&
           t.held + t.requests.front().units <= std::min(t.terms.maximum, t.terms.demand);
  }
  static bool within(tenant const& t) { return t.held + t.requests.front().units <= t.share; }
  /// Before in line, of two that may be served; the first has the lower number.
  static bool at_least_as_entitled(tenant const& a, tenant const& b) {
    if (within(a) != within(b)) return within(a);
    if ((a.terms.weight > 0) != (b.terms.weight > 0)) return a.terms.weight > 0;
    if (a.terms.weight == 0) return a.held <= b.held;
    return static_cast<double>(a.held + 1) * b.terms.weight <=
           static_cast<double>(b.held + 1) * a.terms.weight;
  }
  tenant* first_in_line() {
    tenant* best = nullptr;
    for (auto& [id, t] : tenants)
      if (may(t) && (best == nullptr || !at_least_as_entitled(*best, t))) best = &t;
    return best;
  }
  void divide() {
    std::vector<claim> claims;
    for (auto const& [id, t] : tenants)
      if (!t.left) claims.push_back(t.terms);
    auto const units = fair_shares(capacity, claims).units;
    std::size_t k = 0;
    for (auto& [id, t] : tenants) t.share = t.left ? 0 : units[k++];
  }
  void serve() {
    for (tenant* t = first_in_line(); t != nullptr && t->requests.front().units <= free;
         t = first_in_line()) {
      auto const r = t->requests.front();
      t->requests.pop_front();
      t->held += r.units;
      free -= r.units;
      for (auto const& [id, other] : tenants)
        if (&other == t) leases[r.id] = {id, r.units};
    }
  }
  void give_back(std::uint64_t id, index_t units) {
    auto& [owner, has] = leases.at(id);
    auto& t = tenants.at(owner);
    has -= units;
    t.held -= units;
    free += units;
    bool const gone = t.left && t.held == 0;
    if (gone) tenants.erase(owner);
    if (has == 0) leases.erase(id);
  }
  index_t wanted() const {
    index_t sum = 0;
    for (auto const& [id, t] : tenants)
      if (may(t) && within(t)) sum += t.requests.front().units;
    return sum;
  }
  index_t surplus() const {
    index_t sum = 0;
    for (auto const& [id, t] : tenants) sum += std::max<index_t>(t.held - t.share, 0);
    return sum;
  }
};

// At every event: what the pool has given to whom, and what it asks back, is what the model says; so units are
// conserved, none are below zero, and none are idle that the first in line could use.
TEST(resource_pool, a_million_random_events) {
  std::uint64_t events = 0, granted = 0, asked = 0, tenants_seen = 0;
  int const pools = 100 / (fewer == 1 ? 1 : 10);
  for (std::uint64_t seed = 0; seed < static_cast<std::uint64_t>(pools); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    auto const below = [&](index_t n) {
      return static_cast<index_t>(random() % static_cast<std::uint64_t>(n));
    };
    index_t const capacity = 1 + below(seed % 2 == 0 ? 20 : 400);
    std::size_t const most_tenants = 1 + random() % 64;
    bool const of_one = seed % 3 == 0;
    resource_pool pool(capacity);
    model expected(capacity);
    std::map<std::uint64_t, lease> leases;  // held or waiting, by number
    auto const some_terms = [&] {
      claim c{.weight = static_cast<double>(random() % 6)};
      if (random() % 4 == 0) c.minimum = below(3);
      if (random() % 4 == 0) c.maximum = c.minimum + below(capacity + 3);
      if (random() % 4 == 0) c.demand = below(capacity + 3);
      return c;
    };
    auto const some = [&](auto& map) {
      return std::next(map.begin(), static_cast<std::ptrdiff_t>(random() % map.size()));
    };
    auto const give_back = [&](std::uint64_t id, index_t units) {
      bool const all = expected.leases.at(id).second == units;
      expected.give_back(id, units);
      if (all)
        leases.at(id).release(), leases.erase(id);
      else
        leases.at(id).release(units);
      expected.serve();
    };
    auto const check = [&](bool whole) {
      ASSERT_EQ(pool.free(), expected.free);
      if (!whole) return;
      ASSERT_GE(expected.free, 0);
      index_t held = 0;
      auto const standings = pool.standings();
      ASSERT_EQ(standings.size(), expected.tenants.size());
      for (auto const& s : standings) {
        auto const& t = expected.tenants.at(s.tenant);
        ASSERT_EQ(s.held, t.held) << "tenant " << s.tenant;
        ASSERT_EQ(s.share, t.share) << "tenant " << s.tenant;
        ASSERT_EQ(s.waiting, static_cast<index_t>(t.requests.size())) << "tenant " << s.tenant;
        held += s.held;
      }
      ASSERT_EQ(held + pool.free(), capacity);
      std::map<std::uint64_t, index_t> of_tenant;
      index_t total = 0;
      for (auto const& [id, of] : expected.leases) {
        auto const n = leases.at(id).asked_back();
        ASSERT_LE(n, of.second);
        of_tenant[of.first] += n;
        total += n;
      }
      for (auto const& [id, n] : of_tenant) {
        auto const& t = expected.tenants.at(id);
        ASSERT_LE(n, std::max<index_t>(t.held - t.share, 0))
            << "tenant " << id << " is asked for more than it is beyond";
      }
      ASSERT_EQ(total, std::max<index_t>(expected.wanted() - expected.free, 0))
          << "what is asked is what is lacking";
    };
    auto const join = [&] {
      claim const terms = some_terms();
      expected.tenants[pool.join(terms)].terms = terms;
      expected.divide();
      expected.serve();
    };
    while (expected.tenants.size() < most_tenants) join();
    for (int k = 0; k < 10000; ++k, ++events) {
      auto const what = random() % 100;
      tenants_seen += expected.tenants.size();
      bool whole = k % 16 == 0;
      if (what < 2 || expected.tenants.empty()) {
        if (expected.tenants.size() < most_tenants) join();
      } else if (what < 5) {
        auto const it = some(expected.tenants);
        auto& [id, t] = *it;
        if (t.left) continue;
        whole = true;
        if (what == 2) {
          claim const terms = some_terms();
          pool.change(id, terms);
          t.terms = terms;
          std::erase_if(t.requests, [&](auto const& r) {
            if (r.units <= terms.maximum) return false;
            EXPECT_THROW(leases.at(r.id).ready(), usage_error);
            leases.erase(r.id);
            return true;
          });
        } else {
          for (auto const& r : t.requests) leases.erase(r.id);  // these withdraw them
          t.requests.clear();
          expected.serve();
          auto const tenant = id;
          if (what == 3) {
            pool.leave(tenant);
          } else {
            pool.evict(tenant);
            std::vector<std::pair<std::uint64_t, index_t>> lost;
            for (auto const& [number, of] : expected.leases)
              if (of.first == tenant) lost.push_back({number, of.second});
            for (auto const& [number, units] : lost) {
              expected.give_back(number, units);
              ASSERT_THROW(leases.at(number).release(), usage_error);
              leases.erase(number);
            }
          }
          t.left = true;
          if (t.held == 0) expected.tenants.erase(it);
        }
        expected.divide();
        expected.serve();
      } else if (what < 50) {
        auto& [id, t] = *some(expected.tenants);
        index_t const most = std::min(t.terms.maximum, capacity);
        if (t.left || most == 0 || t.requests.size() > 3) continue;
        index_t const units = of_one ? 1 : 1 + below(std::min<index_t>(most, 8));
        lease l = pool.request(id, units);
        t.requests.push_back({l.id(), units});
        auto const number = l.id();
        leases[number] = std::move(l);
        expected.serve();
        ASSERT_EQ(leases[number].ready(), expected.leases.contains(number));
        granted += expected.leases.contains(number);
      } else if (what < 55) {  // somebody gives up waiting
        auto& [id, t] = *some(expected.tenants);
        if (t.requests.empty()) continue;
        auto const at = t.requests.begin() + static_cast<std::ptrdiff_t>(random() % t.requests.size());
        leases.erase(at->id);
        t.requests.erase(at);
        expected.serve();
      } else if (
          what <
          60) {  // everybody gives what it is asked for: it ends, and who has a share and wants it has it
        index_t before = expected.surplus();
        for (bool again = true; again;) {
          again = false;
          for (auto& [id, l] : leases) {
            if (!expected.leases.contains(id) || l.asked_back() == 0) continue;
            index_t const units = l.asked_back();
            give_back(id, units);
            asked += static_cast<std::uint64_t>(units);
            index_t const after = expected.surplus();
            ASSERT_EQ(after, before - units) << "the potential";
            before = after;
            again = true;
            break;
          }
        }
        ASSERT_LE(expected.wanted(), 0);
        whole = true;
      } else if (!expected.leases.empty()) {
        auto const [id, of] = *some(expected.leases);
        give_back(id, random() % 4 == 0 ? 1 + below(of.second) : of.second);
      }
      check(whole);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  EXPECT_GT(events, fewer == 1 ? 900'000u : 90'000u);
  EXPECT_GT(granted, events / 20);
  EXPECT_GT(asked, events / 200);
  EXPECT_GT(tenants_seen, 10 * events);
}

// Tenants that want all they can get, unit by unit, and give back what they are asked for, end with their shares.
TEST(resource_pool, whoever_wants_it_gets_its_share) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    index_t const capacity = 1 + static_cast<index_t>(random() % 60);
    resource_pool pool(capacity);
    std::vector<double> weights(1 + random() % 10);
    std::vector<std::vector<lease>> leases(weights.size());
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sum += weights[i] = static_cast<double>(1 + random() % 20);
      pool.join({.weight = weights[i]});
      for (index_t k = 0; k < capacity; ++k) leases[i].push_back(pool.request(i, 1));
      for (bool again = true; again;) {
        again = false;
        for (auto& of : leases)
          for (lease& l : of)
            if (l && l.ready() && l.asked_back() > 0) {
              l.release();
              again = true;
            }
      }
    }
    index_t total = 0;
    for (auto const& s : pool.standings()) {
      double const w = weights[s.tenant];
      EXPECT_GE(s.held, static_cast<index_t>(static_cast<double>(capacity) * w / sum))
          << "tenant " << s.tenant;
      total += s.held;
    }
    EXPECT_EQ(total, capacity);
  }
}

// Nobody waits for ever, and what is held never exceeds what there is.
TEST(resource_pool, threads) {
  constexpr index_t capacity = 7;
  resource_pool pool(capacity);
  std::atomic<index_t> in_use = 0, most = 0;
  std::vector<std::thread> threads;
  std::atomic<int> refused = 0, late = 0;
  auto const hold = [&](index_t units) {
    index_t const now = in_use += units;
    for (index_t seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {}
    std::this_thread::yield();
    in_use -= units;
  };
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      std::mt19937_64 random(static_cast<std::uint64_t>(t));
      auto tenant = pool.join({.weight = static_cast<double>(t % 4)});
      for (int k = 0; k < 4000 / fewer; ++k) {
        auto const units = static_cast<index_t>(1 + random() % (t == 0 ? capacity : 3));
        switch (random() % 8) {
          case 0:
            if (auto const l = pool.try_acquire(tenant, units)) hold(units);
            break;
          case 1: {
            auto const soon = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 100);
            if (auto const l = pool.acquire_until(tenant, units, soon))
              hold(units);
            else
              ++late;
            break;
          }
          case 2:
            pool.change(tenant, {.weight = static_cast<double>(random() % 5),
                                 .minimum = static_cast<index_t>(random() % 2)});
            break;
          case 3:
            if (random() % 4 == 0) {
              pool.leave(tenant);
              tenant = pool.join();
            }
            break;
          default: {
            lease l = pool.acquire(tenant, units);
            hold(units);
            if (index_t const asked = l.asked_back()) l.release(asked);
          }
        }
      }
      // Another thread removes a tenant that waits: it is told.
      std::thread other;
      try {
        auto const all = pool.request(tenant, capacity);
        other = std::thread([&pool, tenant] { pool.leave(tenant); });
        all.wait();
      } catch (usage_error const&) { ++refused; }
      other.join();
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(pool.free(), capacity);
  EXPECT_EQ(in_use, 0);
  EXPECT_LE(most, capacity);
  EXPECT_GT(most, capacity / 2);
  EXPECT_TRUE(pool.standings().empty());
}

// One unit, from hand to hand: a wake-up that is lost would be the last thing that happens.
TEST(resource_pool, no_wake_up_is_lost) {
  resource_pool pool(1);
  int at_work = 0;  // guarded by the unit
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      auto const tenant = pool.join({.weight = static_cast<double>(1 + t)});
      for (int k = 0; k < 3000 / fewer; ++k) {
        lease const unit = pool.acquire(tenant, 1);
        EXPECT_EQ(++at_work, 1);
        --at_work;
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(pool.free(), 1);
}

}  // namespace
}  // namespace prorata
