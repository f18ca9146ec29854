// The elements of files for which a condition holds, written to a file: counted first, so that each has its place.
#pragma once

#include <algorithm>
#include <functional>
#include <host/io/array_sink.hpp>
#include <host/io/file_window.hpp>
#include <host/run/chunked_run.hpp>
#include <host/select.hpp>
#include <vector>

namespace prorata::host {

/// Which of n elements are kept: asked of a condition, and what it answered is remembered where memory allows.
class kept_elements {
 public:
  /// Writes one byte for each element of a piece, 1 where it is kept and 0 where it is not. From many threads.
  using condition = std::function<void(piece, unsigned char* flags)>;

  /// on_gpu: the condition as ranks with a GPU ask it; null where there are none. It outlives this.
  ///   memory  bytes: two for each 1024 elements at least; 128 more to remember what was answered
  ///   throws  out_of_memory where the places of so many elements do not fit
  kept_elements(condition ask, index_t n, index_t memory, gpu_map const* on_gpu = nullptr);

  /// Asks about all elements, once; how many are kept.
  index_t count(chunked_run& run);

  /// After that, writes the kept elements of a column, as they are stored but in this machine's byte order, or their
  /// indices.
  void write_elements(chunked_run& run, io::file_column const& column, io::array_sink const& out) const;
  void write_indices(chunked_run& run, io::array_sink const& out) const;

  /// The same for elements of a column that decode(stored, n, room) finds, a tile at a time: it returns where they are.
  template <class T, class Decode>
  void write(chunked_run& run, io::file_column const& column, Decode const& decode,
             io::array_sink const& out) const {
    each_kept(run, [&](piece p, tiles_of const& tiles) {
      std::vector<T> values(static_cast<std::size_t>(p.end - p.begin + detail::compact_slack));
      alignas(64) T room[tile];
      index_t const size = io::size_of(column.array().type);
      io::file_window window;
      std::byte const* stored = nullptr;  // read where something is kept
      T* to = values.data();
      tiles([&](index_t first, bits const& kept) {
        if (kept.count() == 0) return;
        index_t const n = std::min(tile, p.end - first);
        if (stored == nullptr) stored = window.read(column, p.begin, p.end);
        T const* from = decode(stored + (first - p.begin) * size, n, room);
        if (n < tile && from != room) from = std::copy_n(from, n, room) - n;  // whole tiles are compacted
        for (index_t w = 0; w < bits::words; ++w) to = detail::compact(kept.word[w], from + 64 * w, to);
      });
      out.write(before(p.begin), std::as_bytes(std::span(values.data(), to)));
    });
  }

 private:
  using bits = detail::kept_bits;
  using tile_taker = std::function<void(index_t first, bits const&)>;
  using tiles_of = std::function<void(tile_taker const&)>;  // calls it for the tiles of a piece

  /// work(piece, tiles) for all elements, on threads.
  void each_kept(chunked_run& run, std::function<void(piece, tiles_of const&)> const& work) const;

  void ask_each(piece p, tile_taker const& f) const;
  void note(index_t first, bits const& kept);
  index_t before(index_t first) const;

  static constexpr std::size_t together = 64;  // tiles that share a sum

  condition ask_;
  gpu_map const* on_gpu_;
  std::vector<std::uint16_t> kept_;  // of each tile
  std::vector<index_t> before_;      // those kept before each `together` tiles
  std::vector<bits> answers_;        // where memory allows; else the condition is asked again
};

}  // namespace prorata::host
