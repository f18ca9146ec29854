// input_file: a regular file opened for reading, read exactly.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <prorata/config.hpp>
#include <span>
#include <string>

namespace prorata::io {

/// Which file it is, whatever it is called.
struct file_identity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(file_identity const&, file_identity const&) = default;
};

/// An open regular file; job_files::read opens it. Directories, pipes, sockets and devices are refused before
/// they are opened.
///   threads  read() may be called from many threads
///   throws   input_error: one line with the path and the system's reason
class input_file {
 public:
  /// Of a file that is open, and known by `path`; the descriptor is duplicated.
  input_file(int descriptor, std::string path);
  input_file(input_file&& other) noexcept;
  input_file& operator=(input_file&& other) noexcept;
  ~input_file();

  std::string const& path() const { return path_; }
  index_t size() const { return size_; }  ///< bytes, when it was opened
  int descriptor() const { return descriptor_; }
  file_identity identity() const { return identity_; }

  /// Fills `into` from byte `offset` on, across short reads and interruptions.
  ///   throws  input_error when the file is shorter than it was, or the disk fails
  void read(index_t offset, std::span<std::byte> into) const;

  /// Says that [offset, offset + bytes) will be read soon: unless its ends are in the page cache, the disk begins.
  void announce(index_t offset, index_t bytes) const noexcept;

  /// Compares the file with what was opened. The time of its last change of any kind is looked at, which,
  /// unlike the time of modification, nobody can set back.
  ///   throws  input_error when it was written to, truncated, or its size is another
  void check_unchanged() const;

  /// What tells it from other files of that name, and from itself after a change, the same on every machine that has
  /// the file system: for processes to compare.
  std::string version() const;

 private:
  friend class job_files;
  explicit input_file(std::string path);
  void note(struct stat const& status);

  std::string path_;
  index_t size_ = 0;
  int descriptor_ = -1;
  file_identity identity_;
  timespec changed_{};
};

}  // namespace prorata::io
