// What the lanes of a warp and the threads of a block do together.
#include <bit>
#include <cstring>

#include "census.hpp"
#include "grid.hpp"

namespace simulated {
namespace {

bool same_place(std::source_location const& a, std::source_location const& b) {
  return a.line() == b.line() && std::strcmp(a.file_name(), b.file_name()) == 0;
}
std::string told(std::source_location const& place) {
  return std::string(place.file_name()) + ":" + std::to_string(place.line());
}

/// Lane l of those that are there receives what the collective makes of all values.
std::uint64_t answer_of(warp const& w, std::uint32_t there, int l) {
  auto const present = [&](int k) { return (there >> k & 1) != 0; };
  auto const lanes_where = [&](auto const& f) {
    std::uint32_t lanes = 0;
    for (int k = 0; k < 32; ++k)
      if (present(k) && f(w.value[k])) lanes |= 1u << k;
    return lanes;
  };
  auto const from = [&](int lane) {
    if (!present(lane)) fault("a shuffle reads lane " + std::to_string(lane) + ", which is not there");
    return w.value[lane];
  };
  switch (w.kind) {
    case collective::shuffle:
      return from(w.argument[l] & 31);
    case collective::shuffle_down:
      return from(l + w.argument[l] < 32 ? l + w.argument[l] : l);
    case collective::shuffle_xor:
      return from(l ^ w.argument[l]);
    case collective::any:
      return lanes_where([](std::uint64_t v) { return v != 0; }) != 0;
    case collective::ballot:
      return lanes_where([](std::uint64_t v) { return v != 0; });
    case collective::match_any:
      return lanes_where([&](std::uint64_t v) { return v == w.value[l]; });
    case collective::match_all: {
      auto const alike = lanes_where([&](std::uint64_t v) { return v == w.value[l]; });
      return alike == there ? there : 0;
    }
    case collective::add:
    case collective::max: {
      std::uint32_t all = 0;
      for (int k = 0; k < 32; ++k) {
        if (!present(k)) continue;
        auto const v = static_cast<std::uint32_t>(w.value[k]);
        all = w.kind == collective::add ? all + v : all < v ? v : all;
      }
      return all;
    }
    case collective::sync:
      return 0;
  }
  return 0;
}

/// Lets go who waited, once all lanes of the mask that have not ended are there. `last` goes on by itself.
void settle(warp& w, device_thread const* last) {
  std::uint32_t const there = w.mask & w.alive;
  if (w.arrived == 0 || (w.arrived & w.alive) != there) return;
  for (int l = 0; l < 32; ++l)
    if (there >> l & 1) w.lanes[l]->answer = answer_of(w, there, l);
  w.arrived = 0;
  ++w.turn;
  for (int l = 0; l < 32; ++l)
    if ((there >> l & 1) && w.lanes[l] != last) make_ready(w.lanes[l]);
}

void settle(block& b, device_thread const* last) {
  if (b.arrived == 0 || b.arrived != b.alive) return;
  std::uint64_t const answer = b.kind == barrier::any ? b.yes != 0 : b.yes;
  b.arrived = b.yes = 0;
  ++b.turn;
  for (device_thread* const t : b.threads) {
    if (!t->at_barrier) continue;
    t->at_barrier = false;
    t->answer = answer;
    if (t != last) make_ready(t);
  }
}

}  // namespace

bool left_out(std::source_location const& place) {
  static std::string const& without = chosen().without;
  if (without.empty()) return false;
  std::string const here = told(place);
  return here.size() >= without.size() &&
         here.compare(here.size() - without.size(), without.size(), without) == 0;
}

std::uint64_t join_warp(collective kind, unsigned mask, std::uint64_t value, int argument,
                        std::source_location const& place) {
  device_thread* const t = running_thread();
  if (t == nullptr) fault("a warp's collective outside of a kernel, at " + told(place));
  ++counts().collectives;
  if (kind == collective::sync && left_out(place)) return 0;
  warp& w = *t->in;
  if (!(mask >> t->lane & 1)) fault("a lane outside its own mask, at " + told(place));
  if (w.arrived == 0) {
    w.mask = mask;
    w.kind = kind;
    w.place = place;
  } else if (w.mask != mask || w.kind != kind || !same_place(w.place, place)) {
    fault("lanes of a warp are at different collectives: " + told(place) + " and " + told(w.place));
  }
  w.value[t->lane] = value;
  w.argument[t->lane] = argument;
  w.arrived |= 1u << t->lane;
  bool const orders = kind == collective::sync;  // shuffles and votes do not
  knowledge& known = w.known[w.turn & 1];
  if (orders) known.release();
  unsigned const turn = w.turn;
  settle(w, t);
  if (w.turn == turn) wait();
  if (orders) known.acquire();
  return t->answer;
}

int join_block(barrier kind, bool yes, std::source_location const& place) {
  device_thread* const t = running_thread();
  if (t == nullptr) fault("a block's barrier outside of a kernel, at " + told(place));
  ++counts().barriers;
  if (kind == barrier::plain && left_out(place)) return 0;
  block& b = *t->of;
  if (b.arrived == 0) {
    b.kind = kind;
    b.place = place;
  } else if (b.kind != kind || !same_place(b.place, place)) {
    fault("threads of a block are at different barriers: " + told(place) + " and " + told(b.place));
  }
  knowledge& known = b.known[b.turn & 1];
  known.release();
  ++b.arrived;
  b.yes += yes;
  t->at_barrier = true;
  unsigned const turn = b.turn;
  settle(b, t);
  if (b.turn == turn) wait();
  known.acquire();
  return static_cast<int>(t->answer);
}

void leave_warp(warp& w) { settle(w, nullptr); }
void leave_block(block& b) { settle(b, nullptr); }

std::string who_waits(block const& b) {
  std::string text = "\n  block " + std::to_string(b.number) + ": " + std::to_string(b.alive) + " threads";
  if (b.arrived > 0) text += ", " + std::to_string(b.arrived) + " of them at " + told(b.place);
  for (std::size_t k = 0; k < b.warps.size(); ++k)
    if (warp const& w = b.warps[k]; w.arrived != 0)
      text += "\n    warp " + std::to_string(k) + ": " + std::to_string(std::popcount(w.arrived)) + " of " +
              std::to_string(std::popcount(w.alive)) + " lanes at " + told(w.place);
  return text;
}

}  // namespace simulated
