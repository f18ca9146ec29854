// Laying records, renaming, and finishing what was cut off.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <host/io/commit_record.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <optional>
#include <prorata/error.hpp>
#include <string_view>
#include <tuple>
#include <utility>

namespace prorata::io {

namespace {

constexpr char version[] = "prorata-commit-1";
constexpr char temporary_mark[] = ".prorata-";
constexpr std::size_t largest_record = std::size_t{1} << 20;

std::string record_name(std::string const& name) { return name_beside(name, "prorata-commit"); }

/// What tells one state of a file from a later one: its size and when it was written; "-" where there is none.
std::string state_of(directory const& where, std::string const& name) {
  struct stat status;
  if (::fstatat(where.descriptor(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return "-";
  return std::to_string(status.st_size) + ":" + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

/// What a record says. Each field ends with a NUL, which no path holds; the last one is "end".
struct record_text {
  struct member {
    std::string folder, name, temporary;
    std::string fresh, old;  // the states of temporary and of name when this was written
  };
  std::string set;                         // a number that all records of one set share
  std::string leader_folder, leader_name;  // where the leader is; empty in the leader itself
  std::vector<member> members;             // of the leader

  std::string text() const {
    std::string all;
    auto const add = [&](std::string const& field) { all.append(field).push_back('\0'); };
    for (std::string const& field : {std::string(version), set, leader_folder, leader_name}) add(field);
    for (auto const& m : members)
      for (std::string const& field : {m.folder, m.name, m.temporary, m.fresh, m.old}) add(field);
    add("end");
    return all;
  }

  /// Nothing where the record was not written to its end.
  static std::optional<record_text> parse(std::string_view text) {
    std::vector<std::string> fields;
    for (std::size_t end; (end = text.find('\0')) != text.npos; text.remove_prefix(end + 1))
      fields.emplace_back(text.substr(0, end));
    if (!text.empty() || fields.size() < 5 || (fields.size() - 5) % 5 != 0 || fields.back() != "end" ||
        fields[0] != version)
      return {};
    record_text found{fields[1], fields[2], fields[3], {}};
    for (std::size_t k = 4; k + 1 < fields.size(); k += 5)
      found.members.push_back({fields[k], fields[k + 1], fields[k + 2], fields[k + 3], fields[k + 4]});
    return found;
  }
};

/// The way from one folder to another.
std::string way(std::string const& from, std::string const& to) {
  auto const relative = std::filesystem::path(to).lexically_relative(from).string();
  return relative.empty() ? to : relative;
}
std::string joined(std::string const& folder, std::string const& rest) {
  return rest.starts_with('/') ? rest : folder + "/" + rest;
}

[[noreturn]] void cannot_finish(std::string const& path, std::string const& why) {
  throw input_error(printable(path) +
                    ": is one of several outputs of a job that was cut off while it published them: " + why);
}

}  // namespace

/// A record that is open. The lock on it goes with it.
class commit_record::file {
 public:
  explicit file(int descriptor) : descriptor_(descriptor) {}
  file(file&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file& operator=(file&&) = delete;
  ~file() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  static file find(directory const& where, std::string const& record) {
    return file(::openat(where.descriptor(), record.c_str(), flags));
  }
  static constexpr int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

  int descriptor() const { return descriptor_; }

  /// Waits until a process that publishes is done. File systems without locks are taken at their word.
  void lock(std::string const& path) const {
    constexpr int most_tries = 1000;
    for (int tries = 0; ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; ++tries) {
      if (tries == most_tries)
        throw input_error(printable(path) +
                          ": another prorata has been publishing it for 10 s; try again when it is done");
      timespec const moment{0, 10'000'000};
      ::nanosleep(&moment, nullptr);
    }
  }

  std::optional<record_text> read(std::string const& path) const {
    struct stat status;
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size > static_cast<off_t>(largest_record))
      cannot_finish(path, "its record is not a plain file");
    if (status.st_uid != ::geteuid())
      cannot_finish(path, "user " + std::to_string(status.st_uid) + "'s; have them open it with prorata");
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    for (std::size_t done = 0; done < text.size();) {
      ssize_t const got =
          ::pread(descriptor_, text.data() + done, text.size() - done, static_cast<off_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) cannot_finish(path, system_message("its record", "read", errno));
      if (got == 0) return {};
      done += static_cast<std::size_t>(got);
    }
    return record_text::parse(text);
  }

  void write(std::string const& text, std::string const& path) const {
    for (std::size_t done = 0; done < text.size();) {
      ssize_t const written =
          ::pwrite(descriptor_, text.data() + done, text.size() - done, static_cast<off_t>(done));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail_writing(path, "write a record beside", written < 0 ? errno : EIO);
      done += static_cast<std::size_t>(written);
    }
    if (::fsync(descriptor_) != 0) fail_writing(path, "fsync a record beside", errno);
  }

 private:
  int descriptor_;
};

namespace {

void unlink(directory const& where, std::string const& record) noexcept {
  ::unlinkat(where.descriptor(), record.c_str(), 0);
}

/// A member's folder is open while its set is finished.
struct open_member {
  record_text::member const& said;
  directory where;
};

/// Renames what is left of a set that was decided on.
void finish_set(std::string const& leader_folder, record_text const& leader, std::string const& path) {
  std::vector<open_member> members;
  members.reserve(leader.members.size());
  for (auto const& m : leader.members) {
    bool const plain = m.name.find('/') == m.name.npos && m.temporary.find('/') == m.temporary.npos &&
                       m.temporary.starts_with('.') && m.temporary.find(temporary_mark) != m.temporary.npos;
    if (!plain) cannot_finish(path, "its record is damaged");
    try {
      members.push_back({m, directory(joined(leader_folder, m.folder), path)});
    } catch (error const& e) { cannot_finish(path, e.what()); }
  }
  auto const waits = [](open_member const& m) {  // else it was renamed; another may have taken its name
    return state_of(m.where, m.said.temporary) == m.said.fresh;
  };
  for (auto const& m : members) {
    if (!waits(m) || state_of(m.where, m.said.name) == m.said.old) continue;
    cannot_finish(path, printable(m.said.name) + " was changed since; to keep it, remove " +
                            printable(joined(joined(leader_folder, m.said.folder), m.said.temporary)));
  }
  for (auto const& m : members)
    if (waits(m) && ::renameat(m.where.descriptor(), m.said.temporary.c_str(), m.where.descriptor(),
                               m.said.name.c_str()) != 0)
      cannot_finish(path, system_message(m.said.name, "rename to", errno));
  for (auto const& m : members) m.where.sync(path);
}

}  // namespace

void commit_record::recover(std::string const& path) {
  auto const [folder, name] = split_path(path);
  if (name.empty()) return;
  std::string const record = record_name(name);
  while (true) {
    file const found(::open((folder + "/" + record).c_str(), file::flags));
    if (found.descriptor() < 0) {
      int const reason = errno;
      if (reason == EINTR) continue;
      if (reason == EMFILE || reason == ENFILE) fail_writing(path, "open", reason);
      if (::access((folder + "/" + record).c_str(), F_OK) != 0) return;
      cannot_finish(path, system_message(folder + "/" + record, "open", reason));
    }
    found.lock(path);
    directory const where(folder, path);
    if (!where.holds(record, found.descriptor())) continue;  // it was finished meanwhile
    auto const said = found.read(path);
    if (said && said->leader_name.empty()) {
      finish_set(folder, *said, path);
      for (auto const& m : said->members) {
        directory const there(joined(folder, m.folder), path);
        auto const pointer = file::find(there, record_name(m.name));
        if (pointer.descriptor() < 0 || m.name == name) continue;
        auto const pointed = pointer.read(path);
        if (pointed && pointed->set == said->set) unlink(there, record_name(m.name));
      }
    } else if (said) {
      std::string const leader = joined(joined(folder, said->leader_folder), said->leader_name);
      recover(leader);
    }
    if (where.holds(record, found.descriptor())) unlink(where, record);
    return;
  }
}

commit_record::commit_record(std::vector<renaming> outputs) : outputs_(std::move(outputs)) {
  std::sort(outputs_.begin(), outputs_.end(), [](renaming const& a, renaming const& b) {
    auto const &x = a.where->identity(), &y = b.where->identity();
    return std::tie(x.device, x.inode, a.name) < std::tie(y.device, y.inode, b.name);
  });
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
    random = static_cast<std::uint64_t>(::getpid()) << 32 ^ reinterpret_cast<std::uintptr_t>(this);
  std::vector<std::string> places;
  for (auto const& o : outputs_) places.push_back(o.where->place());
  record_text leader{std::to_string(random), {}, {}, {}};
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    auto& o = outputs_[k];
    o.record = record_name(o.name);
    leader.members.push_back({way(places.back(), places[k]), o.name, o.temporary,
                              state_of(*o.where, o.temporary), state_of(*o.where, o.name)});
  }
  laid_.reserve(outputs_.size());
  try {
    for (std::size_t k = 0; k + 1 < outputs_.size(); ++k)
      lay(outputs_[k],
          record_text{leader.set, way(places[k], places.back()), outputs_.back().name, {}}.text());
    for (auto const& o : outputs_) o.where->sync(o.path);  // the records' names and the temporaries'
    lay(outputs_.back(), leader.text());
    outputs_.back().where->sync(outputs_.back().path);
  } catch (...) {
    remove();
    throw;
  }
}

void commit_record::lay(renaming const& output, std::string const& content) {
  constexpr int most_attempts = 100;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    file made(::openat(output.where->descriptor(), output.record.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (made.descriptor() < 0) {
      int const reason = errno;
      if (reason == EEXIST) {
        recover(output.path);
      } else if (reason != EINTR) {
        fail_writing(output.path, "write a record beside", reason);
      }
      continue;
    }
    ::flock(made.descriptor(), LOCK_EX | LOCK_NB);
    if (!output.where->holds(output.record, made.descriptor())) continue;  // taken for a dead one's
    laid_.push_back(std::move(made));
    return laid_.back().write(content, output.path);
  }
  fail_writing(output.path, "write a record beside", EEXIST);
}

void commit_record::rename_all() {
  for (auto const& o : outputs_) {
    int const folder = o.where->descriptor();
    if (::renameat(folder, o.temporary.c_str(), folder, o.name.c_str()) != 0) {
      int const reason = errno;
      if (!begun_) fail_writing(o.path, "rename to", reason);
      throw device_error(
          system_message(o.path, "rename to", reason) +
          "; others of the outputs are there already: the next prorata to open one finishes this");
    }
    begun_ = true;
  }
  for (auto const& o : outputs_) o.where->sync(o.path);
  finished_ = true;
}

commit_record::~commit_record() {
  if (!begun_ || finished_) remove();
}

/// The leader goes first where nothing was renamed, and last where all was: without it the set is whole.
void commit_record::remove() noexcept {
  for (std::size_t k = 0; k < laid_.size(); ++k) {
    auto const& o = outputs_[begun_ ? k : laid_.size() - 1 - k];
    unlink(*o.where, o.record);
  }
}

}  // namespace prorata::io
