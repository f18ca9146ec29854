// Statistics of a file in the page cache against statistics of the same numbers in memory.
#include <unistd.h>

#include <bench/ceilings.hpp>
#include <bench/oracle.hpp>
#include <bench/settings.hpp>
#include <cstdlib>
#include <fstream>
#include <host/io/job_files.hpp>
#include <memory>
#include <prorata/reduce.hpp>

namespace prorata::bench {
namespace {

/// A file that holds x and goes away with the contest.
class scratch_file {
 public:
  scratch_file(std::string const& folder, std::span<char const> content)
      : path_(folder + "/prorata-bench-XXXXXX") {
    int const descriptor = mkstemp(path_.data());
    if (descriptor < 0) throw input_error(folder + ": cannot make a file here; name another --folder");
    close(descriptor);
    std::ofstream file(path_, std::ios::binary);
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

/// One chunk after another is mapped by all threads, folded, and let go; the partial results are joined.
template <class T>
summary<T> statistics_of_file(std::string const& path, host::stream& s, index_t n) {
  using reduction = statistics_reduction<T>;
  constexpr index_t chunk = 16384 * tile / static_cast<index_t>(sizeof(T));
  constexpr index_t grain = host::reduce_grain;
  io::input_file const file = io::job_files().read(path);
  io::mapping const bytes = file.map(0, n * static_cast<index_t>(sizeof(T)));
  auto const* const x = reinterpret_cast<T const*>(bytes.data());

  std::vector<piece> pieces;
  std::vector<std::size_t> offsets{0};
  for (index_t begin = 0; begin < n; begin += chunk) {
    pieces.push_back({begin, std::min(begin + chunk, n), n});
    offsets.push_back(offsets.back() +
                      static_cast<std::size_t>((reduction::bytes(pieces.back()) + 63) / 64 * 64));
  }
  auto const partial = std::make_unique_for_overwrite<std::byte[]>(offsets.back());
  for (std::size_t k = 0; k < pieces.size(); ++k) {
    piece const p = pieces[k];
    s.enqueue([&s, &bytes, p] {
      s.parallel((p.end - p.begin + grain - 1) / grain, [&](index_t part) {
        index_t const begin = p.begin + part * grain, end = std::min(begin + grain, p.end);
        bytes.populate(begin * static_cast<index_t>(sizeof(T)),
                       (end - begin) * static_cast<index_t>(sizeof(T)));
      });
    });
    host::reduce_piece(s, reduction{}, p, element_load<identity, T>(identity{}, 0, x),
                       partial.get() + offsets[k]);
  }
  auto const whole =
      std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(reduction::bytes({0, n, n})));
  typename reduction::result_type result;
  host::reduce_join(s, reduction{}, pieces, partial.get(), whole.get());
  host::reduce_finish(s, reduction{}, n, whole.get(), &result);
  s.sync();
  return summary_of<T>(n, result);
}

template <class T>
contest file_contest(hall& h) {
  auto const a = h.borrowed<T>(arrays::x);
  index_t const n = a->size();
  statistics_oracle<T> const judge(h.memory.fill<T>(), n);
  auto const file = std::make_shared<scratch_file>(h.told.folder, h.memory.get<char>(arrays::x));
  contest c{h.memory.bytes(), {}, {{"in memory", 0.8}}};
  c.contestants.push_back(entry(
      "prorata, file", role::ours,
      [file, a, n] { return statistics_of_file<T>(file->path(), a->team().streams()[0], n); }, judge));
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
