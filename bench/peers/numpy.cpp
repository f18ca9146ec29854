// The pipes to the interpreter.
#include <sys/wait.h>
#include <unistd.h>

#include <bench/build_facts.hpp>
#include <bench/peers/numpy.hpp>
#include <csignal>
#include <prorata/error.hpp>
#include <sstream>

namespace prorata::bench {

numpy::numpy(arrays const& a) {
  int down[2], up[2];
  if (pipe(down) != 0 || pipe(up) != 0) return;
  std::signal(SIGPIPE, SIG_IGN);
  process_ = fork();
  if (process_ == 0) {
    dup2(down[0], STDIN_FILENO);
    dup2(up[1], STDOUT_FILENO);
    for (int end : {down[0], down[1], up[0], up[1]}) close(end);
    execl(build_facts::python, build_facts::python, build_facts::numpy_peer, nullptr);
    _exit(127);
  }
  close(down[0]);
  close(up[1]);
  to_ = fdopen(down[1], "w");
  from_ = fdopen(up[0], "r");
  for (int which : {arrays::x, arrays::y, arrays::out})
    std::fprintf(to_, "/proc/%d/fd/%d ", static_cast<int>(getpid()), a.descriptor(which));
  std::fprintf(to_, "\n");
  std::fflush(to_);
  version_ = read_line();
}

numpy::~numpy() {
  if (to_ != nullptr) std::fclose(to_);
  if (from_ != nullptr) std::fclose(from_);
  if (process_ > 0) waitpid(process_, nullptr, 0);
}

numpy::answer numpy::ask(std::string const& verb, std::string const& dtype) const {
  std::fprintf(to_, "%s %s\n", verb.c_str(), dtype.c_str());
  std::fflush(to_);
  std::istringstream line(read_line());
  std::vector<double> numbers;
  for (std::string word; line >> word;) numbers.push_back(std::stod(word));
  if (numbers.empty()) throw error("NumPy gave no answer to " + verb + " " + dtype);
  return {numbers.front(), {numbers.begin() + 1, numbers.end()}};
}

std::string numpy::read_line() const {
  std::string line;
  for (int c; (c = std::fgetc(from_)) != EOF && c != '\n';) line.push_back(static_cast<char>(c));
  return line;
}

}  // namespace prorata::bench
