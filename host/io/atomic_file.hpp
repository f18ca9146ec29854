// atomic_file: an output that appears under its name whole, or not at all.
#pragma once

#include <cstddef>
#include <host/io/output_place.hpp>
#include <host/io/temporary_file.hpp>
#include <prorata/error.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace prorata::io {

/// An output being written: job_files::write makes it and job_files::publish gives it its name. Until then nothing
/// is visible under that name; without it nothing ever is.
///   existing   a file of that name is replaced, keeping its permission bits; a symbolic link is itself
///              replaced, what it points to is not touched; directories, devices, pipes are refused
///   threads    write() may be called from many threads on disjoint ranges; the rest from one
///   throws     as output_place, temporary_file
class atomic_file {
 public:
  std::string const& path() const { return place_.path(); }
  int descriptor() const { return data_.descriptor(); }

  /// Writes all of a file of text.
  void write_text(std::string_view text) const { write(0, std::as_bytes(std::span(text))); }
  /// Writes data at byte `offset`, whole, across short writes and interruptions.
  void write(index_t offset, std::span<std::byte const> data) const {
    require(!prepared_, "an output is not written to once it is on disk");
    data_.write(offset, data);
  }

  /// Reads back what was written there, whole.
  ///   throws  device_error when the disk failed, or there are fewer bytes
  void read(index_t offset, std::span<std::byte> into) const { data_.read(offset, into); }

  /// Cuts or extends the file to `bytes`: for outputs whose length is known last.
  void resize(index_t bytes) { data_.resize(bytes); }

 private:
  friend class job_files;
  atomic_file(output_place place, temporary_kind kind)
      : place_(std::move(place)), data_(place_.folder(), place_.name(), place_.path(), kind) {}
  /// One that another process makes under that name.
  atomic_file(output_place place, std::string const& made)
      : place_(std::move(place)), data_(place_.folder(), made, place_.path()) {}

  /// Its permissions are set and its data is on disk: nothing is left but its name.
  void prepare();

  output_place place_;
  temporary_file data_;
  bool prepared_ = false;
};

}  // namespace prorata::io
