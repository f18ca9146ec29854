// The GPU's table of groups, run on the host: by one thread, and by several at once.
#include <atomic>
#include <barrier>
#include <kernels/grouping/block.hpp>
#include <set>
#include <thread>

#include "block_on_host.hpp"
#include "group_oracle.hpp"

namespace prorata {
namespace {

using cuda::group_slots;

template <class Atomics>
void expect_carries() {
  using State = group_state<addend::unsigned_integer, 2, false>;
  State to = State::none(), part = State::none();
  for (auto& w : to.squares) w = ~std::uint64_t{0};
  part.squares[0] = 1;
  part.squares[1] = ~std::uint64_t{0};  // its carry alone wraps
  to.squares[3] = 5;
  cuda::add_part(to, part, Atomics{});
  EXPECT_EQ(to.squares[0], 0u);
  EXPECT_EQ(to.squares[1], ~std::uint64_t{0});
  EXPECT_EQ(to.squares[2], 0u);
  EXPECT_EQ(to.squares[3], 6u);
}

TEST(add_part, carries_through_every_word) {
  expect_carries<lonely_words>();
  expect_carries<shared_words<false>>();
  expect_carries<shared_words<true>>();
}

TEST(add_carrying, is_addition_of_long_numbers) {
  std::mt19937_64 random(1);
  auto const any_word = [&] {  // runs of ones and zeros, so that carries travel
    std::uint64_t const w = random() % 4 == 0 ? random() : random() % 2 - 1;
    return random() % 3 == 0 ? w << random() % 64 : w;
  };
  for (int turn = 0; turn < 20000; ++turn) {
    std::uint64_t whole[2] = {any_word(), any_word()}, halves[2] = {whole[0], whole[1]};
    std::uint64_t const x[2] = {any_word(), any_word()};
    auto const sum = detail::wide_of(whole) + detail::wide_of(x);
    bool carry = false, half_carry = false;
    for (int k = 0; k < 2; ++k) {
      carry = shared_words<false>{}.add(&whole[k], x[k], carry);
      half_carry = shared_words<true>{}.add(&halves[k], x[k], half_carry);
    }
    bool const wraps = sum < detail::wide_of(x);
    ASSERT_TRUE(detail::wide_of(whole) == sum && carry == wraps);
    ASSERT_TRUE(detail::wide_of(halves) == sum && half_carry == wraps);
  }
}

/// A table and the memory behind it.
template <class State>
struct owned_slots {
  owned_slots(std::uint32_t hashed, std::uint32_t spare, std::uint32_t probes)
      : memory(hashed + spare, group_slots<State>::free_slot()), view{memory.data(), hashed, spare, probes} {}
  std::vector<group_record<State>> memory;
  group_slots<State> view;

  /// Its records by key, after a look at what it says of them.
  std::vector<group_record<State>> records() const {
    std::vector<group_record<State>> all;
    std::set<std::pair<std::uint64_t, std::int32_t>> seen;
    std::set<std::uint64_t> begun;
    for (std::uint32_t k = 0; k < view.size(); ++k) {
      if (!view.filled(k)) continue;
      all.push_back(view.slots[k]);
      EXPECT_TRUE(seen.emplace(all.back().key, all.back().state.unit).second) << "a record twice";
      if (view.begins_key(k)) { EXPECT_TRUE(begun.insert(all.back().key).second) << "a key begins twice"; }
    }
    for (auto const& r : all) EXPECT_EQ(begun.count(r.key), 1u);
    std::stable_sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.key < b.key; });
    return all;
  }
};

constexpr std::uint64_t marked = group_slots<group_state<addend::real, 1, false>>::free_key;

/// Keys from a few to all different; some that are special; and one that has most of the rows, or not.
template <addend Kind>
group_words any_rows(std::size_t n, std::uint64_t keys, bool heavy, unsigned seed) {
  std::mt19937_64 random(seed);
  group_words rows;
  std::uint64_t const special[] = {0, ~std::uint64_t{0}, marked, marked + 1, 1};
  for (std::size_t i = 0; i < n; ++i) {
    auto const dice = random();
    rows.keys.push_back(heavy && dice % 10 != 0 ? special[seed % 5]
                        : dice / 16 % 20 == 0   ? special[dice / 512 % 5]
                        : seed % 2 == 0         ? (random() % keys) * 0x10001
                                                : (random() % keys) << 40);
    rows.values.push_back(any_value<Kind>(random, seed % 3 == 0 ? 1500 : 20, seed >= 3));
  }
  return rows;
}

/// What the threads of one block share, and a block as one of them sees it.
template <int Threads>
struct block_room {
  std::barrier<> barrier{Threads};
  std::atomic<int> counted[3] = {0, 0, 0};
};
template <int Threads>
struct block_of_threads {
  static constexpr int threads = Threads;
  block_room<Threads>& room;
  index_t which, of;
  int mine;
  mutable int turn = 0;
  index_t index() const { return which; }
  index_t blocks() const { return of; }
  int thread() const { return mine; }
  int count(bool yes) const {
    room.counted[turn] += yes;
    room.barrier.arrive_and_wait();
    int const all = room.counted[turn];
    turn = (turn + 1) % 3;
    room.counted[(turn + 1) % 3] = 0;  // nobody counts there before all have met once more
    return all;
  }
};

/// Sizes of tables, and how many blocks fill them.
struct table_sizes {
  std::uint32_t near, far;
  index_t blocks;
};

/// The records of all rows, each thread of each block a thread of its own; none where the table refused one.
template <class State, int Threads, class Near, class Far>
std::vector<group_record<State>> take_all(group_words const& rows, table_sizes sizes) {
  owned_slots<State> far(sizes.far, cuda::far_spare, std::min(sizes.far, cuda::far_probes));
  cuda::group_totals totals{0, 0, 1040, 0};
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<owned_slots<State>>> near;
  std::vector<std::unique_ptr<block_room<Threads>>> rooms;
  for (index_t b = 0; b < sizes.blocks; ++b) {
    near.push_back(std::make_unique<owned_slots<State>>(sizes.near, cuda::near_spare,
                                                        std::min(sizes.near, cuda::near_probes)));
    near.back()->memory.assign(near.back()->memory.size(), {1, State::none()});  // as a block may find it
    rooms.push_back(std::make_unique<block_room<Threads>>());
    for (int t = 0; t < Threads; ++t)
      threads.emplace_back([&, b, t, table = near.back()->view, room = rooms.back().get()] {
        block_of_threads<Threads> const block{*room, b, sizes.blocks, t};
        take_rows(block, cuda::near_and_far<State, Near, Far>{table, far.view, {}, {}}, rows.keys.data(),
                  rows.values.data(), static_cast<index_t>(rows.size()), &totals);
      });
  }
  for (auto& t : threads) t.join();
  return totals.refused != 0 ? std::vector<group_record<State>>{} : far.records();
}

constexpr std::uint32_t room = 1 << 15;

template <addend Kind, int Moments, bool Extremes>
void expect_rows_grouped() {
  using State = group_state<Kind, Moments, Extremes>;
  for (unsigned seed = 0; seed < 6; ++seed)
    for (std::uint64_t const keys : {3, 300})
      for (bool const heavy : {false, true}) {
        auto const rows = any_rows<Kind>(3001, keys, heavy, seed);
        auto const expected = groups_of<State>(rows, 5);
        using whole = shared_words<false>;
        using halves = shared_words<true>;
        expect_groups(take_all<State, 1, lonely_words, lonely_words>(rows, {64, room, 1}), expected);
        expect_groups(take_all<State, 1, lonely_words, whole>(rows, {16, room, 3}), expected);
        expect_groups(take_all<State, 3, halves, whole>(rows, {5, room, 2}), expected);
        if (testing::Test::HasFailure()) FAIL() << "seed " << seed << ", keys " << keys;
      }
}

TEST(group_slots, have_the_groups_of_all_rows) {
  expect_rows_grouped<addend::real, 0, false>();
  expect_rows_grouped<addend::real, 1, false>();
  expect_rows_grouped<addend::real, 1, true>();
  expect_rows_grouped<addend::real, 2, true>();
  expect_rows_grouped<addend::signed_integer, 1, false>();
  expect_rows_grouped<addend::signed_integer, 2, true>();
  expect_rows_grouped<addend::unsigned_integer, 2, true>();
}

/// Threads that all add to a handful of records: sums wrap and carry under each other's hands.
TEST(group_slots, add_up_what_all_threads_give_at_once) {
  using State = group_state<addend::signed_integer, 2, true>;
  group_words rows;
  for (std::uint64_t i = 0; i < 40000; ++i) {
    rows.keys.push_back(i / 7 % 3);
    rows.values.push_back(i % 2 == 0 ? ~i : i * 0x9e3779b97f4a7c15u);
  }
  auto const expected = groups_of<State>(rows, 0);
  for (std::uint32_t const near : {1, 8}) {
    table_sizes const sizes{near, 8, 2};
    expect_groups(take_all<State, 2, shared_words<true>, shared_words<false>>(rows, sizes), expected);
    expect_groups(take_all<State, 2, shared_words<false>, shared_words<true>>(rows, sizes), expected);
  }
}

/// Counts additions.
struct counting_words : lonely_words {
  int* additions;
  bool add(std::uint64_t* to, std::uint64_t x, bool carry) const {
    ++*additions;
    return lonely_words::add(to, x, carry);
  }
};

/// As rows go on their keys change: the near table has to follow, so that few are added to the far one.
TEST(take_rows, follows_keys_that_change) {
  using State = group_state<addend::unsigned_integer, 0, false>;
  group_words rows;
  for (std::uint64_t i = 0; i < 30000; ++i) {
    rows.keys.push_back(i / 10000 * 100 + i % 3);
    rows.values.push_back(i);
  }
  owned_slots<State> far(room, cuda::far_spare, cuda::far_probes), near(4, 2, 4);
  cuda::group_totals totals{};
  block_room<1> alone;
  int additions = 0;
  take_rows(
      block_of_threads<1>{alone, 0, 1, 0},
      cuda::near_and_far<State, lonely_words, counting_words>{near.view, far.view, {}, {{}, &additions}},
      rows.keys.data(), rows.values.data(), 30000, &totals);
  EXPECT_EQ(totals.refused, 0u);
  EXPECT_LT(additions, 3 * 3 * cuda::group_rounds * cuda::group_items);
  expect_groups(far.records(), groups_of<State>(rows, 0));
}

TEST(take_rows, says_where_keys_are_too_many_and_stops) {
  using State = group_state<addend::unsigned_integer, 1, false>;
  group_words rows;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    rows.keys.push_back(i * 3);
    rows.values.push_back(1);
  }
  EXPECT_TRUE((take_all<State, 2, shared_words<true>, shared_words<false>>(rows, {16, 1024, 2}).empty()));
  rows.keys.resize(500), rows.values.resize(500);
  EXPECT_EQ((take_all<State, 2, shared_words<true>, shared_words<false>>(rows, {16, 1024, 2}).size()), 500u);
}

TEST(group_slots, refuse_what_has_no_place) {
  using State = group_state<addend::real, 1, false>;
  constexpr std::uint32_t room = 64;
  owned_slots<State> full(room, 3, room);
  lonely_words const atomics;
  auto const fill = [&](std::uint64_t key, std::int32_t unit) {
    State* const at = full.view.find(key, unit, atomics);
    if (at != nullptr) ++at->count;
    return at;
  };
  std::vector<State*> places;
  for (std::uint64_t key = 0; key < room; ++key) places.push_back(fill(key, 0));
  EXPECT_EQ(std::count(places.begin(), places.end(), nullptr), 0);
  EXPECT_EQ(fill(room, 0), nullptr);
  EXPECT_EQ(fill(5, 32), nullptr) << "another unit is another record";
  for (std::uint64_t key = 0; key < room; ++key) EXPECT_EQ(fill(key, 0), places[key]);
  for (std::int32_t unit : {0, 32, 64, 32}) EXPECT_NE(fill(marked, unit), nullptr);
  EXPECT_EQ(fill(marked, 96), nullptr);
  EXPECT_EQ(full.records().size(), room + 3);

  owned_slots<State> bounded(1 << 12, 1, 4);  // many slots, of which few are looked at
  index_t refused = 0;
  for (std::uint64_t key = 0; key < 1 << 12; ++key) refused += bounded.view.find(key, 0, atomics) == nullptr;
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, 1 << 11);
}

TEST(near_and_far, say_where_a_record_went) {
  using State = group_state<addend::unsigned_integer, 1, false>;
  owned_slots<State> near(1, 1, 1), far(1, 1, 1);
  using tables = cuda::near_and_far<State, lonely_words, lonely_words>;
  tables const to{near.view, far.view, {}, {}};
  State one = State::none();
  one.deposit(7);
  EXPECT_EQ(to.give(10, one), tables::taken::near);
  EXPECT_EQ(to.give(11, one), tables::taken::far);
  EXPECT_EQ(to.give(12, one), tables::taken::refused);
  EXPECT_FALSE(to.move_far(0)) << "key 11 has that place";
  EXPECT_EQ(to.give(12, one), tables::taken::near) << "the near table is empty again";

  cuda::group_run<State, tables> run(to, 0);
  for (std::uint64_t const key : {12, 11, 11, 12}) run.take(key, 1);
  run.flush();
  EXPECT_EQ(run.went_far(), 1);
  EXPECT_FALSE(run.refused());
  run.take(13, 1);
  run.flush();
  EXPECT_TRUE(run.refused());
  EXPECT_EQ(near.memory[0].state.count, 3);
  EXPECT_EQ(far.memory[0].state.count, 3);
}

TEST(plan_group_slots, keeps_to_what_a_gpu_has) {
  cuda::group_limits const h100{132, 232448, 50 << 20}, a100{108, 166912, 40 << 20};
  auto const large = cuda::plan_group_slots(index_t{1} << 28, 40, h100);
  EXPECT_EQ(large.near, 5809u);
  EXPECT_EQ(large.far, 655360u);
  EXPECT_EQ(large.shape.blocks, 132u);
  EXPECT_EQ(cuda::plan_group_slots(1'000'000, 40, h100).far, 250'000u) << "a slot for every fourth row";
  for (auto const& device : {h100, a100})
    for (index_t const rows : {index_t{1}, index_t{5000}, index_t{1} << 22, index_t{1} << 40})
      for (index_t const bytes : {24, 40, 56, 88}) {
        auto const plan = cuda::plan_group_slots(rows, bytes, device);
        EXPECT_EQ(plan.shape.shared_bytes, (plan.near + cuda::near_spare) * static_cast<std::size_t>(bytes));
        EXPECT_LE(plan.shape.shared_bytes, static_cast<std::size_t>(device.shared_bytes));
        EXPECT_LE(plan.far * bytes, device.l2_bytes / 2);
        EXPECT_GE(plan.far, 4096u);
        EXPECT_GE(plan.near, 1000u);
      }
}

TEST(plan_group_slots, has_room_to_probe_where_there_is_hardly_any_cache) {
  EXPECT_GE(cuda::plan_group_slots(1'000'000, 40, {1, 49152, 1024}).far, cuda::far_probes);
}

/// Counts what a run gives away.
struct counting_tables {
  enum class taken { near, far, refused };
  int* given;
  template <class State>
  taken give(std::uint64_t, State const&) const {
    ++*given;
    return taken::far;
  }
};

TEST(group_run, gives_a_run_of_rows_away_once) {
  using State = group_state<addend::real, 1, false>;
  int given = 0;
  counting_tables const to{&given};
  cuda::group_run<State, counting_tables> run(to, 0);
  auto const word = [](double x) { return std::bit_cast<std::uint64_t>(x); };
  for (int k = 0; k < 1000; ++k) run.take(5, word(1.0 + k * 0x1p-10));
  EXPECT_EQ(given, 0);
  run.take(6, word(1.0));
  EXPECT_EQ(given, 1);
  run.take(6, word(0x1p-100));  // another unit
  EXPECT_EQ(given, 2);
  run.flush();
  run.flush();
  EXPECT_EQ(given, 3);
  EXPECT_EQ(run.went_far(), 3);
  EXPECT_EQ(run.went_far(), 0);
  EXPECT_FALSE(run.refused());
}

}  // namespace
}  // namespace prorata
