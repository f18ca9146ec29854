// A pipe that signals write to.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <host/io/stop_request.hpp>
#include <host/io/system_error.hpp>

namespace prorata::io {

namespace {

std::atomic<bool> asked = false;
int ends[2] = {-1, -1};
struct sigaction before[2];

void on_request(int number) {
  int const reason = errno;
  asked.store(true);
  [[maybe_unused]] ssize_t const written = ::write(ends[1], "", 1);
  ::sigaction(number, &before[number == SIGTERM], nullptr);
  errno = reason;
}

}  // namespace

stop_request::stop_request() {
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) fail_writing("a pipe", "open", errno);
  asked.store(false);
  for (int const number : {SIGINT, SIGTERM}) {
    auto& old = number == SIGTERM ? terminate_ : interrupt_;
    ::sigaction(number, nullptr, &old);
    before[number == SIGTERM] = old;
    if (old.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = on_request;
    ::sigaction(number, &action, nullptr);
  }
}

stop_request::~stop_request() {
  ::sigaction(SIGINT, &interrupt_, nullptr);
  ::sigaction(SIGTERM, &terminate_, nullptr);
  ::close(ends[0]);
  ::close(ends[1]);
}

bool stop_request::made() const { return asked.load(); }
int stop_request::descriptor() const { return ends[0]; }

}  // namespace prorata::io
