// Verbs are done with what their caller owns when they return or throw, and only where they were asked to be
// asynchronous does anybody have to wait.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <prorata/prorata.hpp>
#include <span>
#include <tests/every_verb.hpp>
#include <tests/scattered.hpp>
#include <thread>

namespace {

using namespace prorata;
using namespace prorata::tests;

/// Everything that a verb gave and wrote, read at once, before its caller's memory is put to other use and
/// freed. Queues are held up before: a verb that returned too early would not have begun.
bytes at_once(verb_call const& verb, int ranks, index_t n, bool patient) {
  auto const team = make_team(ranks, 2);
  auto memory = std::make_unique<caller_memory>(n);
  for (host::stream& s : team.streams())
    s.enqueue([] { std::this_thread::sleep_for(std::chrono::milliseconds(3)); });
  answer const given = verb.call(team, *memory);
  if (patient) team.sync();
  bytes all = memory->everything();
  memory->scribble();
  memory.reset();
  for (std::byte const b : given()) all.push_back(b);
  return all;
}

TEST(Finishing, EveryVerbIsDoneWithItsCallersMemoryWhenItReturns) {
  for (index_t const n : {index_t{3001}, fewer(200'003)})
    for (verb_call const& verb : every_verb())
      for (int const ranks : {1, 2, 3})
        if (is_tried(n > 3001 ? ranks + 1 : ranks))
          EXPECT_TRUE(at_once(verb, ranks, n, false) == at_once(verb, ranks, n, true))
              << verb.name << ", " << n << " elements, " << ranks << " ranks";
}

TEST(Finishing, ASortedVectorIsSortedAndMayBeFreed) {
  std::vector<unsigned> expected;
  {
    std::vector<unsigned> k(500'000);
    for (std::size_t i = 0; i < k.size(); ++i) k[i] = static_cast<unsigned>(stirred(static_cast<index_t>(i)));
    expected = k;
    std::sort(expected.begin(), expected.end());
    auto const team = machine_team();
    auto x = borrow(team, std::span(k));
    sort(x);
    EXPECT_EQ(k, expected);
  }
}

/// Queues that stand still until they are let go.
struct gate {
  explicit gate(host_team const& team) {
    for (host::stream& s : team.streams())
      s.enqueue([f = opened.get_future().share()]() mutable { f.wait(); });
  }
  std::promise<void> opened;
};

TEST(Finishing, AsynchronousUseIsAskedForByName) {
  auto const team = make_team(1, 1);
  std::vector<double> memory{3, 1, 2};
  auto x = borrow_async(team, std::span(memory));
  gate closed(team);
  sort(x);
  for_each(x, add_one{});
  double const factor = 10;
  for_each(x, self_contained{[factor](double& v) { v *= factor; }});
  EXPECT_EQ(memory, (std::vector<double>{3, 1, 2}));
  closed.opened.set_value();
  team.sync();
  EXPECT_EQ(memory, (std::vector<double>{20, 30, 40}));
}

TEST(Finishing, ArraysThatOwnTheirMemoryQueueTheirWork) {
  auto const team = make_team(1, 1);
  auto x = make_array<double>(team, 3);
  gate closed(team);
  fill(x, 2.0);
  transform(x, negated{}, x);
  inclusive_scan(x, plus<double>{}, x);
  sort(x);
  closed.opened.set_value();
  std::vector<double> out(3);
  copy_out(x, std::span(out));
  EXPECT_EQ(out, (std::vector<double>{-6, -4, -2}));
}

TEST(Finishing, AViewOfRoomThatOwnsItsMemoryIsAsynchronousToo) {
  auto const team = make_team(2, 1);
  auto room = make_array<double>(team, 10);
  auto x = make_array<double>(team, 10);
  fill(x, 1.0), fill(room, 0.0);
  EXPECT_FALSE(copy_if_into(room, x, positive{}).borrowed());
  std::vector<double> memory(10);
  auto view = borrow(team, std::span(memory));
  EXPECT_TRUE(copy_if_into(view, x, positive{}).borrowed());
}

struct refuses_the_last {
  index_t n;
  double operator()(index_t i) const {
    if (i + 1 >= n) throw input_error("the last element");
    return 1;
  }
};

TEST(Finishing, AFailureOfTheQueueIsThrownByTheVerbAndLeavesNoneBehind) {
  for (int const ranks : {1, 2, 3}) {
    auto const team = make_team(ranks, 1);
    auto memory = std::make_unique<std::vector<double>>(90);
    auto x = borrow(team, std::span(*memory));
    EXPECT_THROW(generate(x, refuses_the_last{90}), input_error) << ranks;
    EXPECT_THROW(generate(x, refuses_the_last{0}), input_error) << ranks;  // all ranks fail
    team.sync();
    generate(x, refuses_the_last{91});
    EXPECT_EQ(sum(x), 90) << ranks;
    memory.reset();
  }
}

TEST(Finishing, NothingUsesTheCallersMemoryOnceAVerbHasThrown) {
  for (int const ranks : {2, 3}) {
    auto const team = make_team(ranks, 1);
    auto memory = std::make_unique<caller_memory>(30'000);
    auto x = borrow(team, std::span(memory->x));
    team.streams().front().enqueue([] { throw input_error("before"); });
    for (host::stream& s : team.streams().subspan(1))
      s.enqueue([] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
    EXPECT_THROW(sort(x), input_error);
    bytes const before = memory->everything();
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    EXPECT_TRUE(memory->everything() == before) << ranks;
    team.sync();
  }
}

}  // namespace
