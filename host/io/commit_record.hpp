// commit_record: several outputs renamed as one; a kill in between can be told, and is made good.
#pragma once

#include <host/io/directory.hpp>
#include <string>
#include <vector>

namespace prorata::io {

/// One output about to take its place: `temporary` in `where` becomes `name`. Its data is durable.
struct renaming {
  directory const* where;
  std::string name, temporary;
  std::string path;      ///< for messages
  std::string record{};  ///< what its record is called
};

/// Renames cannot be made at once. So a record is laid beside each output, `.NAME.prorata-commit`, before the first
/// rename, and removed after the last. That of the last output in order, the leader, holds the whole list; the
/// others say where it is. It is written last:
///
///   no leader   nothing was renamed, or everything was: the set is whole, old or new
///   a leader    the set was decided on; whoever opens one of its files renames what is left
///
/// A process that publishes holds locks on its records; without a lock it is dead. Paths are kept relative to one
/// another: the folders may be moved together.
///   throws  device_error, out_of_memory (the disk is full); input_error, usage_error as recover
class commit_record {
 public:
  /// Writes the records, durably.
  explicit commit_record(std::vector<renaming> outputs);
  commit_record(commit_record const&) = delete;
  commit_record& operator=(commit_record const&) = delete;
  /// Removes them where nothing was renamed, or everything.
  ~commit_record();

  /// Renames every output and makes the names durable. Where the first one fails nothing has changed; where a
  /// later one does, the records stay, and begun() is true.
  void rename_all();
  bool begun() const { return begun_; }

  /// Finishes what a killed process began with the file `path` and those that belong to it, before it is read or
  /// replaced. One look-up where there is nothing to do, as nearly always.
  ///   throws  input_error  it cannot be finished: not permitted, another user's, changed since
  static void recover(std::string const& path);

 private:
  class file;
  void lay(renaming const& output, std::string const& content);
  void remove() noexcept;

  std::vector<renaming> outputs_;  // in order of folder and name
  std::vector<file> laid_;         // as many of them as have a record
  bool begun_ = false, finished_ = false;
};

}  // namespace prorata::io
