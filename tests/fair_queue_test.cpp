// Whose turn it is: published orders, and an ideal server in exact rationals that the queue may never be more than one
// chunk away from.
#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <prorata/error.hpp>
#include <prorata/fair_queue.hpp>
#include <random>
#include <string>
#include <tests/gmp_oracle.hpp>
#include <tests/sanitizers.hpp>
#include <vector>

namespace prorata {
namespace {

constexpr int fewer = tests::watched ? 20 : 1;

/// Letters of the flows in the order in which they are served, from all of them having `chunks` chunks of cost 1.
std::string order_of(std::vector<double> const& weights, int chunks, int length,
                     service_order order = service_order::fair) {
  fair_queue queue(order);
  for (double const w : weights) queue.join(w);
  for (int k = 0; k < chunks; ++k)
    for (std::uint64_t f = 0; f < weights.size(); ++f) queue.offer(f, 1);
  std::string result;
  for (int k = 0; k < length; ++k) {
    auto const turn = queue.take();
    result += turn ? static_cast<char>('A' + turn->flow) : '-';
  }
  return result;
}

TEST(fair_queue, known_orders) {
  EXPECT_EQ(order_of({3, 2, 1}, 20, 12), "ABABACABABAC");
  EXPECT_EQ(order_of({5, 1, 1}, 20, 7), "ABAACAA");
  EXPECT_EQ(order_of({4, 2, 1, 1}, 20, 8), "ABACABAD");
  EXPECT_EQ(order_of({8, 4, 2, 1, 1}, 20, 16), "ABACABADABACABAE");
  EXPECT_EQ(order_of({0.3, 0.3, 0.3}, 2, 7), "ABCABC-");
  EXPECT_EQ(order_of({0x1p-31, 0x1p-32, 0x1.8p-32}, 1, 3), "ACB");
  EXPECT_EQ(order_of({0x1p-32, 0x1.0000000000001p-32}, 1, 2), "BA");
  EXPECT_EQ(order_of({4e12, 2e12, 1e12, 1e12}, 20, 8), "ABACABAD");
}

// Bennett and Zhang, WF²Q, figure 2: one session of half the weight with 11 packets, ten others with one packet each.
// (In doubles 0.05 is more than one tenth of 0.5; then nobody is done when ten times 0.05 would be.)
TEST(fair_queue, bennett_and_zhang) {
  fair_queue queue;
  queue.join(10);
  for (int k = 0; k < 10; ++k) queue.join(1);
  for (int k = 0; k < 11; ++k) queue.offer(0, 1);
  for (std::uint64_t f = 1; f <= 10; ++f) queue.offer(f, 1);
  std::vector<std::uint64_t> order;
  while (auto const turn = queue.take()) order.push_back(turn->flow);
  EXPECT_EQ(order,
            (std::vector<std::uint64_t>{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0, 9, 0, 10, 0}));
}

TEST(fair_queue, weight_zero_gets_what_nobody_else_wants) {
  fair_queue queue;
  auto const background = queue.join(0), other = queue.join(0), paying = queue.join(1);
  for (int k = 0; k < 3; ++k) {
    queue.offer(background, 5);
    queue.offer(other, 7);
  }
  queue.offer(paying, 100);
  std::vector<std::uint64_t> order;
  for (int k = 0; k < 3; ++k) order.push_back(queue.take()->flow);
  queue.offer(paying, 100);
  while (auto const turn = queue.take()) order.push_back(turn->flow);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{paying, background, other, paying, background, other,
                                               background, other}));
}

TEST(fair_queue, weights_of_zero_come_and_go) {
  fair_queue queue;
  auto const a = queue.join(1), b = queue.join(1);
  for (int k = 0; k < 4; ++k) {
    queue.offer(a, 1);
    queue.offer(b, 1);
  }
  EXPECT_EQ(queue.take()->flow, a);
  queue.set_weight(a, 0);  // from the chunk on that the ideal server has not begun: it has begun a's second
  EXPECT_EQ(queue.take()->flow, b);
  std::string order;
  for (int k = 0; k < 4; ++k) order += queue.take()->flow == a ? 'a' : 'b';
  EXPECT_EQ(order, "bbba");
  queue.set_weight(a, 1);
  EXPECT_EQ(queue.take()->flow, a);
  EXPECT_EQ(queue.take()->flow, a);
  EXPECT_FALSE(queue.take());
}

TEST(fair_queue, strict_priority_starves_and_says_so) {
  EXPECT_EQ(order_of({1, 3, 2}, 2, 7, service_order::strict_priority), "BBCCAA-");
  EXPECT_EQ(order_of({1, 0, 1}, 2, 7, service_order::strict_priority), "ACACBB-");
  fair_queue queue(service_order::strict_priority);
  auto const low = queue.join(1), high = queue.join(2);
  queue.offer(low, 1);
  for (int k = 0; k < 100; ++k) {
    queue.offer(high, 1);
    EXPECT_EQ(queue.take()->flow, high);
  }
  queue.offer(high, 1);
  queue.set_weight(low, 3);
  EXPECT_EQ(queue.take()->flow, low);
}

TEST(fair_queue, round_robin_is_a_chunk_each) {
  EXPECT_EQ(order_of({1, 3, 0, 2}, 2, 9, service_order::round_robin), "ABDABDCC-");
}

/// The ideal server, by its definition, in rationals and without a virtual time: it serves all flows that have
/// something at once, each by its weight, and a chunk keeps the weight that its flow had when it began.
struct ideal_server {
  struct flow {
    mpq_class weight, of_chunk = 0;  // of chunks to come, of the one that is served
    std::deque<index_t> waiting;
    mpq_class left = 0;  // of the one that is served
    mpq_class served = 0;
    std::size_t begun = 0;  // chunks, ever
    bool runs = false;
  };
  std::map<std::uint64_t, flow> flows;

  static void begin(flow& f) {
    f.runs = !f.waiting.empty() && f.weight > 0;
    if (!f.runs) return;
    f.of_chunk = f.weight;
    f.left = f.waiting.front();
    f.waiting.pop_front();
    ++f.begun;
  }
  void offer(std::uint64_t id, index_t cost) {
    flow& f = flows.at(id);
    f.waiting.push_back(cost);
    if (!f.runs) begin(f);
  }
  void set_weight(std::uint64_t id, mpq_class const& weight) {
    flow& f = flows.at(id);
    f.weight = weight;
    if (!f.runs) begin(f);
  }
  /// Keeps the first `kept` chunks that the flow ever had. That may leave out one that began this very moment, or keep
  /// one that begins in the next: the queue's places are rounded.
  void withdraw(std::uint64_t id, std::size_t kept) {
    flow& f = flows.at(id);
    if (f.begun > kept) f.runs = false;
    f.waiting.resize(f.begun > kept ? 0 : kept - f.begun);
  }
  void serve(mpq_class units) {
    while (units > 0) {
      mpq_class total = 0, shortest = -1;
      for (auto const& [id, f] : flows)
        if (f.runs) {
          total += f.of_chunk;
          mpq_class const until = f.left / f.of_chunk;
          if (shortest < 0 || until < shortest) shortest = until;
        }
      ASSERT_NE(total, 0) << "more was served than there was";
      mpq_class const step = std::min<mpq_class>(shortest, units / total);
      units -= step * total;
      for (auto& [id, f] : flows)
        if (f.runs) {
          f.left -= step * f.of_chunk;
          f.served += step * f.of_chunk;
        }
      for (auto& [id, f] : flows)
        if (f.runs && f.left == 0) begin(f);
    }
  }
};

/// WF²Q by the book, in rationals: every flow with a virtual time, every decision by going through all of them. A
/// place w·V is rounded up to 2^-64 units where the card says so; nothing else is.
struct textbook {
  struct chunk {
    index_t cost;
    mpq_class end;
    bool withdrawn = false;
  };
  struct flow {
    mpq_class weight, of_chunk = 0, end = 0;
    std::deque<index_t> waiting;
    std::deque<chunk> begun;
    std::size_t ever_begun = 0;
    bool runs = false;
  };
  std::map<std::uint64_t, flow> flows;
  mpq_class place = 0, weights = 0;  // of the server: the virtual time is their ratio

  static mpq_class rounded_up(mpq_class x) {
    mpq_mul_2exp(x.get_mpq_t(), x.get_mpq_t(), 64);
    mpz_class whole;
    mpz_cdiv_q(whole.get_mpz_t(), x.get_num_mpz_t(), x.get_den_mpz_t());
    mpq_class result = whole;
    mpq_div_2exp(result.get_mpq_t(), result.get_mpq_t(), 64);
    return result;
  }
  void begin(flow& f, mpq_class const& at) {
    f.runs = !f.waiting.empty() && f.weight > 0;
    if (!f.runs) return;
    mpq_class const own = rounded_up(f.weight * at);
    place += own;
    weights += f.weight;
    f.of_chunk = f.weight;
    f.end = (own + f.waiting.front()) / f.weight;
    f.begun.push_back({f.waiting.front(), f.end});
    f.waiting.pop_front();
    ++f.ever_begun;
  }
  void enter(flow& f) {
    if (!f.runs) begin(f, weights == 0 ? mpq_class(0) : mpq_class(place / weights));
  }
  void serve(index_t cost) {
    place += cost;
    for (;;) {
      flow* first = nullptr;
      for (auto& [id, f] : flows)
        if (f.runs && (first == nullptr || f.end < first->end)) first = &f;
      if (first == nullptr || first->end * weights > place) return;
      place -= first->of_chunk * first->end;
      weights -= first->of_chunk;
      begin(*first, first->end);
    }
  }
  flow* next() {
    flow* best = nullptr;
    for (auto& [id, f] : flows)
      if (!f.begun.empty() && (best == nullptr || f.begun.front().end < best->begun.front().end)) best = &f;
    return best;
  }
};

double some_weight(std::mt19937_64& random, int kind) {
  switch (kind) {
    case 0:
      return static_cast<double>(1 + random() % 9);
    case 1:
      return static_cast<double>(1 + random() % 1000) / 1000;
    case 2:
      return std::ldexp(1.0, static_cast<int>(random() % 16));
    default:
      return random() % 4 == 0 ? 1000 : 1;
  }
}

// The queue takes what the textbook takes, and no flow is ever more than a chunk away from the ideal server. What
// flows withdraw after it began there counts as served when its turn comes.
TEST(fair_queue, is_never_more_than_one_chunk_from_the_ideal_server) {
  mpq_class furthest = 0;
  int withdrawn = 0;
  for (std::uint64_t seed = 0; seed < 10000 / fewer; ++seed) {
    std::mt19937_64 random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    fair_queue queue;
    textbook book;
    ideal_server ideal;
    std::map<std::uint64_t, mpq_class> served;
    std::vector<std::uint64_t> here;
    int const kind = static_cast<int>(random() % 4);
    auto const most = 1 + random() % 30;
    index_t largest = 1, in_service = 0;
    auto const join = [&] {
      double const w = some_weight(random, kind);
      auto const id = queue.join(w);
      ASSERT_FALSE(book.flows.contains(id)) << "a number was used again";
      ideal.flows[id].weight = book.flows[id].weight = oracle::value_of(w);
      served[id] = 0;
      here.push_back(id);
    };
    auto const follow = [&](std::uint64_t id, index_t cost) {  // a chunk ends
      served.at(id) += cost;
      book.serve(cost);
      ideal.serve(cost);
      for (auto const& [other, amount] : served) {
        mpq_class const behind = ideal.flows.at(other).served - amount;
        ASSERT_LE(behind, largest) << "flow " << other << " is behind";
        ASSERT_LT(-behind, largest) << "flow " << other << " is ahead";
        furthest = std::max<mpq_class>(furthest, abs(behind) / largest);
      }
    };
    std::uint64_t last = 0;
    for (std::uint64_t k = 2 + random() % 5; k > 0; --k) join();
    for (int event = 0; event < 60; ++event) {
      auto const at = random() % here.size();
      auto const id = here[at];
      auto const what = random() % 16;
      if (what < 7) {
        auto const cost = static_cast<index_t>(1 + random() % most);
        largest = std::max(largest, cost);
        queue.offer(id, cost);
        ideal.offer(id, cost);
        book.flows.at(id).waiting.push_back(cost);
        book.enter(book.flows.at(id));
      } else if (what == 7) {
        if (here.size() > 6) {
          queue.leave(id);
          here.erase(here.begin() + static_cast<std::ptrdiff_t>(at));
        } else {
          queue.withdraw(id);
          ASSERT_EQ(queue.size(id), 0);
        }
        auto& f = book.flows.at(id);
        f.waiting.clear();
        for (auto& chunk : f.begun) chunk.withdrawn = true;
        ideal.withdraw(id, f.ever_begun);
        join();
      } else if (what == 8) {
        double const w = some_weight(random, kind);
        queue.set_weight(id, w);
        ideal.set_weight(id, oracle::value_of(w));
        book.flows.at(id).weight = oracle::value_of(w);
        book.enter(book.flows.at(id));
      } else {
        if (in_service > 0) follow(last, in_service);
        in_service = 0;
        auto* next = book.next();
        for (; next != nullptr && next->begun.front().withdrawn; next = book.next()) {
          auto const cost = next->begun.front().cost;
          next->begun.pop_front();
          auto const of = std::find_if(book.flows.begin(), book.flows.end(),
                                       [&](auto const& f) { return &f.second == next; });
          follow(of->first, cost);
          ++withdrawn;
        }
        auto const turn = queue.take();
        ASSERT_EQ(turn.has_value(), next != nullptr);
        if (turn) {
          ASSERT_EQ(&book.flows.at(turn->flow), next) << "flow " << turn->flow << " was taken";
          ASSERT_EQ(next->begun.front().cost, turn->cost);
          next->begun.pop_front();
          in_service = turn->cost;
          last = turn->flow;
        } else {
          for (auto const& [other, amount] : served)
            ASSERT_EQ(ideal.flows.at(other).served, amount) << "nothing waits, and all is not served";
        }
      }
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  EXPECT_GT(furthest, 0.9) << "the instances are too easy";
  EXPECT_GT(withdrawn, 1000 / fewer);
}

// The second is idle whenever it was served and another was not, or takes back what it offered and offers it anew.
TEST(fair_queue, coming_and_going_gains_nothing) {
  for (bool const withdraws : {false, true})
    for (double const weight : {1.0, 3.0, 0.25}) {
      fair_queue queue;
      auto const loyal = queue.join(1), trickster = queue.join(weight);
      double gained = 0, total = 0;
      bool of_loyal = true;
      for (int k = 0; k < 1000; ++k) {
        while (queue.size(loyal) < 2) queue.offer(loyal, 1);
        if (of_loyal && withdraws && k % 3 == 0) queue.withdraw(trickster);
        if (of_loyal && queue.size(trickster) == 0) queue.offer(trickster, 1);
        auto const turn = queue.take();
        of_loyal = turn->flow == loyal;
        gained += of_loyal ? 0 : 1;
        total += 1;
        ASSERT_LE(gained, total * weight / (1 + weight) + 1) << weight << " " << withdraws;
      }
      EXPECT_GT(gained, 0);
    }
}

TEST(fair_queue, idle_flows_save_nothing_up) {
  fair_queue queue;
  auto const idle = queue.join(1), busy = queue.join(1);
  for (int k = 0; k < 1000; ++k) queue.offer(busy, 1);
  for (int k = 0; k < 500; ++k) queue.take();
  for (int k = 0; k < 100; ++k) queue.offer(idle, 1);
  int of_idle = 0;
  for (int k = 0; k < 100; ++k) of_idle += queue.take()->flow == idle;
  EXPECT_NEAR(of_idle, 50, 1);
}

TEST(fair_queue, nobody_with_a_weight_starves) {
  fair_queue queue;
  auto const small = queue.join(0x1p-10);
  for (int k = 0; k < 16; ++k) queue.offer(queue.join(1), 2);
  constexpr int chunks = 4;
  for (int k = 0; k < chunks; ++k) queue.offer(small, 3);
  // A chunk waits for (cost + largest)·W/w at most.
  double const bound = (3 + 3) * (16 + 0x1p-10) / 0x1p-10;
  double waited = 0;
  for (int left = chunks; left > 0;) {
    auto const turn = queue.take();
    waited += static_cast<double>(turn->cost);
    ASSERT_LE(waited, bound);
    if (turn->flow != small) {
      queue.offer(turn->flow, 1 + static_cast<index_t>(turn->flow % 3));
    } else {
      if (left-- != chunks) {
        EXPECT_GT(waited, bound / 3);  // its share is as small as it is
      }
      waited = 0;
    }
  }
}

TEST(fair_queue, those_who_left_make_room) {
  fair_queue queue;
  auto const stays = queue.join(1);
  for (int k = 0; k < tests::rounds((1 << 20) + 5); ++k) {
    auto const leaves = queue.join(1);
    queue.offer(leaves, 1);
    queue.offer(stays, 1);
    queue.leave(leaves);
    ASSERT_EQ(queue.take()->flow, stays);
  }
}

// After 10^5 chunks of 10^18 units nobody is further from its share than after the first: nothing has drifted.
TEST(fair_queue, does_not_drift) {
  fair_queue queue;
  std::vector<double> const weights{0.1, 0.7, 1.0 / 3, 1e6, 1e-9};
  index_t const unit = index_t{1} << 60;
  for (double const w : weights) queue.join(w);
  std::vector<mpq_class> served(weights.size());
  mpq_class total = 0, all = 0;
  for (double const w : weights) all += oracle::value_of(w);
  for (std::uint64_t f = 0; f < weights.size(); ++f) queue.offer(f, unit);
  for (int k = 0; k < 100000; ++k) {
    auto const turn = queue.take();
    served[turn->flow] += mpq_class(std::to_string(turn->cost));
    total += mpq_class(std::to_string(turn->cost));
    queue.offer(turn->flow, unit - static_cast<index_t>(k % 1000));
    if (k % 1000 != 0) continue;
    for (std::size_t f = 0; f < weights.size(); ++f) {
      mpq_class const off = total * oracle::value_of(weights[f]) / all - served[f];
      ASSERT_LE(abs(off), mpq_class(std::to_string(unit))) << f << " after " << k;
    }
  }
}

TEST(fair_queue, refuses_and_is_as_before) {
  auto const message = [](auto const& act) -> std::string {
    try {
      act();
    } catch (usage_error const& e) { return e.what(); }
    return "nothing was thrown";
  };
  fair_queue queue;
  auto const a = queue.join(1), b = queue.join(1);
  for (double const bad : {std::nan(""), HUGE_VAL, -1.0, 0x1p-33, 0x1p42, 5e-324}) {
    EXPECT_THROW(queue.join(bad), usage_error) << bad;
    EXPECT_THROW(queue.set_weight(a, bad), usage_error) << bad;
  }
  queue.set_weight(a, 0x1.fffffffffffffp41);
  queue.set_weight(a, -0.0);
  queue.set_weight(a, 0x1p-32);
  EXPECT_EQ(message([&] { queue.join(-2); }),
            "the weight of a flow is -2; it is 0, or from 2^-32 (2.3e-10) below 2^42 (4.4e12)");
  EXPECT_EQ(message([&] { queue.offer(a, 0); }),
            "a chunk of flow 0 costs 0; costs are positive, for service is what moves the clock");
  EXPECT_EQ(message([&] { queue.offer(7, 1); }), "flow 7 is not there; it left, or never joined");
  queue.offer(b, 1);
  queue.leave(b);  // the ideal server has begun what it offered
  EXPECT_EQ(message([&] { queue.leave(b); }), "flow 1 is not there; it left, or never joined");
  EXPECT_EQ(queue.size(), 0);
  EXPECT_FALSE(queue.take());
  auto const c = queue.join(1);
  EXPECT_NE(c, b);
  EXPECT_THROW(queue.offer(b, 1), usage_error);

  index_t const most = std::numeric_limits<index_t>::max();
  int chunks = 0;
  EXPECT_EQ(message([&] {
              for (;; ++chunks) {
                queue.offer(c, most);
                if (queue.size(c) > 3) queue.take();
              }
            }),
            "more than 2^80 units were offered without a pause; count costs in a larger unit");
  EXPECT_EQ(chunks, 1 << 17);
  while (queue.take()) {}
  queue.offer(c, most);  // after a pause
  EXPECT_EQ(queue.take(), (fair_queue::turn{c, most}));
}

}  // namespace
}  // namespace prorata
