// A connection, made.
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <host/feeds/tcp.hpp>
#include <host/io/system_error.hpp>
#include <prorata/error.hpp>

namespace prorata::feeds {

namespace {

constexpr int connect_milliseconds = 10'000;

/// A connected socket, or −1 and the reason.
int connect_to(addrinfo const& place, int& reason) {
  int const made =
      ::socket(place.ai_family, place.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, place.ai_protocol);
  reason = errno;
  if (made < 0) return -1;
  int result = ::connect(made, place.ai_addr, place.ai_addrlen);
  reason = errno;
  if (result != 0 && reason == EINPROGRESS) {
    pollfd about{made, POLLOUT, 0};
    int ready;
    do { ready = ::poll(&about, 1, connect_milliseconds); } while (ready < 0 && errno == EINTR);
    socklen_t size = sizeof reason;
    reason = ETIMEDOUT;
    if (ready > 0) ::getsockopt(made, SOL_SOCKET, SO_ERROR, &reason, &size);
    result = reason == 0 ? 0 : -1;
  }
  if (result != 0) {
    ::close(made);
    return -1;
  }
  ::fcntl(made, F_SETFL, 0);  // it waits from here on
  int const on = 1, idle = 60;
  ::setsockopt(made, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);  // who is gone without a word is found out
  ::setsockopt(made, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  return made;
}

class socket_of {
 public:
  explicit socket_of(address const& where, std::string const& name) {
    addrinfo wanted{}, *places = nullptr;
    wanted.ai_socktype = SOCK_STREAM;
    if (int const error = ::getaddrinfo(where.host.c_str(), where.port.c_str(), &wanted, &places))
      throw communication_error(
          name + ": cannot find the host: " +
          (error == EAI_SYSTEM ? "the system does not say why" : ::gai_strerror(error)));
    int reason = 0;
    for (addrinfo const* place = places; place != nullptr && descriptor < 0; place = place->ai_next)
      descriptor = connect_to(*place, reason);
    ::freeaddrinfo(places);
    if (descriptor < 0) throw communication_error(io::system_message(name, "connect", reason));
  }
  socket_of(socket_of const&) = delete;
  socket_of& operator=(socket_of const&) = delete;
  ~socket_of() { ::close(descriptor); }
  int descriptor = -1;
};

std::string name_of(address const& where) {
  bool const is_ip6 = where.host.find(':') != where.host.npos;
  return "tcp://" + (is_ip6 ? "[" + where.host + "]" : where.host) + ":" + where.port;
}

class source : private socket_of, public events::pipe_source {
 public:
  source(address const& where, events::text_form form, index_t block_bytes, events::read_until until)
      : socket_of(where, name_of(where)), pipe_source(descriptor, name_of(where), form, block_bytes, until) {}

 private:
  [[noreturn]] void fail(int error_number) const override {
    throw communication_error(io::system_message(name(), "read", error_number));
  }
};

}  // namespace

std::unique_ptr<events::block_source> tcp_source(address const& where, events::text_form form,
                                                 index_t block_bytes, events::read_until until) {
  return std::make_unique<source>(where, form, block_bytes, until);
}

}  // namespace prorata::feeds
