// The program `prorata`: finds the command, and turns every failure into one line and an exit code.
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <host/cli/commands.hpp>
#include <host/cli/print.hpp>
#include <host/io/emergency.hpp>
#include <host/io/printable.hpp>
#include <host/jobs/launched.hpp>
#include <new>
#include <prorata/error.hpp>
#include <system_error>

namespace {

using namespace prorata;

/// Descriptors 0 to 2 that are closed are opened on /dev/null: else an output would get their number, and what is
/// said on standard error would be written into it.
void open_missing_streams() {
  for (int stream = 0; stream <= 2; ++stream)
    if (fcntl(stream, F_GETFD) < 0) static_cast<void>(open("/dev/null", O_RDWR));
}

/// What the shell is told: 0 ok, 2 usage, 3 bad input, 4 device, 5 memory or disk, 6 infeasible. Takes no memory:
/// there may be none. Where the line cannot be written, the code must do.
int fail(int code, char const* what) {
  char line[4096] = "prorata: ";
  std::size_t size = std::strlen(line);
  for (; *what != '\0' && size + 1 < sizeof line; ++what)  // what users typed in it is already printable
    line[size++] = *what == '\n' ? ' ' : *what;
  line[size++] = '\n';
  for (std::size_t done = 0; done < size;) {
    ssize_t const written = write(STDERR_FILENO, line + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  return code;
}

void run(std::string const& name, cli::arguments const& args, io::job_files& files) {
  for (auto const& a : args) {
    if (a == "--") break;
    if (a == "--help" || a == "-h") return cli::print("{}", cli::help_text(name));
  }
  std::string const wanted = name == "--version" || name == "-V" ? "version"
                             : name == "--help" || name == "-h"  ? "help"
                                                                 : name;
  std::string names;
  for (auto const& command : cli::commands()) {
    if (wanted == command.name) {
      cli::command_line line(wanted, args);
      return command.run(line, files);
    }
    names += std::string(names.empty() ? "" : " ") + command.name;
  }
  throw usage_error("unknown command '" + io::printable(name, 60) + "'; there are " + names);
}

/// Without memory for an exception, nothing can be said later on.
void require_memory_to_begin() {
  constexpr char line[] = "prorata: out of memory; raise the limit of memory\n";
  void* const some = std::malloc(std::size_t{1} << 20);
  if (some == nullptr) {
    [[maybe_unused]] ssize_t const written = ::write(STDERR_FILENO, line, sizeof line - 1);
    ::_exit(5);
  }
  std::free(some);
}

/// Threads get at least 2 MiB of stack, also where the shell allows less (ulimit -s).
void give_threads_enough_stack() {
  pthread_attr_t attributes;
  std::size_t size = 0;
  constexpr std::size_t enough = std::size_t{2} << 20;
  if (pthread_getattr_default_np(&attributes) != 0) return;
  if (pthread_attr_getstacksize(&attributes, &size) == 0 && size < enough &&
      pthread_attr_setstacksize(&attributes, enough) == 0)
    pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

/// What the shell is told of a failure, and by which line.
int report(std::exception_ptr const& failure) {
  auto const said = [](int code, char const* what) {
    return jobs::all_processes().first() ? fail(code, what) : code;
  };
  try {
    std::rethrow_exception(failure);
  } catch (usage_error const& e) { return said(2, e.what()); } catch (input_error const& e) {
    return said(3, e.what());
  } catch (out_of_memory const& e) { return said(5, e.what()); } catch (infeasible const& e) {
    return said(6, e.what());
  } catch (device_error const& e) { return said(4, e.what()); } catch (communication_error const& e) {
    return said(4, e.what());
  } catch (std::bad_alloc const&) {
    return said(5, "out of memory; lower --memory or --chunk");
  } catch (std::system_error const& e) {  // of threads: there are too many
    return said(e.code() == std::errc::resource_unavailable_try_again ? 5 : 4, e.what());
  } catch (std::exception const& e) { return said(4, e.what()); }
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_streams();
  require_memory_to_begin();
  give_threads_enough_stack();
  io::emergency::install_termination_guard();
  io::emergency::install_memory_guard();
  cli::bound_heap();
  try {
    cli::note_words(argc, argv);
    if (argc < 2) return fail(2, "name a command, as in: prorata stats x.npy; prorata help lists them");
    jobs::join_processes();
    auto const& all = jobs::all_processes();
    io::job_files files(all.alone() ? nullptr : &all);
    files.note_standard_streams();
    run(argv[1], {argv + 2, argv + argc}, files);
    files.prepare();
    all.together([] { cli::print_all_but_the_end(); });
    files.publish();
    all.together([] {
      cli::print_the_end();
      cli::print_notes();
    });
    return 0;
  } catch (...) {
    auto const failure = std::current_exception();
    io::emergency::doing("");  // a launcher interrupts those that are not as fast to leave
    jobs::all_processes().give_up(failure);
    return report(failure);
  }
}
