// peers: the other processes of a job, as its files see them.
#pragma once

#include <functional>
#include <string>

namespace prorata::io {

/// Processes that read the same files and write the same outputs. All of them make the same calls in the same order.
class peers {
 public:
  virtual ~peers() = default;
  /// Whether this process is the first of them: it makes files, and names them.
  virtual bool first() const = 0;
  /// Runs work(), and returns when every process has. Where it throws in one of them, every process throws what the
  /// first of those threw.
  virtual void together(std::function<void()> const& work) const = 0;
  /// What the first process says.
  virtual std::string from_first(std::string const& mine) const = 0;
};

}  // namespace prorata::io
