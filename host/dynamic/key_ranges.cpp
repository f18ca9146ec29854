// A sample of the file gives the splitters; a second look counts.
#include <host/dynamic/shares.hpp>
#include <host/io/decoded.hpp>
#include <host/io/file_window.hpp>
#include <host/parallel.hpp>
#include <mutex>
#include <prorata/distribute.hpp>

namespace prorata::dynamic {

namespace {

template <class T>
key_ranges<T> ranges_of_file(io::file_column const& keys, std::vector<double> const& weights) {
  std::vector<T> sample;
  index_t const stride = detail::sample_stride(keys.count(), splitter_sample);
  for (index_t i = 0; i < keys.count(); i += stride)
    keys.read(i, i + 1, reinterpret_cast<std::byte*>(&sample.emplace_back()));
  return detail::ranges_of(std::move(sample), weights);
}

template <class T>
std::vector<index_t> count_ranges(io::file_column const& keys, std::vector<T> const& splitters) {
  detail::by_splitter<T> const rank_of{splitters.data(), static_cast<index_t>(splitters.size())};
  io::decoded<T> const elements(keys.array());
  std::vector<index_t> counts(splitters.size() + 1);
  std::mutex adding;
  constexpr index_t grain = 128 * tile;
  index_t const n = keys.count();
  host::for_each_block((n + grain - 1) / grain, [&](index_t k) {
    std::vector<index_t> mine(counts.size());
    index_t const first = k * grain;
    io::each_window(keys, first, std::min(first + grain, n),
                    [&](std::byte const* stored, index_t, index_t count) {
                      alignas(64) T room[tile];
                      for (index_t at = 0; at < count; at += tile) {
                        index_t const some = std::min(tile, count - at);
                        T const* const x = elements.of(stored + at * index_t{sizeof(T)}, some, room);
                        for (index_t i = 0; i < some; ++i) ++mine[static_cast<std::size_t>(rank_of(x[i], 0))];
                      }
                    });
    std::lock_guard const lock(adding);
    for (std::size_t r = 0; r < mine.size(); ++r) counts[r] += mine[r];
  });
  return counts;
}

}  // namespace

shares shares_by_value(io::file_column const& keys, std::vector<double> const& weights) {
  return io::visit(keys.array().type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto const [splitters, owners] = ranges_of_file<T>(keys, weights);
    auto const counts = count_ranges(keys, splitters);
    shares s;
    s.counts.assign(weights.size(), 0);
    for (std::size_t k = 0; k < owners.size(); ++k) s.counts[static_cast<std::size_t>(owners[k])] = counts[k];
    keys.file().check_unchanged();
    s.loads.assign(s.counts.begin(), s.counts.end());
    for (std::size_t r = 1; r < weights.size(); ++r) {
      auto const next = static_cast<std::size_t>(
          std::lower_bound(owners.begin(), owners.end(), static_cast<int>(r)) - owners.begin());
      if (next == owners.size())
        s.splitters.push_back({});
      else
        s.splitters.push_back(number_of(next == 0 ? total_order<T>().value(0) : splitters[next - 1]));
    }
    s.rule = "rank r has the keys from its own on and below the next rank's: quantiles of one element in " +
             std::to_string(detail::sample_stride(keys.count(), splitter_sample));
    return s;
  });
}

}  // namespace prorata::dynamic
