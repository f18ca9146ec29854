// chunk_turns: whose chunk a device does next, where several jobs share it.
#pragma once

#include <memory>
#include <prorata/config.hpp>

namespace prorata::host {

/// A chunk's turn on a device. It ends with this object at the latest: whatever becomes of the work.
class chunk_turn {
 public:
  virtual ~chunk_turn() = default;
  /// Until the device is the chunk's. From the thread that does the work.
  virtual void wait() = 0;
};

/// What a job asks before its chunks. From the threads of all ranks; a rank has one chunk that waits, or is done.
class chunk_turns {
 public:
  virtual ~chunk_turns() = default;
  /// The next chunk of a rank of this process stands in line, and then the rank's turn ends, if it has one, in one
  /// step: so a job that has more to do is never away.
  virtual std::shared_ptr<chunk_turn> offer(int local_rank, index_t bytes) = 0;
};

}  // namespace prorata::host
