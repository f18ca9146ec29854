// WF²Q on an exact clock: the ideal server is followed from one end of a chunk to the next.
#include <algorithm>
#include <cmath>
#include <deque>
#include <host/id_table.hpp>
#include <host/load_units.hpp>
#include <prorata/error.hpp>
#include <prorata/fair_queue.hpp>
#include <prorata/natural.hpp>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

namespace prorata {
namespace {

// Everything is kept as service, not as time: in the ideal server a flow of weight w stands at x = w·V, the server at
// X = W·V, where V is the virtual time and W the sum of the weights that are in it. Then serving c units adds c to X,
// a chunk of c units ends at x + c, and a flow that has nothing left takes its x out of X and its w out of W:
// additions of integers, without a division or a rounding. Only to enter at V = X/W takes one.
//
// Units are 2^-64 of a cost for x, 2^-84 for w: doubles from 2^-32 below 2^42 are integers below 2^126, and 2^20 of
// them below 2^146. With T < 2^80 units of service, V < T·2^64/2^52, so X < 2^(146 + 80 + 12), far below 2^256.
using place = natural<8>;
using measure = natural<5>;
constexpr int place_bits = 64, weight_bits = 84, least_exponent = -32, beyond_exponent = 42;
constexpr index_t most_flows = index_t{1} << 20;
constexpr int most_service_bits = 80;

template <int To, int From>
natural<To> resized(natural<From> const& x) {
  natural<To> result;
  for (int i = 0; i < std::min(To, From); ++i) result.word[i] = x.word[i];
  return result;
}

template <int A, int B>
natural<A + B> product(natural<A> const& a, natural<B> const& b) {
  natural<A + B> result;
  for (int i = 0; i < B; ++i) {
    std::uint64_t carry = 0;
    for (int j = 0; j < A; ++j) {
      carry += static_cast<std::uint64_t>(a.word[j]) * b.word[i] + result.word[i + j];
      result.word[i + j] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    result.word[i + A] = static_cast<std::uint32_t>(carry);
  }
  return result;
}

// ⌈a / b⌉, 62 bits a round: each takes off a multiple of b that is at most what is left.
template <int Words>
natural<Words> quotient_rounded_up(natural<Words> a, natural<Words> const& b) {
  natural<Words> result;
  leading_bits const divisor = leading(b);
  while (!(a < b)) {
    leading_bits const head = leading(a);
    // head.bits·2^head.exponent ≤ a, and (divisor.bits + 1)·2^divisor.exponent > b unless b is short.
    int const up = 64 - bit_length(head.bits);
    host::wide_t const above = static_cast<host::wide_t>(divisor.bits) + (divisor.more ? 1 : 0);
    host::wide_t estimate = (static_cast<host::wide_t>(head.bits << up) << 62) / above;
    int exponent = head.exponent - up - 62 - divisor.exponent;
    if (int const excess = host::bit_length(estimate) - 64; excess > 0) {
      estimate >>= excess;
      exponent += excess;
    }
    if (exponent < 0) {
      estimate = exponent > -64 ? estimate >> -exponent : 0;
      exponent = 0;
    }
    auto const factor = std::max<std::uint64_t>(static_cast<std::uint64_t>(estimate), 1);
    a -= b * factor << exponent;
    result += natural<Words>(factor) << exponent;
  }
  if (a.bit_length() != 0) result += natural<Words>(1);
  return result;
}

// A virtual time: a place of a flow over its weight, and about what that is.
struct moment {
  place x;
  measure w;
  double about = 0;

  moment() = default;
  moment(place const& x, measure const& w) : x(x), w(w) {
    auto const top = leading(x), bottom = leading(w);
    about = std::ldexp(static_cast<double>(top.bits) / static_cast<double>(bottom.bits),
                       top.exponent - bottom.exponent);
  }
};

// Less than 0 if a comes before b, 0 if they are one. `about` is wrong by 2^-51 of itself at most, in any rounding
// mode.
int compared(moment const& a, moment const& b) {
  if (std::abs(a.about - b.about) > 0x1p-48 * std::max(a.about, b.about)) return a.about < b.about ? -1 : 1;
  auto const order = a.w == b.w ? a.x <=> b.x : product(a.x, b.w) <=> product(b.x, a.w);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

measure measured(double weight) {
  dissected const part = dissect(weight);
  measure result(part.significand);
  return result << (part.exponent + weight_bits);
}

bool nothing(double weight) { return dissect(weight).significand == 0; }

void require_weight(double weight) {
  dissected const part = dissect(weight);
  int const top = part.exponent + bit_length(part.significand);
  if (!part.finite || (part.negative && part.significand != 0) ||
      (part.significand != 0 && (top <= least_exponent || top > beyond_exponent)))
    refuse("the weight of a flow is " + host::shortest(weight) +
           "; it is 0, or from 2^-32 (2.3e-10) below 2^42 (4.4e12)");
}

}  // namespace

struct fair_queue::state {
  struct begun_chunk {
    index_t cost;
    moment end;
    bool withdrawn = false;
  };
  struct flow {
    explicit flow(double weight) : weight(weight) {}

    double weight;  // of chunks that are not begun
    std::uint64_t id = 0;
    std::uint64_t ticket = 0;  // its place among those that take turns
    bool in_server = false;    // the ideal one
    bool in_turns = false;
    bool left = false;
    moment end;                     // of its chunk in the ideal server
    index_t chunks = 0;             // that wait and are not withdrawn
    std::deque<begun_chunk> begun;  // in the ideal server, perhaps finished there, and not yet taken
    std::deque<index_t> waiting;    // behind them
  };
  // A flow and one of its moments, which stays as it is while it is in a heap.
  struct entry {
    moment at;
    flow* who;
    bool operator<(entry const& other) const {  // the front of a heap is its largest
      int const order = compared(at, other.at);
      return order != 0 ? order > 0 : who->id > other.who->id;
    }
  };

  explicit state(service_order order) : order(order) {}

  service_order const order;
  host::id_table<flow> flows;
  index_t flow_count = 0, chunk_count = 0;
  index_t in_service = 0;      // cost of the chunk that was taken last; the ideal server has not followed yet
  place x;                     // of the ideal server
  measure w;                   // in it
  natural<4> served, pending;  // units: since it was empty, and waiting
  std::priority_queue<entry> ends;   // a flow in the ideal server, by the end of its chunk
  std::priority_queue<entry> ready;  // a flow with a begun chunk, by the end of the first
  std::set<std::tuple<bool, double, std::uint64_t, flow*>> turns;  // whoever is served by ticket
  std::uint64_t tickets = 0;

  flow& at(std::uint64_t id) {
    flow* const found = flows.find(id);
    require(found != nullptr && !found->left,
            "flow " + std::to_string(id) + " is not there; it left, or never joined");
    return *found;
  }

  bool by_weight(flow const& f) const { return order == service_order::fair && !nothing(f.weight); }

  // Puts a flow that has something waiting where it is served from.
  void enter(flow& f) {
    if (by_weight(f)) {
      measure const own = measured(f.weight);
      place const here =
          x.bit_length() == 0 ? place{} : resized<8>(quotient_rounded_up(product(x, own), resized<13>(w)));
      begin(f, here, own);
    } else if (!f.in_turns) {
      f.ticket = tickets++;
      turns.insert(key(f));
      f.in_turns = true;
    }
  }

  std::tuple<bool, double, std::uint64_t, flow*> key(flow& f) const {
    return {nothing(f.weight), order == service_order::strict_priority ? -f.weight : 0.0, f.ticket, &f};
  }
  void leave_turns(flow& f) {
    if (f.in_turns) turns.erase(key(f));
    f.in_turns = false;
  }

  // The ideal server begins the flow's next chunk, at V = at/own.
  void begin(flow& f, place at, measure const& own) {
    x += at;
    w += own;
    at += place(static_cast<std::uint64_t>(f.waiting.front())) << place_bits;
    f.end = moment(at, own);
    f.begun.push_back({f.waiting.front(), f.end});
    f.waiting.pop_front();
    f.in_server = true;
    ends.push({f.end, &f});
    if (f.begun.size() == 1) ready.push({f.end, &f});
  }

  // The ideal server serves `cost` units. A flow whose chunk ended goes on with its next one, from that moment on.
  void advance(index_t cost) {
    if (cost == 0) return;
    x += place(static_cast<std::uint64_t>(cost)) << place_bits;
    while (!ends.empty() && compared(ends.top().at, moment(x, w)) <= 0) {
      flow& f = *ends.top().who;
      ends.pop();
      x -= f.end.x;
      w -= f.end.w;
      f.in_server = false;
      if (f.waiting.empty()) {
        drop_if_gone(f);
      } else if (by_weight(f)) {
        measure const own = measured(f.weight);
        begin(f,
              own == f.end.w ? f.end.x
                             : resized<8>(quotient_rounded_up(product(f.end.x, own), resized<13>(f.end.w))),
              own);
      } else {
        enter(f);
      }
    }
    if (ends.empty()) served = {};
  }

  void drop_if_gone(flow& f) {
    if (!f.left || f.in_server || !f.begun.empty()) return;
    flows.erase(f.id);
    --flow_count;
  }
};

fair_queue::fair_queue(service_order order) : state_(std::make_unique<state>(order)) {}
fair_queue::~fair_queue() = default;
fair_queue::fair_queue(fair_queue&&) noexcept = default;
fair_queue& fair_queue::operator=(fair_queue&&) noexcept = default;

std::uint64_t fair_queue::join(double weight) {
  require_weight(weight);
  require(state_->flow_count < most_flows, "there are 2^20 flows already; no more can join");
  std::uint64_t const id = state_->flows.insert(weight);
  state_->flows.find(id)->id = id;
  ++state_->flow_count;
  return id;
}

void fair_queue::leave(std::uint64_t flow) {
  withdraw(flow);
  state::flow& f = state_->at(flow);
  f.left = true;
  state_->drop_if_gone(f);
}

void fair_queue::withdraw(std::uint64_t flow) {
  state::flow& f = state_->at(flow);
  state_->leave_turns(f);
  for (index_t const cost : f.waiting) state_->pending -= natural<4>(static_cast<std::uint64_t>(cost));
  f.waiting.clear();
  for (auto& chunk : f.begun) chunk.withdrawn = true;
  state_->chunk_count -= std::exchange(f.chunks, 0);
}

void fair_queue::set_weight(std::uint64_t flow, double weight) {
  require_weight(weight);
  state::flow& f = state_->at(flow);
  bool const in_turns = f.in_turns;
  state_->leave_turns(f);
  f.weight = weight;
  if (!in_turns) return;  // it counts when the ideal server begins the next chunk
  if (state_->by_weight(f)) return state_->enter(f);
  state_->turns.insert(state_->key(f));  // and keeps its turn
  f.in_turns = true;
}

void fair_queue::offer(std::uint64_t flow, index_t cost) {
  state::flow& f = state_->at(flow);
  require(cost > 0, "a chunk of flow " + std::to_string(flow) + " costs " + std::to_string(cost) +
                        "; costs are positive, for service is what moves the clock");
  natural<4> pending = state_->pending;
  pending += natural<4>(static_cast<std::uint64_t>(cost));
  natural<4> service = state_->served;
  service += pending;
  require(service.bit_length() <= most_service_bits,
          "more than 2^80 units were offered without a pause; count costs in a larger unit");
  f.waiting.push_back(cost);
  state_->pending = pending;
  ++state_->chunk_count;
  ++f.chunks;
  if (!f.in_server) state_->enter(f);
}

std::optional<fair_queue::turn> fair_queue::take() {
  state& s = *state_;
  s.advance(std::exchange(s.in_service, 0));
  while (!s.ready.empty()) {
    state::flow& f = *s.ready.top().who;
    s.ready.pop();
    turn const result{f.id, f.begun.front().cost};
    bool const withdrawn = f.begun.front().withdrawn;
    f.begun.pop_front();
    if (!f.begun.empty()) s.ready.push({f.begun.front().end, &f});
    natural<4> const cost(static_cast<std::uint64_t>(result.cost));
    s.pending -= cost;
    s.served += cost;
    if (!withdrawn) {
      s.in_service = result.cost;
      --s.chunk_count;
      --f.chunks;
      return result;
    }
    s.drop_if_gone(f);
    s.advance(result.cost);
  }
  if (s.turns.empty()) return std::nullopt;
  state::flow& f = *std::get<3>(*s.turns.begin());
  s.leave_turns(f);
  turn const result{f.id, f.waiting.front()};
  f.waiting.pop_front();
  s.pending -= natural<4>(static_cast<std::uint64_t>(result.cost));
  --s.chunk_count;
  --f.chunks;
  if (!f.waiting.empty()) s.enter(f);
  return result;
}

index_t fair_queue::size() const { return state_->chunk_count; }
index_t fair_queue::size(std::uint64_t flow) const { return state_->at(flow).chunks; }

}  // namespace prorata
