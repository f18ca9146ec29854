// HTTP, as much of it as one GET needs.
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <host/feeds/address.hpp>
#include <host/feeds/metrics_server.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <new>
#include <prorata/error.hpp>

namespace prorata::feeds {

namespace {

constexpr auto patience = std::chrono::seconds(2);  // for a guest
constexpr std::size_t longest_request = 8192;

std::string response(char const* status, std::string const& body) {
  return std::string("HTTP/1.1 ") + status +
         "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

int listen_at(address const& place, std::string const& name) {
  addrinfo wanted{}, *places = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  if (int const error = ::getaddrinfo(place.host.c_str(), place.port.c_str(), &wanted, &places))
    throw communication_error(name + ": cannot find the host: " + ::gai_strerror(error));
  int reason = 0, found = -1;
  for (addrinfo const* p = places; p != nullptr && found < 0; p = p->ai_next) {
    found = ::socket(p->ai_family, p->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, p->ai_protocol);
    int const on = 1;
    if (found >= 0) ::setsockopt(found, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (found >= 0 && ::bind(found, p->ai_addr, p->ai_addrlen) == 0 && ::listen(found, 8) == 0) break;
    reason = errno;
    if (found >= 0) ::close(found);
    found = -1;
  }
  ::freeaddrinfo(places);
  if (found < 0) throw communication_error(io::system_message(name, "listen", reason));
  return found;
}

}  // namespace

metrics_server::metrics_server(std::string const& place, std::function<std::string()> text)
    : text_(std::move(text)) {
  std::string const name = "--metrics " + io::printable(place, 100);
  address where;
  try {
    where = parse_address("tcp://" + (place.find(':') == place.npos ? "127.0.0.1:" + place : place));
  } catch (usage_error const&) { refuse(name + ": expected PORT or HOST:PORT"); }
  listening_ = listen_at(where, name);
  try {
    if (::pipe(stop_) != 0) io::fail_writing("a pipe", "open", errno);
    thread_ = std::thread([this] { serve(); });
  } catch (...) {
    close_all();
    throw;
  }
}

metrics_server::~metrics_server() {
  [[maybe_unused]] ssize_t const written = ::write(stop_[1], "", 1);
  thread_.join();
  close_all();
}

void metrics_server::close_all() noexcept {
  for (int const descriptor : {listening_, stop_[0], stop_[1]})
    if (descriptor >= 0) ::close(descriptor);
}

void metrics_server::serve() {
  for (;;) {
    pollfd about[2] = {{listening_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    if (::poll(about, 2, -1) < 0 && errno != EINTR) return;
    if (about[1].revents != 0) return;
    int const guest =
        about[0].revents == 0 ? -1 : ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (guest < 0) {  // gone again; or there are too many open files, and there would be at once again
      if (about[0].revents != 0 && errno != EAGAIN && errno != ECONNABORTED) ::poll(&about[1], 1, 100);
      continue;
    }
    try {
      answer(guest);
    } catch (std::bad_alloc const&) {}  // the guest gets nothing; the job goes on
    ::close(guest);
  }
}

void metrics_server::answer(int guest) const {
  auto const end = std::chrono::steady_clock::now() + patience;
  auto const wait_for = [&](short what) {
    auto const left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd about[2] = {{guest, what, 0}, {stop_[0], POLLIN, 0}};
    return left.count() > 0 && ::poll(about, 2, static_cast<int>(left.count())) > 0 && about[1].revents == 0;
  };
  std::string request;
  while (request.find("\r\n\r\n") == request.npos && request.size() < longest_request) {
    char part[1024];
    if (!wait_for(POLLIN)) return;
    ssize_t const got = ::recv(guest, part, sizeof part, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
    if (got > 0) request.append(part, static_cast<std::size_t>(got));
  }
  std::string const first = request.substr(0, request.find("\r\n"));
  std::string said;
  if (!first.starts_with("GET "))
    said = response("405 Method Not Allowed", "GET /metrics\n");
  else if (first.starts_with("GET /metrics ") || first.starts_with("GET / "))
    said = response("200 OK", text_());
  else
    said = response("404 Not Found", "GET /metrics\n");
  for (std::size_t at = 0; at < said.size();) {
    if (!wait_for(POLLOUT)) return;
    ssize_t const sent = ::send(guest, said.data() + at, said.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
    if (sent > 0) at += static_cast<std::size_t>(sent);
  }
}

}  // namespace prorata::feeds
