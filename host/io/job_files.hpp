// job_files: every file that one job reads and every file it writes, kept apart, and published as one.
#pragma once

#include <host/io/atomic_file.hpp>
#include <host/io/input_file.hpp>
#include <host/io/peers.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace prorata::io {

/// A job opens its files here, and nowhere else. No file that it reads, or has read, is ever one that it writes, nor
/// are two of its outputs one file, under whatever names or links: that is found out when the second of them is
/// opened. Outputs appear all or none, when publish() is called.
///   throws  usage_error where a file is read and written, or written twice; as input_file, output_place,
///           temporary_file
class job_files {
 public:
  job_files() = default;
  /// Of a job of several processes, which outlive it; null: there is one. Each output is one file, to which all of them
  /// write, in a folder that all of them reach. They make the same calls in the same order, and a call that fails in
  /// one of them fails in all.
  explicit job_files(peers const* others) : peers_(others) {}
  job_files(job_files const&) = delete;
  job_files& operator=(job_files const&) = delete;
  ~job_files();

  /// Notes the files that standard output and standard error go to: they are written, too.
  void note_standard_streams();

  /// Opens a file for reading. Finishes first what a killed job began with it (see commit_record).
  input_file read(std::string const& path);

  /// Notes a file that is open for reading already.
  void note_input(input_file const& file);

  /// Begins an output; the job_files own it.
  ///   bytes  its size, where it is known: the disk space is taken now
  atomic_file& write(std::string const& path, std::optional<index_t> bytes = {},
                     temporary_kind kind = temporary_kind::unnamed);

  /// Takes the disk space of `bytes` for an output in advance, so that a full disk is found out now.
  void reserve(atomic_file& output, index_t bytes);

  /// Puts the data of all outputs on disk: all of publish() that takes long. Outputs are not written to afterwards.
  ///   but  one that still is, and is prepared the next time
  void prepare(atomic_file const* but = nullptr);

  /// Gives all outputs their names. They are there afterwards, also after a power cut. A kill in between leaves a
  /// record of several outputs, and the next to open one of them here finishes the set.
  ///   throws  device_error …: no output has its name; or, as the message says, some have, and a record
  void publish();

 private:
  struct written {
    std::string name;  ///< as it was given
    std::vector<file_identity> files;
  };
  void require_not_written(file_identity const& file, std::string const& complaint) const;
  static void recover(std::string const& path);
  output_place place_for(std::string const& path);
  void add(std::string const& path, std::unique_ptr<atomic_file> output);
  void together(std::function<void()> const& work) const;
  bool first() const { return peers_ == nullptr || peers_->first(); }
  void publish_ours();

  peers const* peers_ = nullptr;
  std::vector<file_identity> read_;
  std::vector<written> written_;
  std::vector<std::unique_ptr<atomic_file>> outputs_;
  bool published_ = false;
};

}  // namespace prorata::io
