// Statistics of a file in the page cache against statistics of the same numbers in memory.
#include <unistd.h>

#include <bench/ceilings.hpp>
#include <bench/oracle.hpp>
#include <bench/settings.hpp>
#include <cstdlib>
#include <fstream>
#include <host/io/npy.hpp>
#include <memory>
#include <prorata/file_array.hpp>
#include <prorata/reduce.hpp>

namespace prorata::bench {
namespace {

/// A file that holds x and goes away with the contest.
class scratch_file {
 public:
  scratch_file(std::string const& folder, std::string const& header, std::span<char const> content)
      : path_(folder + "/prorata-bench-XXXXXX") {
    int const descriptor = mkstemp(path_.data());
    if (descriptor < 0) throw input_error(folder + ": cannot make a file here; name another --folder");
    close(descriptor);
    std::ofstream file(path_, std::ios::binary);
    file.write(header.data(), static_cast<std::streamsize>(header.size()));
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.flush();
    if (!file) throw out_of_memory(path_ + ": not enough room; name another --folder");
  }
  ~scratch_file() { unlink(path_.c_str()); }
  scratch_file(scratch_file const&) = delete;
  scratch_file& operator=(scratch_file const&) = delete;
  std::string const& path() const { return path_; }

 private:
  std::string path_;
};

template <class T>
contest file_contest(hall& h) {
  auto const a = h.borrowed<T>(arrays::x);
  index_t const n = a->size();
  statistics_oracle<T> const judge(h.memory.fill<T>(), n);
  auto const file = std::make_shared<scratch_file>(h.told.folder, io::npy_header(io::dtype_of<T>, {n}),
                                                   h.memory.get<char>(arrays::x));
  auto const opened = std::make_shared<file_array<T>>(open<T>(file->path(), a->team()));
  contest c{h.memory.bytes(), {}, {{"in memory", 0.8}}};
  c.contestants.push_back(entry(
      "prorata, file", role::ours, [file, opened] { return statistics(*opened); }, judge));
  c.contestants.push_back(entry(
      "in memory", role::yardstick, [=] { return statistics(*a); }, judge));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

}  // namespace

void add_out_of_core(hall& h) {
  h.add("out of core/statistics/f32", [&h] { return file_contest<float>(h); });
  h.add("out of core/statistics/f64", [&h] { return file_contest<double>(h); });
}

}  // namespace prorata::bench
