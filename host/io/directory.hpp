// directory: an open folder, which outputs are made, named and found in.
#pragma once

#include <host/io/input_file.hpp>
#include <string>

namespace prorata::io {

/// A path as the folder it is in ("." where it names none) and the name there, which may be empty.
struct path_parts {
  std::string folder, name;
};
path_parts split_path(std::string const& path);

class directory {
 public:
  /// Opens `folder` for the sake of the output `output`, which messages name.
  ///   throws  usage_error (there is none, not permitted …), out_of_memory (too many open files), device_error
  directory(std::string const& folder, std::string const& output);
  directory(directory&& other) noexcept;
  directory(directory const&) = delete;
  directory& operator=(directory const&) = delete;
  ~directory();

  int descriptor() const { return descriptor_; }
  /// Its path without links, for those who must find it again.
  ///   throws  device_error, out_of_memory
  std::string place() const;
  file_identity identity() const { return identity_; }

  /// Whether `name` in it is the file that is open as `descriptor`.
  bool holds(std::string const& name, int descriptor) const;

  /// Afterwards the names in it are durable.
  ///   throws  device_error
  void sync(std::string const& output) const;

 private:
  std::string folder_;
  int descriptor_ = -1;
  file_identity identity_;
};

/// ".NAME.SUFFIX", within the 255 bytes that a name may have: a long NAME is cut and told apart by a hash.
std::string name_beside(std::string const& name, std::string const& suffix);

}  // namespace prorata::io
