// atomic_file: an output that appears under its name whole, or not at all.
#pragma once

#include <cstddef>
#include <host/io/input_file.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace prorata::io {

/// Where unfinished data lives. `unnamed` falls back to `named` where the file system cannot do it.
enum class temporary_kind { unnamed, named };

/// A file being written. Until commit() nothing is visible under its name; without commit() nothing ever is.
/// Where the file system can (O_TMPFILE) the data has no name at all and a SIGKILL leaves nothing behind;
/// elsewhere it is a `.NAME.prorata-XXXXXXXX` beside the output, removed by the destructor.
///   existing   a file of that name is replaced, keeping its permission bits; a symbolic link is itself
///              replaced, what it points to is not touched; directories, devices, pipes are refused
///   threads    write() may be called from many threads on disjoint ranges; the rest from one
///   throws     usage_error     the output cannot be: a directory, an input, no such directory, read-only …
///              out_of_memory   the disk, a quota or the file-size limit is full; says the bytes needed
///              device_error    the disk failed; a failed fsync is never retried
class atomic_file {
 public:
  /// Opens beside `path`; reserves `bytes` on disk when given, so that a full disk is found out now.
  ///   inputs  files that are being read; the output must not be one of them, under whatever name
  explicit atomic_file(std::string path, std::optional<index_t> bytes = {},
                       std::vector<file_identity> inputs = {}, temporary_kind kind = temporary_kind::unnamed);
  atomic_file(atomic_file const&) = delete;
  atomic_file& operator=(atomic_file const&) = delete;
  ~atomic_file();

  std::string const& path() const { return path_; }
  int descriptor() const { return descriptor_; }

  /// Writes data at byte `offset`, whole, across short writes and interruptions.
  void write(index_t offset, std::span<std::byte const> data) const;

  /// Cuts or extends the file to `bytes`: for outputs whose length is known last.
  void resize(index_t bytes);

  /// fsync, close, rename, fsync of the directory. Afterwards the file is there, also after a power cut.
  void commit();

 private:
  void refuse_unusable(std::vector<file_identity> const& inputs);
  bool open_unnamed();
  void open_named();
  void reserve(index_t bytes);
  void publish();
  void discard() noexcept;
  [[noreturn]] void fail(char const* doing, int error_number, index_t bytes_needed) const;

  std::string path_;
  std::string name_;                     // last component of path_
  std::string temporary_;                // its name in the directory; empty while it has none
  std::optional<unsigned> permissions_;  // of the file that will be replaced
  index_t size_limit_ = 0;               // RLIMIT_FSIZE
  int directory_ = -1;
  int descriptor_ = -1;
  int ticket_ = -1;
};

}  // namespace prorata::io
