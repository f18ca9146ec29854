// file_output: the .npy file that one verb writes, which appears when it is whole.
#pragma once

#include <host/io/array_sink.hpp>
#include <host/io/file_column.hpp>
#include <host/io/job_files.hpp>
#include <host/run/processes.hpp>
#include <optional>
#include <string>
#include <vector>

namespace prorata::host {

class file_output {
 public:
  /// Begins a file that is none of those that are read.
  ///   of      who writes it: they outlive it, and all of them make the same calls
  ///   throws  usage_error (no such folder; it is one of the inputs …), out_of_memory (the disk has no room)
  file_output(std::string const& path, std::vector<io::file_column const*> const& read,
              processes const& of = processes::one());

  /// Says what the array is: once, before its elements are written. Its disk space is taken.
  io::array_sink const& begin(io::dtype type, std::vector<index_t> const& shape);

  /// The same where the number of elements is known last: finish() of what is returned says it.
  io::array_sink& begin_growing(io::dtype type) {
    return sink_.emplace(*file_, type, std::vector<index_t>{0});
  }

  /// Gives the file its name; it is on disk afterwards.
  void publish() { files_.publish(); }

 private:
  io::job_files files_;
  io::atomic_file* file_;
  std::optional<io::array_sink> sink_;
};

}  // namespace prorata::host
