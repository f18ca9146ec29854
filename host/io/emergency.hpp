// emergency: what has to be known when a signal ends the process: temporary outputs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace prorata::io::emergency {

/// Notes that the file `name` in the open directory `directory` goes away with the process.
int watch_temporary(int directory, std::string const& name) noexcept;
void forget_temporary(int ticket) noexcept;

/// Unlinks every noted temporary file. Safe inside a signal handler.
void remove_temporaries() noexcept;

/// For programs: SIGINT, SIGTERM and SIGHUP remove temporary files before they end the process as usual; those
/// that are ignored stay ignored. SIGXFSZ and SIGPIPE are ignored, so that writing fails with an error instead.
void install_termination_guard() noexcept;

/// For programs: where memory runs out and nothing can unwind, as in a destructor, temporary files are removed, a line
/// is written, and the process ends with code 5. Every other reason to terminate does what it did.
void install_memory_guard() noexcept;

/// Says what the process is at, for the line that an interruption writes: "prorata: interrupted in WHAT". Empty: such a
/// line is not written. One thread at a time.
void doing(std::string_view what) noexcept;

/// Removes temporary files and ends the process by this signal, as it would have been without a handler.
void end_by(int signal) noexcept;

/// While one lives, those signals wait: for the moments between making a file and noting it, and while outputs are
/// given their names. The same signal a second time ends the process at once.
class deferral {
 public:
  deferral() noexcept;
  deferral(deferral const&) = delete;
  deferral& operator=(deferral const&) = delete;
  /// Ends the process where a signal came meanwhile.
  ~deferral();

  /// Says that all is done: a signal that came meanwhile came too late, as after the process.
  void done() noexcept { done_ = true; }

 private:
  bool done_ = false;
};

}  // namespace prorata::io::emergency
