// spill: data that does not fit memory, kept on disk by range until its turn comes.
#pragma once

#include <cstddef>
#include <host/io/temporary_file.hpp>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace prorata::io {

/// Bytes appended to numbered ranges and read back range by range. All of it lies in one temporary file
/// without a name, which is gone with the process, however it ends.
///   threads  append() and read() may be called from many threads; what one range gets from several threads
///            at once is kept in any order, else in the order of the calls
///   throws   usage_error (no such folder, read-only …), out_of_memory (the disk is full; says the bytes
///            needed), device_error (the disk failed)
class spill {
 public:
  /// In `folder`, or here where it is empty.
  ///   expected  bytes that will be appended, where that is known: refused at once where the disk has no room
  ///   to_share  share() will be called: where a file cannot be given a name later, it keeps the one it has
  explicit spill(std::string const& folder, int ranges = 0, index_t expected = 0,
                 temporary_kind kind = temporary_kind::unnamed, bool to_share = false);

  /// What another process needs to read it, too: a name that it has from share() to take_name(), and what lies where.
  struct shared {
    struct extent {
      index_t range, place, bytes;
    };
    std::string name;
    std::vector<extent> extents;
  };
  shared share();
  void take_name() noexcept { file_.take_name(); }
  /// Another process's, to read and to forget.
  spill(std::string const& folder, int ranges, shared const& of);

  int ranges() const { return static_cast<int>(extents_.size()); }
  void append(int range, std::span<std::byte const> data);

  /// What a range holds.
  index_t bytes(int range) const;

  /// What all of it takes on disk at the moment.
  ///   throws  device_error
  index_t disk_bytes() const;

  /// Fills `into` with a range's bytes from `offset` on.
  void read(int range, index_t offset, std::span<std::byte> into) const;

  /// Gives a range's place on disk back; it is empty then.
  void forget(int range) noexcept;

 private:
  struct extent {
    index_t place, before, bytes;  // where in the file, and how many of the range's bytes come before
  };

  void add(int range, index_t place, index_t size);

  directory folder_;
  temporary_file file_;
  std::mutex mutex_;  // of end_ and of the lists
  index_t end_ = 0;
  std::vector<std::vector<extent>> extents_;
};

}  // namespace prorata::io
