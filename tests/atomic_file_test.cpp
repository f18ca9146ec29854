// Outputs that appear whole or not at all, under every fault we can stage.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sched.h>
#include <fstream>
#include <host/io/emergency.hpp>
#include <host/io/job_files.hpp>
#include <prorata/error.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "system_faults.hpp"
#include "temporary_directory.hpp"

namespace {

using namespace prorata;
using namespace prorata::io;
namespace fs = std::filesystem;

std::string contents(fs::path const& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}
void write(fs::path const& path, std::string const& text) { std::ofstream(path) << text; }
std::span<std::byte const> bytes(std::string const& text) { return std::as_bytes(std::span(text)); }
auto entries(temporary_directory const& dir) {
  return std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator());
}

template <class Error, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (Error const& error) { return error.what(); } catch (std::exception const& other) {
    return std::string("(another type) ") + other.what();
  }
  return "(nothing was thrown)";
}

/// A job of one output.
class one_output {
 public:
  explicit one_output(std::string const& path, std::optional<index_t> bytes = {},
                      temporary_kind kind = temporary_kind::unnamed)
      : file_(job_.write(path, bytes, kind)) {}
  void write(index_t offset, std::span<std::byte const> data) { file_.write(offset, data); }
  void resize(index_t bytes) { file_.resize(bytes); }
  void commit() { job_.publish(); }

 private:
  job_files job_;
  atomic_file& file_;
};

class atomic_output : public testing::TestWithParam<temporary_kind> {};
INSTANTIATE_TEST_SUITE_P(temporaries, atomic_output,
                         testing::Values(temporary_kind::unnamed, temporary_kind::named),
                         [](auto const& info) {
                           return info.param == temporary_kind::named ? "named" : "unnamed";
                         });

TEST_P(atomic_output, appears_on_commit_and_not_before) {
  temporary_directory const dir;
  {
    one_output file((dir / "out").string(), 10, GetParam());
    file.write(5, bytes("world"));
    EXPECT_FALSE(fs::exists(dir / "out"));
    EXPECT_EQ(entries(dir), GetParam() == temporary_kind::named ? 1 : 0);
    file.write(0, bytes("hello"));
    file.commit();
    EXPECT_EQ(contents(dir / "out"), "helloworld");
    EXPECT_THROW(file.commit(), usage_error);
  }
  EXPECT_EQ(contents(dir / "out"), "helloworld");
  EXPECT_EQ(entries(dir), 1);
}

TEST_P(atomic_output, disappears_without_commit) {
  temporary_directory const dir;
  { one_output(dir.path() / "out", 10, GetParam()).write(0, bytes("x")); }
  EXPECT_EQ(entries(dir), 0);
}

TEST_P(atomic_output, many_threads_write_disjoint_ranges) {
  temporary_directory const dir;
  constexpr int threads = 8, rounds = 200, piece = 1013;
  one_output file((dir / "out").string(), threads * rounds * piece, GetParam());
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        index_t const at = (i * threads + t) * piece;
        file.write(at, bytes(std::string(piece, static_cast<char>('a' + (i * threads + t) % 26))));
      }
    });
  for (auto& worker : workers) worker.join();
  file.commit();
  std::string const got = contents(dir / "out");
  ASSERT_EQ(got.size(), static_cast<std::size_t>(threads * rounds * piece));
  for (std::size_t i = 0; i < got.size(); ++i)
    ASSERT_EQ(got[i], static_cast<char>('a' + i / piece % 26)) << i;
}

TEST_P(atomic_output, length_may_be_known_last) {
  temporary_directory const dir;
  one_output file((dir / "out").string(), {}, GetParam());
  file.write(0, bytes("abcdefgh"));
  file.resize(3);
  file.commit();
  EXPECT_EQ(contents(dir / "out"), "abc");
}

TEST_P(atomic_output, empty_file) {
  temporary_directory const dir;
  one_output file((dir / "out").string(), 0, GetParam());
  file.commit();
  EXPECT_EQ(fs::file_size(dir / "out"), 0u);
}

TEST_P(atomic_output, bad_input_41_replaces_a_file_and_keeps_its_permissions) {
  temporary_directory const dir;
  write(dir / "out", "old contents");
  ::chmod((dir / "out").c_str(), 0640);
  { one_output(dir.path() / "out", 3, GetParam()).write(0, bytes("new")); }
  EXPECT_EQ(contents(dir / "out"), "old contents");
  one_output file((dir / "out").string(), 3, GetParam());
  file.write(0, bytes("new"));
  file.commit();
  EXPECT_EQ(contents(dir / "out"), "new");
  EXPECT_EQ(fs::status(dir / "out").permissions(), static_cast<fs::perms>(0640));
  EXPECT_EQ(entries(dir), 1);
}

TEST_P(atomic_output, bad_input_41_replaces_a_symbolic_link_not_its_target) {
  temporary_directory const dir;
  write(dir / "precious", "precious");
  fs::create_symlink("precious", dir / "out");
  one_output file((dir / "out").string(), 3, GetParam());
  file.write(0, bytes("new"));
  file.commit();
  EXPECT_EQ(contents(dir / "precious"), "precious");
  EXPECT_FALSE(fs::is_symlink(dir / "out"));
  EXPECT_EQ(contents(dir / "out"), "new");

  fs::create_symlink("nowhere", dir / "dangling");
  one_output other((dir / "dangling").string(), 0, GetParam());
  other.commit();
  EXPECT_FALSE(fs::exists(dir / "nowhere"));
  EXPECT_TRUE(fs::is_regular_file(dir / "dangling"));
}

TEST_P(atomic_output, default_permissions_follow_umask) {
  temporary_directory const dir;
  mode_t const before = ::umask(027);
  one_output file((dir / "out").string(), 0, GetParam());
  ::umask(before);
  file.commit();
  EXPECT_EQ(fs::status(dir / "out").permissions(), static_cast<fs::perms>(0640));
}

void expect_refused(std::string const& path, std::string const& reason) {
  std::string const message = message_of<usage_error>([&] { one_output(path, 10); });
  EXPECT_NE(message.find(reason), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(atomic_file, bad_input_40_and_41_unusable_places) {
  temporary_directory const dir;
  write(dir / "file", "x");
  fs::create_directory(dir / "directory");
  fs::create_symlink("directory", dir / "link");
  fs::create_symlink("loop", dir / "loop");
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  expect_refused((dir / "directory").string(), "it is a directory");
  expect_refused((dir / "directory/").string(), "it is a directory");
  expect_refused((dir / "link").string(), "it is a directory");
  expect_refused((dir / "..").string(), "it is a directory");
  expect_refused((dir / "missing/out").string(), "No such file or directory");
  expect_refused((dir / "file/out").string(), "Not a directory");
  expect_refused((dir / "loop/out").string(), "Too many levels of symbolic links");
  expect_refused((dir / "fifo").string(), "it is a device, a pipe or a socket");
  expect_refused("/dev/null", "it is a device");
  expect_refused("/dev/stdout", "");
  expect_refused("", "empty");
  expect_refused(std::string("a\0b", 3), "NUL");
  expect_refused((dir / std::string(256, 'n')).string(), "File name too long");
  expect_refused((dir / "missing\n/out").string(), "missing\\x0a");
  EXPECT_EQ(contents(dir / "file"), "x");
}

TEST(atomic_file, bad_input_40_directory_is_read_only) {
  temporary_directory const dir;
  ::chmod(dir.path().c_str(), 0555);
  bool const root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);  // root may write everywhere
  }
  expect_refused((dir / "out").string(), "Permission denied");
  if (root) { ASSERT_EQ(::seteuid(0), 0); }
  ::chmod(dir.path().c_str(), 0700);
}

TEST(atomic_file, bad_input_42_odd_names_are_written) {
  temporary_directory const dir;
  for (std::string const& name :
       std::vector<std::string>{"new\nline", "\xff\xfe", "-", "--flag", "%s%n", std::string(255, 'n')})
    for (auto const kind : {temporary_kind::unnamed, temporary_kind::named}) {
      one_output file((dir / name).string(), 1, kind);
      file.write(0, bytes("x"));
      file.commit();
      EXPECT_EQ(contents(dir / name), "x");
    }
}

TEST(atomic_file, bad_input_46_file_size_limit) {
  temporary_directory const dir;
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1000;
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string const reserving = message_of<out_of_memory>([&] { one_output((dir / "out").string(), 1001); });
  std::string const writing = message_of<out_of_memory>([&] {
    one_output file((dir / "out").string());
    file.write(500, bytes(std::string(501, 'x')));
  });
  std::string const fits = message_of<out_of_memory>([&] {
    one_output file((dir / "out").string(), 1000);
    file.write(0, bytes(std::string(1000, 'x')));
  });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_NE(reserving.find("1001 bytes are needed"), std::string::npos) << reserving;
  EXPECT_NE(writing.find("1001 bytes are needed"), std::string::npos) << writing;
  EXPECT_EQ(fits, "(nothing was thrown)");
  EXPECT_EQ(entries(dir), 0);
}

TEST(atomic_file, bad_input_46_too_many_open_files) {
  temporary_directory const dir;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  std::string const message = message_of<out_of_memory>([&] { one_output((dir / "out").string(), 1); });
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_NE(message.find("Too many open files"), std::string::npos) << message;
}

/// Runs f in a child that has `dir` as a private 1 MiB tmpfs with the given mount flags; false when not
/// allowed.
template <class F>
bool in_small_file_system(fs::path const& dir, unsigned long flags, F&& f) {
  pid_t const child = ::fork();
  if (child == 0) {
    bool const mounted = ::unshare(CLONE_NEWNS) == 0 &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("tmpfs", dir.c_str(), "tmpfs", flags, "size=1m") == 0;
    if (!mounted) ::_exit(77);
    f();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) return false;
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return true;
}

TEST(atomic_file, bad_input_46_disk_full) {
  temporary_directory const dir;
  bool const ran = in_small_file_system(dir.path(), 0, [&] {
    for (auto const kind : {temporary_kind::unnamed, temporary_kind::named}) {
      std::string const reserving =
          message_of<out_of_memory>([&] { one_output((dir / "out").string(), 2 << 20, kind); });
      EXPECT_NE(reserving.find("the disk is full, 2097152 bytes are needed"), std::string::npos) << reserving;
      std::string const writing = message_of<out_of_memory>([&] {
        one_output file((dir / "out").string(), {}, kind);
        for (index_t at = 0;; at += 100'000) file.write(at, bytes(std::string(100'000, 'x')));
      });
      EXPECT_NE(writing.find("the disk is full"), std::string::npos) << writing;
      EXPECT_EQ(entries(dir), 0);
      one_output((dir / "out").string(), 500'000, kind).commit();
      fs::remove(dir / "out");
    }
  });
  if (!ran) GTEST_SKIP() << "may not mount";
}

TEST(atomic_file, bad_input_46_read_only_file_system) {
  temporary_directory const dir;
  bool const ran = in_small_file_system(
      dir.path(), MS_RDONLY, [&] { expect_refused((dir / "out").string(), "Read-only file system"); });
  if (!ran) GTEST_SKIP() << "may not mount";
}

TEST_P(atomic_output, bad_input_45_short_and_interrupted_calls) {
  temporary_directory const dir;
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 7);
  system_faults::rough = true;
  one_output file((dir / "out").string(), {}, GetParam());
  file.write(0, bytes(text));
  file.commit();
  input_file const input = job_files().read((dir / "out").string());
  std::string got(text.size(), '?');
  input.read(0, std::as_writable_bytes(std::span(got)));
  system_faults::rough = false;
  EXPECT_TRUE(got == text);
}

/// Fails the first, second, third … call until none is left to fail.
TEST_P(atomic_output, bad_input_44_and_46_every_call_fails_once) {
  for (int const reason : {EIO, ENOSPC, EDQUOT, EFBIG, EROFS}) {
    std::string failures;
    for (int k = 0; k < 100; ++k) {
      temporary_directory const dir;
      write(dir / "out", "old");
      system_faults::failed = "";
      bool thrown = false;
      try {
        one_output file((dir / "out").string(), 6, GetParam());
        system_faults::fail_with = reason;
        system_faults::fail_at = k;
        file.write(0, bytes("new"));
        file.write(3, bytes("est"));
        file.commit();
        system_faults::fail_at = -1;  // what follows is tidying up
      } catch (out_of_memory const& error) {
        thrown = reason != EIO && reason != EROFS;
      } catch (device_error const& error) { thrown = reason == EIO || reason == EROFS; }
      system_faults::fail_at = -1;
      bool const fired = *system_faults::failed != '\0';
      std::string const after = contents(dir / "out");
      // Once renamed it is published; only the last step, fsync of the directory, can still fail.
      bool const directory_not_synced = after == "newest" && std::string(system_faults::failed) == "fsync";
      EXPECT_EQ(after, !fired || directory_not_synced ? "newest" : "old") << system_faults::failed;
      EXPECT_EQ(thrown, fired) << system_faults::failed << ' ' << reason;
      EXPECT_EQ(entries(dir), 1) << system_faults::failed;
      if (!fired) break;
      failures += std::string(system_faults::failed) + ' ';
    }
    bool const named = GetParam() == temporary_kind::named;
    EXPECT_EQ(failures,
              named ? "pwrite pwrite fsync renameat fsync " : "pwrite pwrite fsync linkat renameat fsync ");
  }
}

TEST(atomic_file, bad_input_44_reading_fails) {
  temporary_directory const dir;
  write(dir / "in", "12345");
  input_file const input = job_files().read((dir / "in").string());
  std::byte got[5];
  system_faults::fail_with = EIO;
  system_faults::fail_at = 0;
  std::string const message = message_of<input_error>([&] { input.read(0, got); });
  EXPECT_NE(message.find("cannot read at byte 0: Input/output error"), std::string::npos) << message;
}

TEST(atomic_file, bad_input_46_disk_full_when_reserving) {
  temporary_directory const dir;
  system_faults::fail_with = ENOSPC;
  system_faults::fail_at = 0;
  std::string const message = message_of<out_of_memory>([&] { one_output((dir / "out").string(), 12345); });
  system_faults::fail_at = -1;
  EXPECT_NE(message.find("the disk is full, 12345 bytes are needed"), std::string::npos) << message;
  // A file system that cannot reserve is no error.
  system_faults::fail_with = EOPNOTSUPP;
  system_faults::fail_at = 0;
  one_output((dir / "out").string(), 12345).commit();
  system_faults::fail_at = -1;
  EXPECT_EQ(fs::file_size(dir / "out"), 12345u);
}

TEST(atomic_file, bad_input_47_killed_while_writing) {
  temporary_directory const dir;
  write(dir / "out", "old");
  pid_t const child = ::fork();
  if (child == 0) {
    one_output file((dir / "out").string(), 1 << 20);
    file.write(0, bytes("new"));
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(contents(dir / "out"), "old");
  EXPECT_EQ(entries(dir), 1);
}

TEST(atomic_file, bad_input_47_terminated_while_writing_a_named_temporary) {
  temporary_directory const dir;
  pid_t const child = ::fork();
  if (child == 0) {
    emergency::install_termination_guard();
    one_output file((dir / "out").string(), 1 << 20, temporary_kind::named);
    ::raise(SIGTERM);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_EQ(entries(dir), 0);
}

}  // namespace
