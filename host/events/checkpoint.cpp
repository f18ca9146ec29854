// The files of a checkpoint.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <host/events/checkpoint.hpp>
#include <host/events/saved_bytes.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <memory>
#include <prorata/error.hpp>
#include <system_error>

namespace prorata::events {

namespace {

constexpr std::string_view magic = "prorata stream, checkpoint 2\n";
constexpr char const *state_name = "prorata.state", *new_state_name = "prorata.state.new";

template <class Call>
auto uninterrupted(Call const& call) {
  decltype(call()) result;
  do { result = call(); } while (result < 0 && errno == EINTR);
  return result;
}

int open_in(int folder, char const* name, int flags, std::string const& path) {
  int const descriptor =
      uninterrupted([&] { return ::openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW, 0666); });
  if (descriptor < 0 && !(errno == ENOENT && (flags & O_CREAT) == 0)) io::fail_writing(path, "open", errno);
  return descriptor;
}

void write_all(int descriptor, std::string_view bytes, index_t at, std::string const& path) {
  while (!bytes.empty()) {
    ssize_t const written =
        uninterrupted([&] { return ::pwrite(descriptor, bytes.data(), bytes.size(), at); });
    if (written <= 0) io::fail_writing(path, "write", written < 0 ? errno : EIO, std::ssize(bytes));
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += written;
  }
}

std::string read_some(int descriptor, index_t offset, std::size_t size, std::string const& path) {
  std::string bytes(size, '\0');
  ssize_t const got = uninterrupted([&] { return ::pread(descriptor, bytes.data(), size, offset); });
  if (got < 0) throw input_error(io::system_message(path, "read", errno));
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

}  // namespace

growing_file::~growing_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void growing_file::open(int folder, char const* name, std::string path) {
  path_ = std::move(path);
  descriptor_ = open_in(folder, name, O_RDWR | O_CREAT, path_);
}

void growing_file::add_to_checksum(std::string_view bytes) {
  for (char const c : bytes) checksum_ = (checksum_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
}

void growing_file::append(std::string_view bytes) {
  write_all(descriptor_, bytes, size_, path_);
  size_ += std::ssize(bytes);
  add_to_checksum(bytes);
}

void growing_file::sync() const {
  if (uninterrupted([&] { return ::fdatasync(descriptor_); }) != 0) io::fail_writing(path_, "sync", errno);
}

std::string growing_file::read(index_t offset) const {
  return read_some(descriptor_, offset, static_cast<std::size_t>(std::min<index_t>(size_ - offset, 1 << 20)),
                   path_);
}

void growing_file::go_back(index_t size, std::uint64_t checksum) {
  size_ = size;
  for (index_t at = 0; at < size;) {
    std::string const bytes = read(at);
    if (bytes.empty()) break;
    add_to_checksum(bytes);
    at += std::ssize(bytes);
  }
  if (checksum_ != checksum)
    throw input_error(io::printable(path_) + ": the checkpoint is damaged; remove its folder to begin anew");
  if (uninterrupted([&] { return ::ftruncate(descriptor_, size); }) != 0)
    io::fail_writing(path_, "cut", errno);
}

checkpoint::checkpoint(std::string const& folder, std::string job) : folder_(folder), job_(std::move(job)) {
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
    io::fail_placing(io::system_message(folder, "make a folder for checkpoints", errno), errno);
  descriptor_ = uninterrupted([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor_ < 0)
    io::fail_placing(io::system_message(folder, "open as a folder for checkpoints", errno), errno);
  try {
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
      refuse("--checkpoint: another job is at " + io::printable(folder) + "; name another folder");
    results.open(descriptor_, "prorata.results", folder + "/prorata.results");
    late.open(descriptor_, "prorata.late", folder + "/prorata.late");
    std::string const path = folder + "/" + state_name;
    int const state = open_in(descriptor_, state_name, O_RDONLY, path);
    if (state < 0) {
      results.go_back(0, results.checksum()), late.go_back(0, late.checksum());
      return;
    }
    std::string bytes;
    try {
      for (std::string more; !(more = read_some(state, std::ssize(bytes), 1 << 20, path)).empty();)
        bytes += more;
    } catch (...) {
      ::close(state);
      throw;
    }
    ::close(state);
    load(bytes);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

checkpoint::~checkpoint() {
  if (writing_.valid()) writing_.wait();
  ::close(descriptor_);
}

void checkpoint::load(std::string_view bytes) {
  std::string const where = io::printable(folder_) + ": ",
                    anew = "; remove the folder to begin anew, or name another";
  if (!bytes.starts_with(magic) || bytes.size() < magic.size() + 8)
    throw input_error(where + "the checkpoint is damaged, or none" + anew);
  byte_reader from(bytes.substr(magic.size()));
  if (from.get<std::uint64_t>() != checksum_of(bytes.substr(magic.size() + 8)))
    throw input_error(where + "the checkpoint is damaged" + anew);
  if (from.get_text() != job_)
    throw input_error(where + "the checkpoint is of another job: its input, columns or options differ" +
                      anew);
  std::string input(from.get_text());
  auto const results_size = from.get<index_t>();
  results.go_back(results_size, from.get<std::uint64_t>());
  auto const late_size = from.get<index_t>();
  late.go_back(late_size, from.get<std::uint64_t>());
  found_ = {std::move(input), std::string(from.get_text())};
}

void checkpoint::save(place now) {
  wait();
  byte_writer to;  // all but the state, which is long
  to.put_text(job_);
  to.put_text(now.input);
  to.put(results.size()), to.put(results.checksum());
  to.put(late.size()), to.put(late.checksum());
  auto const work = std::make_shared<std::function<void()>>();
  *work = [this, facts = std::move(to.bytes), state = std::move(now.state)] {
    byte_writer all;
    all.bytes = facts;
    all.put_text(state);
    byte_writer head;
    head.bytes = magic;
    head.put(checksum_of(all.bytes));
    write(head.bytes, all.bytes);
  };
  try {
    writing_ = std::async(std::launch::async, [work] { (*work)(); });
  } catch (std::system_error const&) { (*work)(); }  // there is no thread to be had
}

bool checkpoint::is_saving() const {
  return writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

void checkpoint::wait() {
  if (writing_.valid()) writing_.get();
}

void checkpoint::write(std::string const& head, std::string const& rest) const {
  results.sync();
  late.sync();
  std::string const path = folder_ + "/" + new_state_name;
  int const state = open_in(descriptor_, new_state_name, O_WRONLY | O_CREAT | O_TRUNC, path);
  try {
    write_all(state, head, 0, path);
    write_all(state, rest, std::ssize(head), path);
    if (uninterrupted([&] { return ::fdatasync(state); }) != 0) io::fail_writing(path, "sync", errno);
  } catch (...) {
    ::close(state);
    throw;
  }
  ::close(state);
  if (::renameat(descriptor_, new_state_name, descriptor_, state_name) != 0)
    io::fail_writing(path, "rename", errno);
  if (uninterrupted([&] { return ::fsync(descriptor_); }) != 0) io::fail_writing(folder_, "sync", errno);
}

}  // namespace prorata::events
