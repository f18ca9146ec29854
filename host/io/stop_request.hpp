// stop_request: an interruption that asks a program to come to an end, instead of ending it.
#pragma once

#include <signal.h>

namespace prorata::io {

/// For programs: while it lives, the first SIGINT or SIGTERM is noted, and every further one does what it did before.
/// Those that are ignored stay ignored. One at a time.
class stop_request {
 public:
  ///   throws  out_of_memory: there are too many open files
  stop_request();
  stop_request(stop_request const&) = delete;
  stop_request& operator=(stop_request const&) = delete;
  ~stop_request();

  bool made() const;
  /// Becomes readable when it is made, and stays so.
  int descriptor() const;

 private:
  struct sigaction interrupt_, terminate_;
};

}  // namespace prorata::io
