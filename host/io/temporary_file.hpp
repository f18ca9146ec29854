// temporary_file: data on its way to a name, which goes away with the process until it has one.
#pragma once

#include <cstddef>
#include <host/io/directory.hpp>
#include <span>
#include <string>

namespace prorata::io {

/// Where unfinished data lives. `unnamed` falls back to `named` where the file system cannot do it.
enum class temporary_kind { unnamed, named };

/// Where the file system can (O_TMPFILE) the data has no name at all and a SIGKILL leaves nothing behind;
/// elsewhere it is a `.NAME.prorata-0` (1, 2 … where others write that NAME, too) that only its owner can
/// read. One that a killed process left is known by its lock, which is gone: the next to write that NAME
/// removes it.
///   threads  write() and read() may be called from many threads; the rest from one
///   throws   usage_error (not permitted, read-only …), out_of_memory (the disk, a quota or the file-size limit
///            is full; says the bytes needed), device_error
class temporary_file {
 public:
  /// Opens one in `folder`, which outlives it, for an output that is called `name`.
  ///   path  what messages call it
  temporary_file(directory const& folder, std::string name, std::string path, temporary_kind kind);
  /// Opens one that another process has made, and looks after: its name there.
  temporary_file(directory const& folder, std::string const& made, std::string path);
  temporary_file(temporary_file const&) = delete;
  temporary_file& operator=(temporary_file const&) = delete;
  ~temporary_file();

  int descriptor() const { return descriptor_; }
  std::string const& path() const { return path_; }
  /// Its name in the folder; empty while it has none.
  std::string const& name() const { return temporary_; }
  /// The permission bits that a new file has here.
  unsigned usual_permissions() const { return usual_permissions_; }

  /// Writes data at byte `offset`, whole, across short writes and interruptions.
  void write(index_t offset, std::span<std::byte const> data) const;

  /// Fills `into` with what was written at byte `offset`.
  void read(index_t offset, std::span<std::byte> into) const;

  /// Whether this process has made it.
  bool is_ours() const { return !name_.empty(); }

  /// Takes the disk space of `bytes` in advance, after require_room(); of another's file, that other does it.
  void reserve(index_t bytes);

  /// Asks whether the disk has so much left, so that a file which does not fit takes nothing from others.
  void require_room(index_t bytes) const;

  /// Cuts or extends the file to `bytes`.
  void resize(index_t bytes);

  /// Gives it a name where it has none. Signals are to be deferred meanwhile, by emergency::deferral.
  void give_name();
  /// Takes the name away; the data stays while it is open.
  void take_name() noexcept;
  /// Says that the name is another's now, who renames or removes it.
  void leave_name() noexcept;

 private:
  bool open_unnamed();
  void open_named();
  bool open_as(std::string const& name);
  bool remove_dead(std::string const& name) const;

  directory const& folder_;
  std::string name_, path_, temporary_;
  unsigned usual_permissions_ = 0600;
  index_t size_limit_ = 0;  // RLIMIT_FSIZE
  int descriptor_ = -1;
  int ticket_ = -1;
};

}  // namespace prorata::io
