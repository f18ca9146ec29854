// output_place: where an output will stand, and whether it can, looked at before any work.
#pragma once

#include <host/io/directory.hpp>
#include <optional>
#include <string>
#include <vector>

namespace prorata::io {

/// A name in a folder that can be given to a new file, in place of what has it now.
///   throws  usage_error    the output cannot be: a directory, a device, no such folder, read-only, immutable,
///                          another user's in a sticky folder …
///           out_of_memory  too many open files; device_error  the disk failed
class output_place {
 public:
  explicit output_place(std::string path);

  std::string const& path() const { return path_; }
  std::string const& name() const { return name_; }
  directory const& folder() const { return folder_; }

  /// Permission bits of the file that is replaced; a new file and a symbolic link have none.
  std::optional<unsigned> permissions() const { return permissions_; }

  /// The files that the name stands for now: what has it, and where a symbolic link leads.
  std::vector<file_identity> const& files() const { return files_; }

  /// Whether both are one name in one folder, however they are written.
  bool same(output_place const& other) const {
    return name_ == other.name_ && folder_.identity() == other.folder_.identity();
  }

 private:
  void look_at_what_is_there();
  void require_replaceable(unsigned owner) const;

  std::string path_, name_;
  directory folder_;
  std::optional<unsigned> permissions_;
  std::vector<file_identity> files_;
};

}  // namespace prorata::io
