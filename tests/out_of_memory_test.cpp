// Memory that runs out in the middle of a verb, at every request in turn: the right answer or an exception,
// and nothing in use that has been given back (AddressSanitizer), nothing lost (LeakSanitizer).
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <optional>
#include <prorata/error.hpp>
#include <string>
#include <tests/every_verb.hpp>
#include <tests/memory_faults.hpp>
#include <tests/sanitizers.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

constexpr index_t elements = 700;

bytes all_of_it(answer const& given, caller_memory const& memory) {
  bytes all = memory.everything();
  for (std::byte const b : given()) all.push_back(b);
  return all;
}

/// A verb whose request number n fails, and once more when there is memory again.
///   returns  whether there were so many requests
bool fails_well(verb_call const& verb, host_team const& team, bytes const& expected, long n, bool for_good) {
  auto memory = std::make_unique<caller_memory>(elements);
  std::optional<answer> given;
  bool refused = false;
  memory_faults::begin(n, for_good);
  try {
    given = verb.call(team, *memory);
  } catch (std::bad_alloc const&) { refused = true; } catch (out_of_memory const&) {
    refused = true;
  }
  bool const reached = memory_faults::end();
  auto const what = [&] {
    return verb.name + ", request " + std::to_string(n) + (for_good ? " and all that follow, " : ", ") +
           std::to_string(team.ranks()) + " ranks";
  };
  EXPECT_TRUE(reached || !refused) << what();
  if (given) {
    bool late = false;  // an array that owns its memory, and is asked what it holds only now
    try {
      EXPECT_TRUE(all_of_it(*given, *memory) == expected) << what();
    } catch (std::bad_alloc const&) { late = true; } catch (out_of_memory const&) {
      late = true;
    }
    EXPECT_TRUE(reached || !late) << what();
  }
  given.reset();
  memory.reset();  // nothing uses it any more
  EXPECT_NO_THROW(team.sync()) << what();
  return reached;
}

constexpr long step =
    threads_watched ? 4 : 1;  // takes three minutes else; the other builds let each of them fail

void every_request_fails(bool for_good) {
  for (int const ranks : {1, 3})
    for (verb_call const& verb : every_verb()) {
      auto const team = make_team(ranks, 1);
      auto const once = [&] {
        caller_memory memory(elements);
        answer const given = verb.call(team, memory);
        return all_of_it(given, memory);
      };
      bytes const expected = once();
      long n = for_good ? step - 1 : 0;
      while (fails_well(verb, team, expected, n, for_good)) n += step;
      EXPECT_GT(n, 1) << verb.name;
      EXPECT_TRUE(once() == expected) << verb.name << " afterwards, " << ranks << " ranks";
    }
}

TEST(OutOfMemory, AnyOneRequestOfAnyVerbMayFail) { every_request_fails(false); }
TEST(OutOfMemory, AllRequestsFromAnyOneOnMayFail) { every_request_fails(true); }

TEST(OutOfMemory, WhatIsQueuedMayBeGivenBackWithoutMemory) {
  auto const team = make_team(1, 1);
  host::stream& s = team.streams().front();
  std::vector<void*> blocks;
  for (int k = 0; k < 100; ++k) blocks.push_back(s.allocate(1000));
  memory_faults::begin(0, true);
  for (void* const block : blocks) s.deallocate(block, 1000);
  s.drain();
  EXPECT_FALSE(memory_faults::end());  // nobody asked for any
}

}  // namespace
