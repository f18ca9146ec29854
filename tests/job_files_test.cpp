// Files of one job: never read and written at once, published all or none, whenever a signal comes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <host/io/emergency.hpp>
#include <host/io/job_files.hpp>
#include <host/io/system_error.hpp>
#include <new>
#include <prorata/error.hpp>
#include <set>
#include <sstream>
#include <tests/sanitizers.hpp>

#include "system_faults.hpp"
#include "temporary_directory.hpp"

namespace {
long allocations_left = -1;  // of those that succeed; -1: all
}

__attribute__((noinline)) void* operator new(std::size_t bytes) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  if (void* const p = std::malloc(bytes)) return p;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* p) noexcept { std::free(p); }
__attribute__((noinline)) void operator delete(void* p, std::size_t) noexcept { std::free(p); }

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

/// The names in a folder and in those below it.
std::set<std::string> names_in(fs::path const& folder) {
  std::set<std::string> names;
  for (auto const& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory()) names.insert(fs::relative(entry.path(), folder).string());
  return names;
}

template <class F>
std::string refusal_of(F&& f) {
  try {
    f();
  } catch (usage_error const& error) { return error.what(); } catch (std::exception const& other) {
    return std::string("(another type) ") + other.what();
  }
  return "(nothing was thrown)";
}

/// Refused with one line that says so.
#define EXPECT_REFUSED(text, expression)                                 \
  {                                                                      \
    std::string const message = refusal_of([&] { (void)(expression); }); \
    EXPECT_NE(message.find(text), std::string::npos) << message;         \
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;         \
  }

TEST(job_files, what_is_read_is_never_written_under_any_name_in_any_order) {
  temporary_directory const dir;
  write(dir / "in", "precious");
  fs::create_hard_link(dir / "in", dir / "hard");
  fs::create_symlink("in", dir / "soft");
  fs::create_directory(dir / "folder");
  std::string const detour = (dir / "folder/../in").string();
  for (std::string const& name :
       {(dir / "in").string(), (dir / "hard").string(), (dir / "soft").string(), detour}) {
    job_files reads_first;
    { input_file const read_and_closed = reads_first.read((dir / "in").string()); }
    EXPECT_REFUSED("it is also an input", reads_first.write(name));
    job_files writes_first;
    writes_first.write(name);
    EXPECT_REFUSED("it is also written", writes_first.read((dir / "in").string()));
  }
  job_files other;
  other.read((dir / "in").string());
  EXPECT_NO_THROW(other.write((dir / "other").string()));
  EXPECT_EQ(contents(dir / "in"), "precious");
}

TEST(job_files, two_outputs_are_two_files) {
  temporary_directory const dir;
  fs::create_directory(dir / "folder");
  fs::create_directory_symlink(dir.path(), dir / "here");
  write(dir / "old", "old");
  fs::create_hard_link(dir / "old", dir / "hard");
  fs::create_symlink("old", dir / "soft");
  for (auto const& names : std::vector<std::pair<char const*, char const*>>{{"out", "out"},
                                                                            {"out", "./out"},
                                                                            {"out", "folder/../out"},
                                                                            {"out", "here/out"},
                                                                            {"old", "hard"},
                                                                            {"old", "soft"}}) {
    job_files files;
    files.write((dir / names.first).string());
    EXPECT_REFUSED("it is also written, as ", files.write((dir / names.second).string()));
  }
  job_files files;
  files.write((dir / "out").string());
  EXPECT_NO_THROW(files.write((dir / "folder/out").string()));
}

TEST(job_files, standard_output_is_an_output) {
  temporary_directory const dir;
  int const before = ::dup(STDOUT_FILENO);
  int const file = ::open((dir / "x").c_str(), O_RDWR | O_CREAT, 0600);
  ::dup2(file, STDOUT_FILENO);
  {
    job_files files;
    files.note_standard_streams();
    ::dup2(before, STDOUT_FILENO);
    EXPECT_REFUSED("it is also written, as standard output", files.read((dir / "x").string()));
    EXPECT_REFUSED("it is also written, as standard output", files.write((dir / "x").string()));
  }
  ::close(file);
  ::close(before);
}

TEST(job_files, outputs_are_published_once_and_not_written_to_afterwards) {
  temporary_directory const dir;
  job_files files;
  auto& out = files.write((dir / "out").string());
  out.write(0, bytes("x"));
  files.prepare();
  EXPECT_THROW(out.write(0, bytes("y")), usage_error);
  files.publish();
  EXPECT_THROW(files.publish(), usage_error);
  EXPECT_THROW(files.write((dir / "more").string()), usage_error);
  EXPECT_EQ(contents(dir / "out"), "x");
}

/// Outputs in one folder, or in several, old ones in their places.
struct output_set {
  temporary_directory dir;
  std::vector<std::string> names;

  explicit output_set(bool one_folder) {
    names = one_folder ? std::vector<std::string>{"a", "b", "c"}
                       : std::vector<std::string>{"a", "one/b", "two/three/c"};
    fs::create_directories(dir / "one");
    fs::create_directories(dir / "two/three");
    for (auto const& name : names) write(dir / name, "old");
  }
  /// The signal comes before call `moment` of publish().
  void publish(std::string const& text, temporary_kind kind, int moment = -1) const {
    job_files files;
    for (auto const& name : names) files.write((dir / name).string(), {}, kind).write(0, bytes(text + name));
    if (moment >= 0) system_faults::signal_at = moment;
    files.publish();
    system_faults::signal_at = -1;
  }
  void open(std::string const& name) const { job_files().read((dir / name).string()); }
  /// "old" or what was published, or "mixed".
  std::string state() const {
    std::set<std::string> all;
    for (auto const& name : names) {
      std::string text = contents(dir / name);
      if (text.ends_with(name) && text != "old") text.resize(text.size() - name.size());
      all.insert(text);
    }
    return all.size() == 1 ? *all.begin() : "mixed";
  }
  bool has_only_outputs() const {
    return names_in(dir.path()) == std::set<std::string>(names.begin(), names.end());
  }
};

/// Runs f in a child; the signal that ended it, 0 where it came to its end.
template <class F>
int signal_that_ended(F const& f) {
  pid_t const child = ::fork();
  if (child == 0) {
    emergency::install_termination_guard();
    f();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

class published_set : public testing::TestWithParam<std::tuple<temporary_kind, bool>> {};
INSTANTIATE_TEST_SUITE_P(kinds_and_folders, published_set,
                         testing::Combine(testing::Values(temporary_kind::unnamed, temporary_kind::named),
                                          testing::Bool()),
                         [](auto const& info) {
                           return std::string(std::get<0>(info.param) == temporary_kind::named ? "named"
                                                                                               : "unnamed") +
                                  (std::get<1>(info.param) ? "_one_folder" : "_folders");
                         });

TEST_P(published_set, is_whole_for_whoever_opens_one_of_it_after_a_kill_at_any_moment) {
  auto const [kind, one_folder] = GetParam();
  std::set<std::string> seen;  // what stood there before anyone opened it, and after
  bool came_to_its_end = false;
  for (int moment = 0; !came_to_its_end; ++moment) {
    ASSERT_LT(moment, 1000);
    for (std::size_t first = 0; first < 3; ++first) {
      output_set const set(one_folder);
      system_faults::signal_number = SIGKILL;
      came_to_its_end = signal_that_ended([&, kind = kind] { set.publish("new ", kind, moment); }) == 0;
      seen.insert(set.state());
      // one who finishes it is killed, too, at every third moment
      if (moment % 3 == 0)
        signal_that_ended([&] {
          system_faults::signal_at = moment / 3;
          set.open(set.names[(first + 1) % 3]);
        });
      set.open(set.names[first]);
      EXPECT_NE(set.state(), "mixed") << "killed before call " << moment << ", opened " << first;
      if (set.state() == "old") { EXPECT_FALSE(came_to_its_end); }
      seen.insert("whole: " + set.state());
      // and whoever writes them next leaves nothing behind
      set.publish("newest ", kind);
      EXPECT_EQ(set.state(), "newest ");
      EXPECT_TRUE(set.has_only_outputs()) << testing::PrintToString(names_in(set.dir.path()));
    }
  }
  EXPECT_EQ(seen, (std::set<std::string>{"old", "new ", "mixed", "whole: old", "whole: new "}));
}

TEST_P(published_set, is_old_or_new_and_nothing_else_after_a_signal_at_any_moment) {
  auto const [kind, one_folder] = GetParam();
  for (int const number : {SIGTERM, SIGINT, SIGHUP}) {
    int const enough = 90;  // calls that a job makes, and a few
    for (int moment = 0; moment < enough; moment += number == SIGTERM && !tests::watched ? 1 : 7) {
      output_set const set(one_folder);
      int const ended = signal_that_ended([&, kind = kind] {
        system_faults::signal_number = number;
        system_faults::signal_at = moment;
        set.publish("new ", kind);
      });
      if (moment >= enough - 7) { EXPECT_EQ(ended, 0) << "more moments are needed"; }
      EXPECT_EQ(set.state(), ended == 0 ? "new " : "old") << moment;
      EXPECT_TRUE(set.has_only_outputs()) << moment << testing::PrintToString(names_in(set.dir.path()));
    }
  }
}

TEST(job_files, one_output_is_old_or_new_and_nothing_else_after_a_signal_at_any_moment) {
  for (auto const kind : {temporary_kind::unnamed, temporary_kind::named})
    for (int moment = 0; moment < 30; ++moment) {
      temporary_directory const dir;
      write(dir / "out", "old");
      int const ended = signal_that_ended([&] {
        system_faults::signal_number = SIGTERM;
        system_faults::signal_at = moment;
        job_files files;
        files.write((dir / "out").string(), 3, kind).write(0, bytes("new"));
        files.publish();
        system_faults::signal_at = -1;  // afterwards it is as if the process had ended
      });
      EXPECT_EQ(contents(dir / "out"), ended == 0 ? "new" : "old") << moment;
      EXPECT_EQ(names_in(dir.path()), std::set<std::string>{"out"}) << moment;
    }
}

TEST_P(published_set, is_old_and_nothing_else_where_memory_runs_out) {
  auto const [kind, one_folder] = GetParam();
  bool enough = false;
  for (long n = 0; !enough; ++n) {
    ASSERT_LT(n, 10000);
    output_set set(one_folder);
    try {
      job_files files;
      for (auto const& name : set.names)
        files.write((set.dir / name).string(), {}, kind).write(0, bytes("new " + name));
      allocations_left = n;
      files.publish();
      enough = true;
      allocations_left = -1;
    } catch (std::bad_alloc const&) { allocations_left = -1; }
    allocations_left = -1;
    EXPECT_EQ(set.state(), enough ? "new " : "old") << n;
    EXPECT_TRUE(set.has_only_outputs()) << n << testing::PrintToString(names_in(set.dir.path()));
  }
}

TEST_P(published_set, is_old_and_nothing_else_where_a_call_fails_before_the_first_rename) {
  auto const [kind, one_folder] = GetParam();
  for (int call = 0; call < 200; ++call) {
    output_set set(one_folder);
    std::string message;
    try {
      job_files files;
      for (auto const& name : set.names)
        files.write((set.dir / name).string(), {}, kind).write(0, bytes("new " + name));
      system_faults::failed = "";
      system_faults::fail_with = EIO;
      system_faults::fail_at = call;
      files.publish();
    } catch (device_error const& error) { message = error.what(); }
    system_faults::fail_at = -1;
    std::string const state = set.state();
    if (message.empty()) {
      EXPECT_EQ(state, "new ");
      if (*system_faults::failed == '\0') return;
      EXPECT_STREQ(system_faults::failed, "close");  // of what is on disk already
    }
    if (state == "mixed") {  // a later rename failed, and the message says so
      EXPECT_NE(message.find("others of the outputs are there already"), std::string::npos) << message;
      set.open(set.names[static_cast<std::size_t>(call) % 3]);
      EXPECT_EQ(set.state(), "new ");
    }
    if (state == "old") {
      EXPECT_TRUE(set.has_only_outputs()) << testing::PrintToString(names_in(set.dir.path()));
    }
  }
  ADD_FAILURE() << "every call failed";
}

/// A set that was cut off after its first rename.
void cut_off(output_set& set) {
  for (int moment = 0; set.state() != "mixed"; ++moment) {
    for (auto const& name : names_in(set.dir.path())) fs::remove(set.dir / name);
    for (auto const& name : set.names) write(set.dir / name, "old");
    system_faults::signal_number = SIGKILL;
    signal_that_ended([&] { set.publish("new ", temporary_kind::unnamed, moment); });
  }
}

TEST(commit_record, finishes_a_set_through_a_link_and_in_folders_that_were_moved) {
  output_set set(false);
  cut_off(set);
  temporary_directory const elsewhere;
  fs::create_symlink(set.dir / "two/three/c", elsewhere / "link");
  job_files().read((elsewhere / "link").string());
  EXPECT_EQ(set.state(), "new ");

  output_set moved(false);
  cut_off(moved);
  fs::create_directory(elsewhere / "all");
  for (char const* name : {"a", "one", "two"}) fs::rename(moved.dir / name, elsewhere / "all" / name);
  for (auto const& name : names_in(moved.dir.path())) fs::rename(moved.dir / name, elsewhere / "all" / name);
  job_files().read((elsewhere / "all/one/b").string());
  for (auto const& name : moved.names) EXPECT_EQ(contents(elsewhere / "all" / name), "new " + name);
}

TEST(commit_record, does_not_rename_over_what_was_changed_since) {
  output_set set(true);
  cut_off(set);
  std::string const late = contents(set.dir / "a") == "old"   ? "a"
                           : contents(set.dir / "b") == "old" ? "b"
                                                              : "c";
  write(set.dir / late, "written by another program");
  try {
    set.open("a");
    ADD_FAILURE() << "nothing was thrown";
  } catch (input_error const& error) {
    EXPECT_NE(std::string(error.what()).find("was changed since"), std::string::npos) << error.what();
  }
  EXPECT_EQ(contents(set.dir / late), "written by another program");
}

TEST(commit_record, leaves_a_record_of_another_user_alone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make another user's file";
  output_set set(true);
  cut_off(set);
  for (auto const& name : names_in(set.dir.path()))
    if (name.ends_with("prorata-commit")) { ASSERT_EQ(::chown((set.dir / name).c_str(), 65534, 65534), 0); }
  EXPECT_THROW(set.open("a"), input_error);
  EXPECT_EQ(set.state(), "mixed");
}

TEST(commit_record, is_taken_for_what_it_is_only) {
  temporary_directory const dir;
  write(dir / "x", "x");
  write(dir / ".x.prorata-commit", "");  // cut off before anything was decided
  job_files().read((dir / "x").string());
  EXPECT_EQ(names_in(dir.path()), std::set<std::string>{"x"});
  auto const text = [](std::vector<std::string> const& fields) {
    std::string all;
    for (auto const& field : fields) all += field + '\0';
    return all;
  };
  // cut off between two fields: nothing was decided either
  write(dir / ".x.prorata-commit",
        text({"prorata-commit-1", "1", "", "", ".", "x", ".x.prorata-0", "-", "-", "en"}));
  job_files().read((dir / "x").string());
  EXPECT_EQ(names_in(dir.path()), std::set<std::string>{"x"});
  write(dir / "precious", "precious");
  for (auto const& [folder, name, from] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {".", "x", "precious"}, {".", "../x", ".x.prorata-0"}, {".", "x", "../.x.prorata-0"}}) {
    write(dir / ".x.prorata-commit",
          text({"prorata-commit-1", "1", "", "", folder, name, from, "-", "-", "end"}));
    EXPECT_THROW(job_files().read((dir / "x").string()), input_error);
    EXPECT_EQ(contents(dir / "x"), "x");
    EXPECT_EQ(contents(dir / "precious"), "precious");
  }
}

TEST(job_files, waits_for_another_that_publishes) {
  output_set set(true);
  pid_t const child = ::fork();
  if (child == 0) {
    job_files files;
    for (auto const& name : set.names) files.write((set.dir / name).string()).write(0, bytes("new " + name));
    system_faults::signal_number = SIGSTOP;
    system_faults::signal_at = 30;  // between two renames
    files.publish();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  bool const stopped = WIFSTOPPED(status);
  if (stopped) {
    pid_t const waker = ::fork();
    if (waker == 0) {
      ::usleep(200'000);
      ::kill(child, SIGCONT);
      ::_exit(0);
    }
    set.open("a");
    EXPECT_NE(set.state(), "mixed");
    ::waitpid(waker, &status, 0);
    ::waitpid(child, &status, 0);
  }
  EXPECT_EQ(set.state(), "new ");
}

TEST(temporary_file, names_of_others_are_not_touched_and_those_of_the_dead_are_removed) {
  temporary_directory const dir;
  write(dir / ".out.prorata-0", "left by a process that was killed");
  {
    job_files a, b;
    auto& one = a.write((dir / "out").string(), {}, temporary_kind::named);
    auto& two = b.write((dir / "out").string(), {}, temporary_kind::named);
    EXPECT_EQ(names_in(dir.path()), (std::set<std::string>{".out.prorata-0", ".out.prorata-1"}));
    one.write(0, bytes("one"));
    two.write(0, bytes("two"));
    a.publish();
    EXPECT_EQ(contents(dir / "out"), "one");
    b.publish();
    EXPECT_EQ(contents(dir / "out"), "two");
  }
  EXPECT_EQ(names_in(dir.path()), std::set<std::string>{"out"});
  fs::create_directory(dir / ".out.prorata-0");
  fs::create_symlink("out", dir / ".out.prorata-1");
  for (auto const kind : {temporary_kind::unnamed, temporary_kind::named}) {
    job_files files;
    files.write((dir / "out").string(), {}, kind).write(0, bytes("three"));
    files.publish();
    EXPECT_EQ(contents(dir / "out"), "three");
    EXPECT_TRUE(fs::is_directory(dir / ".out.prorata-0"));
    EXPECT_TRUE(fs::is_symlink(dir / ".out.prorata-1"));
  }
}

TEST(temporary_file, is_private_until_it_is_published) {
  temporary_directory const dir;
  mode_t const before = ::umask(022);
  job_files files;
  files.write((dir / "out").string(), {}, temporary_kind::named);
  EXPECT_EQ(fs::status(dir / ".out.prorata-0").permissions(), static_cast<fs::perms>(0600));
  files.publish();
  job_files unnamed;
  unnamed.write((dir / "second").string(), {}, temporary_kind::unnamed);
  int found = 0;
  for (auto const& open : fs::directory_iterator("/proc/self/fd")) {  // what has no name can be opened there
    std::error_code none;
    if (!fs::read_symlink(open, none).string().starts_with((dir / "#").string())) continue;
    EXPECT_EQ(fs::status(open).permissions(), static_cast<fs::perms>(0600));
    ++found;
  }
  EXPECT_EQ(found, 1);
  unnamed.publish();
  ::umask(before);
  EXPECT_EQ(fs::status(dir / "out").permissions(), static_cast<fs::perms>(0644));
}

TEST(output_place, what_rename_would_refuse_is_refused_before_the_work) {
  temporary_directory const dir;
  fs::create_directory(dir / "sticky");
  write(dir / "sticky/out", "another's");
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make another user's file";
  ASSERT_EQ(::chmod((dir / "sticky").c_str(), 01777), 0);
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  ASSERT_EQ(::seteuid(65534), 0);
  job_files files;
  EXPECT_REFUSED("another user's, in a sticky folder", files.write((dir / "sticky/out").string()));
  EXPECT_NO_THROW(files.write((dir / "sticky/mine").string()));
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_NO_THROW(job_files().write((dir / "sticky/out").string()));
}

TEST(output_place, a_folder_is_the_callers_mistake_or_the_disks) {
  for (int const reason : {ENOENT, ENOTDIR, EACCES, EPERM, EROFS, ELOOP, ENAMETOOLONG})
    EXPECT_THROW(fail_placing("x", reason), usage_error) << reason;
  for (int const reason : {EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT})
    EXPECT_THROW(fail_placing("x", reason), out_of_memory) << reason;
  for (int const reason : {EIO, ENXIO, ESTALE})
    EXPECT_THROW(fail_placing("x", reason), device_error) << reason;
}

TEST(output_place, an_immutable_file_is_refused_before_the_work) {
  temporary_directory const dir;
  write(dir / "out", "fixed");
  std::string const path = (dir / "out").string();
  if (std::system(("chattr +i " + path + " 2>/dev/null").c_str()) != 0)
    GTEST_SKIP() << "may not make it immutable";
  std::string const message = refusal_of([&] { job_files().write(path); });
  ASSERT_EQ(std::system(("chattr -i " + path).c_str()), 0);
  EXPECT_NE(message.find("it is immutable or append-only"), std::string::npos) << message;
}

}  // namespace
