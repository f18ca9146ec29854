// metrics_server: figures of a running job, for Prometheus to fetch.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace prorata::feeds {

/// Answers GET /metrics (and GET /) with a text, one guest at a time, on a thread of its own, while it lives.
class metrics_server {
 public:
  /// place    "PORT" or "HOST:PORT"; without a host 127.0.0.1, so that only this machine is answered
  /// text     what to say; called on the server's thread
  ///   throws  usage_error: no place at all; communication_error: no such place, or somebody else is there
  metrics_server(std::string const& place, std::function<std::string()> text);
  ~metrics_server();
  metrics_server(metrics_server const&) = delete;
  metrics_server& operator=(metrics_server const&) = delete;

 private:
  void serve();
  void answer(int guest) const;
  void close_all() noexcept;

  std::function<std::string()> text_;
  int listening_ = -1, stop_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace prorata::feeds
