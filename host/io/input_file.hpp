// input_file: a regular file opened for reading, read exactly or mapped.
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

/// A read-only view of part of a file. Should another process truncate the file, touching the missing pages
/// raises SIGBUS; `emergency::install_sigbus_guard` turns that into a message and an exit code.
class mapping {
 public:
  mapping() = default;
  mapping(mapping&& other) noexcept;
  mapping& operator=(mapping&& other) noexcept;
  ~mapping();

  std::byte const* data() const { return data_; }
  index_t size() const { return size_; }
  std::span<std::byte const> bytes() const { return {data_, static_cast<std::size_t>(size_)}; }

  /// Maps the pages of [offset, offset + bytes) in one system call instead of one fault per few pages. Call
  /// it for each chunk just before the chunk is read. A kernel that lacks the call leaves it to faults.
  ///   throws  input_error when the file lost those pages or the disk cannot deliver them
  void populate(index_t offset, index_t bytes) const;

  /// Says that [offset, offset + bytes) will not be read again; the page cache keeps it.
  void release(index_t offset, index_t bytes) const noexcept;

 private:
  friend class input_file;
  void* base_ = nullptr;  // page-aligned
  std::size_t length_ = 0;
  std::byte const* data_ = nullptr;
  index_t size_ = 0;
  index_t file_offset_ = 0;
  std::string path_;
  int guard_ = -1;
};

/// An open regular file; job_files::read opens it. Directories, pipes, sockets and devices are refused before
/// they are opened.
///   threads  read() and map() may be called from many threads
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

  /// Maps [offset, offset + bytes), which need not be aligned. The file may be closed afterwards.
  mapping map(index_t offset, index_t bytes) const;

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
