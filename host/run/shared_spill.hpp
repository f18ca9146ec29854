// shared_spill: what every process of a job has spilled to disk, read as one.
#pragma once

#include <host/io/spill.hpp>
#include <host/run/processes.hpp>
#include <memory>
#include <string>
#include <vector>

namespace prorata::host {

/// A spill of each process. A range holds what the first process appended to it, then what the second did, and so on.
/// The folder is one that all processes reach, and where they see at once what another has written, as POSIX has it:
/// of one machine, Lustre, GPFS; not NFS.
///   threads  append and read from many; the rest from one, in all processes in the same order
class shared_spill {
 public:
  ///   expected  bytes that this process will append, where that is known
  shared_spill(std::string folder, int ranges, index_t expected, processes const& of);

  int ranges() const { return mine_.ranges(); }
  void append(int range, std::span<std::byte const> data) { mine_.append(range, data); }

  /// When all processes have appended everything: from then on each reads what all have.
  void share();

  index_t bytes(int range) const;
  void read(int range, index_t offset, std::span<std::byte> into) const;

  /// Gives a range's place on disk back: this process's own part, or that of all, when nobody reads them any more.
  void forget_mine(int range) noexcept { mine_.forget(range); }
  void forget(int range) noexcept;

 private:
  template <class F>
  void each(F const& f) const;

  std::string folder_;
  processes const& of_;
  io::spill mine_;
  std::vector<std::unique_ptr<io::spill>> others_;  // by process; null where it is this one
};

}  // namespace prorata::host
