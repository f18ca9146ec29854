// Two passes: conditions are asked and counted, then what is kept is written where its count says.
#include <algorithm>
#include <bit>
#include <cstring>
#include <host/algorithms/select_column.hpp>
#include <numeric>
#include <prorata/error.hpp>
#include <string>

namespace prorata::host {

namespace {

using bits = detail::kept_bits;

index_t tiles(index_t n) { return (n + tile - 1) / tile; }

/// Which elements of a tile are kept, from a byte for each.
bits bits_of_tile(unsigned char const* flags) {
  bits kept;
  for (index_t w = 0; w < bits::words; ++w) kept.word[w] = detail::bits_of_bytes(flags + 64 * w);
  return kept;
}

/// f(first, bits) for the tiles of a piece, of which `flags` are the answers.
template <class F>
void each_answered(piece p, unsigned char const* flags, F const& f) {
  index_t first = p.begin;
  for (; first + tile <= p.end; first += tile) f(first, bits_of_tile(flags + (first - p.begin)));
  if (first == p.end) return;
  unsigned char rest[tile] = {};
  std::copy(flags + (first - p.begin), flags + (p.end - p.begin), rest);
  f(first, bits_of_tile(rest));
}

/// f(grain, flags of the grain) for what a GPU answers.
template <class F>
void each_grain_on_gpu(stream const& s, gpu_rank& gpu, gpu_map const& condition, piece p, F const& f) {
  gpu.map(s, condition, p, [&](piece slot, std::byte const* flags) {
    each_grain(s, slot, [&](piece grain) {
      f(grain, reinterpret_cast<unsigned char const*>(flags) + (grain.begin - slot.begin));
    });
  });
}

template <class Word>
void write_words(kept_elements const& kept, chunked_run& run, io::file_column const& column,
                 io::array_sink const& out) {
  auto const in_our_order = [&](std::byte const* stored, index_t n, Word* room) -> Word const* {
    if (!column.array().swapped) return reinterpret_cast<Word const*>(stored);
    std::memcpy(room, stored, static_cast<std::size_t>(n) * sizeof(Word));
    io::swap_bytes(reinterpret_cast<std::byte*>(room), n, sizeof(Word));
    return room;
  };
  kept.write<Word>(run, column, in_our_order, out);
}

}  // namespace

kept_elements::kept_elements(condition ask, index_t n, index_t memory, gpu_map const* on_gpu)
    : ask_(std::move(ask)), on_gpu_(on_gpu) {
  index_t const bytes = 2 * tiles(n) + tiles(n) / 8;
  if (bytes > std::max(memory / 2, index_t{1} << 20))
    throw out_of_memory("select: to place " + std::to_string(n) + " elements it needs --memory " +
                        std::to_string((2 * bytes >> 20) + 1) + "M (run_options::memory); raise it");
  kept_.resize(static_cast<std::size_t>(tiles(n)));
  before_.resize(static_cast<std::size_t>(tiles(n) / static_cast<index_t>(together)) + 2);
  if (n / 8 <= memory / 4) answers_.resize(static_cast<std::size_t>(tiles(n)));
}

index_t kept_elements::count(chunked_run& run) {
  auto const noted = [&](index_t first, bits const& kept) { note(first, kept); };
  run.run(
      "count", [&](piece p) { ask_each(p, noted); },
      [&](stream const& s, gpu_rank& gpu, piece p) {
        each_grain_on_gpu(s, gpu, *on_gpu_, p, [&](piece grain, unsigned char const* flags) {
          each_answered(grain, flags, noted);
        });
      });
  // A process knows of its own ranks' tiles, which lie together, and how many come before them.
  for (std::size_t t = 0; t < kept_.size(); ++t) before_[t / together + 1] += kept_[t];
  index_t const mine = std::accumulate(before_.begin(), before_.end(), index_t{0});
  before_.front() = run.processes().before(mine);
  for (std::size_t k = 1; k < before_.size(); ++k) before_[k] += before_[k - 1];
  index_t total = mine;
  run.processes().add({&total, 1});
  return total;
}

void kept_elements::write_elements(chunked_run& run, io::file_column const& column,
                                   io::array_sink const& out) const {
  switch (io::size_of(column.array().type)) {
    case 1:
      return write_words<std::uint8_t>(*this, run, column, out);
    case 2:
      return write_words<std::uint16_t>(*this, run, column, out);
    case 4:
      return write_words<std::uint32_t>(*this, run, column, out);
    default:
      return write_words<std::uint64_t>(*this, run, column, out);
  }
}

void kept_elements::write_indices(chunked_run& run, io::array_sink const& out) const {
  each_kept(run, [&](piece p, tiles_of const& tiles) {
    std::vector<index_t> indices;
    tiles([&](index_t first, bits const& kept) {
      for (index_t w = 0; w < bits::words; ++w)
        for (std::uint64_t rest = kept.word[w]; rest != 0; rest &= rest - 1)
          indices.push_back(first + 64 * w + std::countr_zero(rest));
    });
    out.write(before(p.begin), std::as_bytes(std::span(indices)));
  });
}

void kept_elements::each_kept(chunked_run& run,
                              std::function<void(piece, tiles_of const&)> const& work) const {
  auto const on_threads = [&](piece p) {
    work(p, [&](tile_taker const& f) {
      if (answers_.empty()) return ask_each(p, f);
      for (index_t first = p.begin; first < p.end; first += tile)
        f(first, answers_[static_cast<std::size_t>(first / tile)]);
    });
  };
  if (!answers_.empty()) return run.run("write", on_threads);
  // a GPU is asked again about its share: exp and its like may have other bits on CPUs
  run.run("write", on_threads, [&](stream const& s, gpu_rank& gpu, piece p) {
    each_grain_on_gpu(s, gpu, *on_gpu_, p, [&](piece grain, unsigned char const* flags) {
      work(grain, [&](tile_taker const& f) { each_answered(grain, flags, f); });
    });
  });
}

void kept_elements::ask_each(piece p, tile_taker const& f) const {
  std::vector<unsigned char> flags(static_cast<std::size_t>(p.end - p.begin));
  ask_(p, flags.data());
  each_answered(p, flags.data(), f);
}

void kept_elements::note(index_t first, bits const& kept) {
  auto const t = static_cast<std::size_t>(first / tile);
  kept_[t] = static_cast<std::uint16_t>(kept.count());
  if (!answers_.empty()) answers_[t] = kept;
}

index_t kept_elements::before(index_t first) const {
  auto const t = static_cast<std::size_t>(first / tile), from = t / together * together;
  return std::accumulate(kept_.begin() + static_cast<index_t>(from), kept_.begin() + static_cast<index_t>(t),
                         before_[t / together]);
}

}  // namespace prorata::host
