// A fixed table that signal handlers may read, and the handlers.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <host/io/emergency.hpp>
#include <host/io/printable.hpp>
#include <new>

namespace prorata::io::emergency {

namespace {

constexpr int slots = 256;
enum state : int { unused, being_written, ready };

struct watched_temporary {
  std::atomic<int> state{unused};
  int directory;
  char name[256];
};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

watched_temporary temporaries[slots];

std::atomic<int> deferrals{0};      // that live
std::atomic<int> waiting{0};        // the signal that came meanwhile
std::atomic<bool> ending{false};    // a handler decides, or has decided, to end the process
std::atomic<bool> reported{false};  // of several threads that cannot go on, one says so

// Two, so that a handler never reads the one that is being written.
struct line {
  std::size_t size = 0;
  char text[200];
};
line interrupted[2];
std::atomic<int> current_line{-1};

template <class Slot>
int claim(Slot (&table)[slots]) {
  for (int i = 0; i < slots; ++i) {
    int expected = unused;
    if (table[i].state.compare_exchange_strong(expected, being_written, std::memory_order_acquire)) return i;
  }
  return -1;
}

std::terminate_handler unexpected_end = nullptr;  // what was to happen without the guard

void on_terminate() {
  if (std::current_exception() == nullptr) unexpected_end();
  try {
    throw;
  } catch (std::bad_alloc const&) {
    while (reported.exchange(true)) ::pause();
    constexpr char line[] = "prorata: out of memory; lower --memory or --chunk\n";
    [[maybe_unused]] ssize_t const written = ::write(STDERR_FILENO, line, sizeof line - 1);
    // Where outputs are being given their names, their records are needed: as after SIGKILL.
    if (deferrals.load() == 0) remove_temporaries();
    ::_exit(5);
  } catch (...) {}
  unexpected_end();
}

void on_termination(int number) {
  ending.store(true);
  if (deferrals.load() == 0) return end_by(number);
  waiting.store(number);
  ending.store(false);
}

}  // namespace

int watch_temporary(int directory, std::string const& name) noexcept {
  int const ticket = name.size() < sizeof temporaries[0].name ? claim(temporaries) : -1;
  if (ticket < 0) return ticket;
  auto& slot = temporaries[ticket];
  slot.directory = directory;
  std::memcpy(slot.name, name.c_str(), name.size() + 1);
  slot.state.store(ready, std::memory_order_release);
  return ticket;
}

void forget_temporary(int ticket) noexcept {
  if (ticket >= 0) temporaries[ticket].state.store(unused, std::memory_order_release);
}

void remove_temporaries() noexcept {
  for (auto& slot : temporaries)
    if (slot.state.load(std::memory_order_acquire) == ready) ::unlinkat(slot.directory, slot.name, 0);
}

void doing(std::string_view what) noexcept {
  if (what.empty()) return current_line.store(-1, std::memory_order_release);
  constexpr std::string_view before = "prorata: interrupted in ";
  int const next = current_line.load(std::memory_order_relaxed) == 0 ? 1 : 0;
  line& to = interrupted[next];
  what = what.substr(0, sizeof to.text - before.size() - 1);
  char* end = std::copy(before.begin(), before.end(), to.text);
  end = std::copy(what.begin(), what.end(), end);
  *end++ = '\n';
  to.size = static_cast<std::size_t>(end - to.text);
  current_line.store(next, std::memory_order_release);
}

void end_by(int number) noexcept {
  int const said = current_line.load(std::memory_order_acquire);
  if (number != SIGPIPE && said >= 0) {
    [[maybe_unused]] ssize_t const written =
        ::write(STDERR_FILENO, interrupted[said].text, interrupted[said].size);
  }
  remove_temporaries();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void install_termination_guard() noexcept {
  for (int const number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = on_termination;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(number, &action, nullptr);
  }
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
}

void install_memory_guard() noexcept {
  auto const before = std::set_terminate(on_terminate);
  if (before != on_terminate) unexpected_end = before;
}

// Either a handler sees the deferral, or the deferral sees the handler and waits for the end.
deferral::deferral() noexcept {
  deferrals.fetch_add(1);
  timespec const moment{0, 1'000'000};
  while (ending.load()) ::nanosleep(&moment, nullptr);
}

deferral::~deferral() {
  if (deferrals.fetch_sub(1) > 1) return;
  int const number = waiting.exchange(0);
  if (number != 0 && !done_) end_by(number);
}

}  // namespace prorata::io::emergency
