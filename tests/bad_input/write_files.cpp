// Writes every bad input into a directory, with a list of what must be said about each:  write_files
// DIRECTORY
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "npy_cases.hpp"

namespace {

namespace fs = std::filesystem;

void write(fs::path const& path, std::string const& contents) {
  std::ofstream(path, std::ios::binary).write(contents.data(), static_cast<std::streamsize>(contents.size()));
}

}  // namespace

// cases.tsv holds one line per file: its name, a tab, and part of the message ("" when the file must load).
int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: write_files DIRECTORY\n"), 2;
  fs::path const directory = argv[1];
  fs::create_directories(directory);
  std::ofstream list(directory / "cases.tsv");
  for (auto const& one : prorata::bad_input::npy_cases()) {
    write(directory / (one.name + ".npy"), one.contents);
    list << one.name << ".npy\t" << one.reason << "\n";
  }
  // 19: a legal header before 8 TiB of nothing. It has to be streamed; few bytes of disk are used.
  std::string const sparse = prorata::bad_input::npy(prorata::bad_input::with_shape("(1099511627776,)"));
  write(directory / "19_sparse_8_tib.npy", sparse);
  if (::truncate((directory / "19_sparse_8_tib.npy").c_str(),
                 static_cast<off_t>(sparse.size()) + (1LL << 43)) == 0)
    list << "19_sparse_8_tib.npy\t\n";
  else
    fs::remove(directory / "19_sparse_8_tib.npy");

  // 38, 39, 42: things that are not files, and names that are not nice.
  fs::create_directory(directory / "38_directory.npy");
  list << "38_directory.npy\tit is a directory\n";
  if (::mkfifo((directory / "38_fifo.npy").c_str(), 0600) == 0) list << "38_fifo.npy\tit is a pipe\n";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string const socket_path = (directory / "38_socket.npy").string();
  int const descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (socket_path.size() < sizeof address.sun_path) {
    std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
    if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
      list << "38_socket.npy\tit is a socket\n";
  }
  ::close(descriptor);
  std::error_code ignored;
  fs::create_symlink("39_loop.npy", directory / "39_loop.npy", ignored);
  list << "39_loop.npy\tToo many levels of symbolic links\n";
  fs::create_symlink("nowhere", directory / "39_dangling.npy", ignored);
  list << "39_dangling.npy\tNo such file or directory\n";
  list << "39_missing.npy\tNo such file or directory\n";
  list << std::string(256, 'n') << "\tFile name too long\n";
  for (std::string const name : {"42_percent_%s%n.npy", "42_--flag.npy", "42_invalid_\xff_utf8.npy"}) {
    write(directory / name, prorata::bad_input::npy(prorata::bad_input::with_shape("(3,)"), 24));
    list << name << "\t\n";
  }
  return list.flush() ? 0 : 1;
}
