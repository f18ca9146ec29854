// Opening, reading and mapping files that behave and files that do not.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <fstream>
#include <host/io/emergency.hpp>
#include <host/io/job_files.hpp>
#include <prorata/error.hpp>
#include <vector>

#include "temporary_directory.hpp"

namespace {

using namespace prorata;
using namespace prorata::io;

std::string pattern(std::size_t n) {
  std::string text(n, '\0');
  for (std::size_t i = 0; i < n; ++i) text[i] = static_cast<char>(i * 2654435761u >> 13);
  return text;
}
void write(std::filesystem::path const& path, std::string const& contents) {
  std::ofstream(path) << contents;
}

std::string open_message(std::string const& path) {
  try {
    input_file const file = job_files().read(path);
  } catch (input_error const& error) { return error.what(); }
  return "(nothing was thrown)";
}
void expect_refused(std::string const& path, std::string const& reason) {
  std::string const message = open_message(path);
  EXPECT_NE(message.find(reason), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(input_file, reads_any_range_exactly) {
  temporary_directory const dir;
  std::string const contents = pattern(100'003);
  write(dir / "a", contents);
  input_file file = job_files().read((dir / "a").string());
  EXPECT_EQ(file.size(), 100'003);
  input_file moved = std::move(file);
  for (index_t const offset : {0, 1, 4095, 4096, 4097, 99'999, 100'003})
    for (index_t const bytes : {0, 1, 63, 4096, 100'003}) {
      if (offset + bytes > moved.size()) continue;
      std::string got(static_cast<std::size_t>(bytes), '?');
      moved.read(offset, std::as_writable_bytes(std::span(got)));
      EXPECT_EQ(got, contents.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(bytes)));
    }
  moved.announce(0, moved.size());  // changes nothing that can be seen
  moved.announce(5, 0);
}

TEST(input_file, bad_input_38_not_a_regular_file) {
  temporary_directory const dir;
  expect_refused(dir.path().string(), "it is a directory");
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  expect_refused((dir / "fifo").string(), "it is a pipe");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (dir / "socket").c_str(), sizeof address.sun_path - 1);
  int const descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  expect_refused((dir / "socket").string(), "it is a socket");
  ::close(descriptor);
  expect_refused("/dev/zero", "it is a device");
  expect_refused("/dev/full", "it is a device");
  expect_refused("/proc/self/mem", "belongs to the kernel");
  expect_refused("/proc/self/status", "belongs to the kernel");
}

TEST(input_file, bad_input_39_cannot_be_opened) {
  temporary_directory const dir;
  std::filesystem::create_symlink("loop", dir / "loop");
  expect_refused((dir / "loop").string(), "Too many levels of symbolic links");
  std::filesystem::create_symlink("nowhere", dir / "dangling");
  expect_refused((dir / "dangling").string(), "No such file or directory");
  expect_refused((dir / "missing").string(), "No such file or directory");
  write(dir / "file", "x");
  expect_refused((dir / "file/x").string(), "Not a directory");
  ASSERT_EQ(::chmod((dir / "file").c_str(), 0), 0);
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  bool const root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);  // root may read everything
  }
  expect_refused((dir / "file").string(), "Permission denied");
  if (root) { ASSERT_EQ(::seteuid(0), 0); }
}

TEST(input_file, bad_input_42_odd_names) {
  temporary_directory const dir;
  expect_refused("", "empty");
  expect_refused(std::string("a\0b", 3), "NUL");
  expect_refused(std::string(256, 'n'), "File name too long");
  expect_refused((dir / "a\nb\x1b[2J\xff").string(), "a\\x0ab\\x1b[2J\\xff: cannot open");
  for (std::string const& name :
       std::vector<std::string>{"new\nline", "\xff\xfe", "-", "--flag", "%s%n", std::string(255, 'n')}) {
    write(dir / name, "x");
    EXPECT_EQ(job_files().read((dir / name).string()).size(), 1) << name;
  }
}

TEST(input_file, bad_input_43_truncated_grown_or_written_while_open) {
  temporary_directory const dir;
  write(dir / "a", pattern(10'000));
  input_file const file = job_files().read((dir / "a").string());
  EXPECT_NO_THROW(file.check_unchanged());
  struct stat before {};
  ASSERT_EQ(::stat((dir / "a").c_str(), &before), 0);
  std::filesystem::resize_file(dir / "a", 4'000);
  std::vector<std::byte> buffer(10'000);
  try {
    file.read(0, buffer);
    FAIL() << "a short file was read";
  } catch (input_error const& error) {
    EXPECT_NE(std::string(error.what())
                  .find("file shrank while being read: it ends at byte 4000, 6000 bytes early"),
              std::string::npos)
        << error.what();
  }
  EXPECT_THROW(file.check_unchanged(), input_error);
  timespec const back[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir / "a").c_str(), back, 0), 0);
  EXPECT_THROW(file.check_unchanged(), input_error);  // by its size alone
  std::filesystem::resize_file(dir / "a", 20'000);
  EXPECT_THROW(file.check_unchanged(), input_error);

  write(dir / "b", "12345");
  input_file const same_size = job_files().read((dir / "b").string());
  struct stat written {};
  ASSERT_EQ(::stat((dir / "b").c_str(), &written), 0);
  timespec const times[2] = {{1, 0}, {written.st_mtim.tv_sec + 1, written.st_mtim.tv_nsec}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir / "b").c_str(), times, 0), 0);
  EXPECT_THROW(same_size.check_unchanged(), input_error);
}

TEST(input_file, bad_input_43_replaced_or_unlinked_while_open_is_harmless) {
  temporary_directory const dir;
  write(dir / "a", "old");
  input_file const file = job_files().read((dir / "a").string());
  write(dir / "b", "new!");
  std::filesystem::rename(dir / "b", dir / "a");
  char got[3];
  file.read(0, std::as_writable_bytes(std::span(got)));
  EXPECT_EQ(std::memcmp(got, "old", 3), 0);
}

TEST(input_file, bad_input_46_too_many_open_files) {
  temporary_directory const dir;
  write(dir / "a", "x");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  std::exception_ptr thrown;
  try {
    input_file const file = job_files().read((dir / "a").string());
  } catch (...) { thrown = std::current_exception(); }
  ::setrlimit(RLIMIT_NOFILE,
              &before);  // before anything else: a sanitizer opens files to look at the exception
  ASSERT_TRUE(thrown);
  try {
    std::rethrow_exception(thrown);
  } catch (out_of_memory const& error) {
    std::string const message = error.what();
    EXPECT_NE(message.find("Too many open files"), std::string::npos) << message;
  }
}

TEST(input_file, identity_sees_through_names) {
  temporary_directory const dir;
  write(dir / "a", "x");
  write(dir / "b", "x");
  std::filesystem::create_hard_link(dir / "a", dir / "hard");
  std::filesystem::create_symlink("a", dir / "soft");
  auto const identity = [&](char const* name) { return job_files().read((dir / name).string()).identity(); };
  EXPECT_EQ(identity("a"), identity("hard"));
  EXPECT_EQ(identity("a"), identity("soft"));
  EXPECT_NE(identity("a"), identity("b"));
}

using emergency_guard = testing::Test;

template <class E>
void throw_it(E const& e) {
  throw e;
}
void end_without_memory() noexcept { throw_it(std::bad_alloc()); }
void end_otherwise() noexcept { throw_it(std::runtime_error("of another kind")); }

TEST(emergency_guard, memory_that_runs_out_where_nothing_can_unwind_ends_with_code_5_and_a_line) {
  temporary_directory const dir;
  write(dir / "unfinished", "x");
  EXPECT_EXIT(
      {
        emergency::install_memory_guard();
        int const directory = ::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY);
        emergency::watch_temporary(directory, "unfinished");
        end_without_memory();
      },
      testing::ExitedWithCode(5), "^prorata: out of memory; lower --memory or --chunk\n$");
  EXPECT_FALSE(std::filesystem::exists(dir / "unfinished"));
}

TEST(emergency_guard, other_reasons_to_terminate_stay_what_they_were) {
  EXPECT_EXIT(
      {
        emergency::install_memory_guard();
        emergency::install_memory_guard();  // twice is as once
        end_otherwise();
      },
      testing::KilledBySignal(SIGABRT), "of another kind");
  EXPECT_EXIT(
      {
        emergency::install_memory_guard();
        std::terminate();
      },
      testing::KilledBySignal(SIGABRT), "terminate called");
}

TEST(emergency_guard, bad_input_47_termination_removes_temporary_files) {
  for (int const number : {SIGINT, SIGTERM, SIGHUP}) {
    temporary_directory const dir;
    write(dir / "unfinished", "x");
    write(dir / "kept", "x");
    EXPECT_EXIT(
        {
          emergency::install_termination_guard();
          int const directory = ::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY);
          emergency::watch_temporary(directory, "unfinished");
          emergency::forget_temporary(emergency::watch_temporary(directory, "kept"));
          ::raise(number);
          ::_exit(0);
        },
        testing::KilledBySignal(number), "");
    EXPECT_FALSE(std::filesystem::exists(dir / "unfinished"));
    EXPECT_TRUE(std::filesystem::exists(dir / "kept"));
  }
}

TEST(emergency_guard, signals_that_were_ignored_stay_so) {
  EXPECT_EXIT(
      {
        ::signal(SIGHUP, SIG_IGN);  // as nohup does
        emergency::install_termination_guard();
        ::raise(SIGHUP);
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(emergency_guard, a_full_table_is_no_error) {
  std::vector<int> tickets;
  for (int i = 0; i < 300; ++i) tickets.push_back(emergency::watch_temporary(-1, "x"));
  EXPECT_EQ(tickets.back(), -1);
  for (int const ticket : tickets) emergency::forget_temporary(ticket);
  int const again = emergency::watch_temporary(-1, "x");
  EXPECT_GE(again, 0);
  emergency::forget_temporary(again);
}

}  // namespace
