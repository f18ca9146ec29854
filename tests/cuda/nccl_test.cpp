// The NCCL communicator against a library that pretends: bytes arrive, and every failure becomes an error.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <host/comm/nccl.hpp>

namespace prorata {
namespace {

using cuda::nccl_options;
using cuda::nccl_ranks;

class nccl : public testing::Test {
 protected:
  void TearDown() override {
    unsetenv("FAKE_NCCL");
    EXPECT_EQ(alive(), 0) << "communicators were left behind";
  }
  static int alive() { return ask("fake_nccl_alive"); }
  static int aborted() { return ask("fake_nccl_aborted"); }
  static int ask(char const* what) {
    void* const library = dlopen(PRORATA_FAKE_NCCL, RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr) return 0;
    return reinterpret_cast<int (*)()>(dlsym(library, what))();
  }
  static nccl_options fake() { return {PRORATA_FAKE_NCCL, std::chrono::milliseconds(100)}; }

  /// All ranks in this process, met.
  static std::unique_ptr<nccl_ranks> ranks(int count) {
    auto r = std::make_unique<nccl_ranks>(fake(), count, 0, count);
    r->meet(cuda::make_nccl_id(fake()), [](int) {});
    return r;
  }
  template <class F>
  static std::string failure(F const& f) {
    try {
      f();
    } catch (communication_error const& e) { return e.what(); }
    return "nothing was thrown";
  }
  static bool done() { return true; }
};

TEST_F(nccl, gathers_unequal_blocks) {
  auto const r = ranks(3);
  std::string const blocks[] = {"ab", "", "cde"};
  std::vector<std::size_t> const offsets{0, 2, 2, 5};
  std::vector<void*> const streams(3);
  std::vector<void const*> const send{blocks[0].data(), blocks[1].data(), blocks[2].data()};
  char first[6] = {}, last[6] = {};
  std::vector<void*> const receive{first, nullptr, last};
  r->all_gather(streams, send, receive, offsets, done);
  EXPECT_STREQ(first, "abcde");
  EXPECT_STREQ(last, "abcde");
}

TEST_F(nccl, exchanges_a_matrix_of_blocks) {
  auto const r = ranks(2);
  std::string const out[] = {"aBB", "ccc"};  // 0 → 0: a, 0 → 1: BB, 1 → 0: ccc, 1 → 1: nothing
  std::vector<std::size_t> const bytes{1, 2, 3, 0}, places{5, 1, 0, 0};
  std::vector<void*> const streams(2);
  std::vector<void const*> const send{out[0].data(), out[1].data()};
  char zero[] = "......", one[] = "....";
  std::vector<void*> const receive{zero, one};
  r->all_to_all(streams, send, receive, bytes, places, done);
  EXPECT_STREQ(zero, "ccc..a");
  EXPECT_STREQ(one, ".BB.");
}

TEST_F(nccl, broadcasts_from_any_rank) {
  auto const r = ranks(3);
  char data[3][4] = {"...", "xyz", "..."};
  std::vector<void*> const streams(3);
  std::vector<void*> const places{data[0], data[1], data[2]};
  r->broadcast(streams, places, 3, 1, done);
  for (auto const& d : data) EXPECT_STREQ(d, "xyz");
}

TEST_F(nccl, says_how_to_find_a_missing_library) {
  auto const text = failure([] { cuda::make_nccl_id({"/nowhere/libnccl.so.2", {}}); });
  EXPECT_NE(text.find("PRORATA_NCCL"), std::string::npos) << text;
  EXPECT_NE(text.find("/nowhere/libnccl.so.2"), std::string::npos) << text;
  setenv("PRORATA_NCCL", "/elsewhere/libnccl.so", 1);
  auto const second = failure([] { cuda::make_nccl_id(); });
  EXPECT_NE(second.find("/elsewhere/libnccl.so"), std::string::npos) << second;
  unsetenv("PRORATA_NCCL");
}

TEST_F(nccl, says_what_an_old_library_lacks) {
  auto const text = failure([] { cuda::make_nccl_id({PRORATA_FAKE_NCCL_OLD, {}}); });
  EXPECT_NE(text.find("has no ncclBroadcast"), std::string::npos) << text;
}

TEST_F(nccl, names_the_rank_that_cannot_start) {
  setenv("FAKE_NCCL", "init_fails", 1);
  auto const text = failure([] { ranks(3); });
  EXPECT_NE(text.find("rank 1: system error"), std::string::npos) << text;
}

TEST_F(nccl, names_the_rank_whose_peer_died) {
  auto const r = ranks(2);
  setenv("FAKE_NCCL", "remote_error", 1);
  char data[2][2] = {"a", "b"};
  std::vector<void*> const streams(2), places{data[0], data[1]};
  auto const text = failure([&] { r->broadcast(streams, places, 1, 0, done); });
  EXPECT_NE(text.find("rank 1: remote process exited"), std::string::npos) << text;
  EXPECT_EQ(alive(), 0) << "all ranks of the process go down together";
  auto const again = failure([&] { r->broadcast(streams, places, 1, 0, done); });
  EXPECT_NE(again.find("has failed before"), std::string::npos) << again;
}

TEST_F(nccl, takes_leave_of_peers_and_leaves_those_alone_that_never_answer) {
  int const before = aborted();
  ranks(3).reset();
  EXPECT_EQ(aborted(), before) << "a healthy job ends by itself";
  auto stuck = ranks(2);
  setenv("FAKE_NCCL", "never_finalized", 1);
  stuck.reset();
  EXPECT_EQ(aborted(), before + 2);
  EXPECT_EQ(alive(), 0);
}

TEST_F(nccl, ends_what_never_ends) {
  char data[2][2] = {"a", "b"};
  std::vector<void*> const streams(2), places{data[0], data[1]};
  auto const stuck = ranks(2);
  setenv("FAKE_NCCL", "never_taken", 1);
  auto const text = failure([&] { stuck->broadcast(streams, places, 1, 0, done); });
  EXPECT_NE(text.find("rank 1 was not done after 100 ms"), std::string::npos) << text;
  unsetenv("FAKE_NCCL");
  auto const slow = ranks(2);
  auto const late = failure([&] { slow->broadcast(streams, places, 1, 0, [] { return false; }); });
  EXPECT_NE(late.find("was not done after 100 ms"), std::string::npos) << late;
  setenv("FAKE_NCCL", "never_taken", 1);
  EXPECT_NE(failure([] { ranks(2); }).find("ncclCommInitRankConfig: rank 1"), std::string::npos);
}

}  // namespace
}  // namespace prorata
