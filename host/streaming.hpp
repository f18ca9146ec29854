// Storing past the caches: for results that are larger than the caches and are not read again soon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace prorata::host {

/// Bytes of a cache line; streaming works on whole ones.
inline constexpr std::size_t line_bytes = 64;

/// Results of at least this many bytes go past the caches: they would push out everything else and be gone
/// themselves before they are read again.
inline constexpr std::size_t streaming_bytes = std::size_t{64} << 20;

/// Copies whole lines from a block in cache to memory, without first reading what is overwritten: a quarter
/// less traffic for a loop that reads two arrays and writes one. Whole lines at a time where the processor
/// can: pieces of one come late (measured: a third slower).
///   needs   `to` aligned to a line, `bytes` a multiple of it
///   order   other threads may see these stores late: call `streaming_fence` before telling them
inline void stream_lines(void* to, void const* from, std::size_t bytes) {
  auto* out = static_cast<std::byte*>(to);
  auto const* in = static_cast<std::byte const*>(from);
  for (auto const* const end = in + bytes; in != end; in += line_bytes, out += line_bytes) {
#if defined(__AVX512F__)
    _mm512_stream_si512(reinterpret_cast<__m512i*>(out), _mm512_loadu_si512(in));
#elif defined(__AVX__)
    for (int k : {0, 1})
      _mm256_stream_si256(reinterpret_cast<__m256i*>(out) + k,
                          _mm256_loadu_si256(reinterpret_cast<__m256i const*>(in) + k));
#elif defined(__SSE2__)
    for (int k : {0, 1, 2, 3})
      _mm_stream_si128(reinterpret_cast<__m128i*>(out) + k,
                       _mm_loadu_si128(reinterpret_cast<__m128i const*>(in) + k));
#else
    std::memcpy(out, in, line_bytes);
#endif
  }
}

inline void streaming_fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

/// The same for bytes that begin and end anywhere: whole lines past the caches, the edges through them, so
/// that neighbours on other threads may write the rest of a line.
inline void stream_bytes(void* to, void const* from, std::size_t bytes) {
  auto* out = static_cast<std::byte*>(to);
  auto const* in = static_cast<std::byte const*>(from);
  std::size_t const head = (line_bytes - reinterpret_cast<std::uintptr_t>(out) % line_bytes) % line_bytes;
  if (bytes < head + line_bytes) {
    std::memcpy(out, in, bytes);
    return;
  }
  std::size_t const lines = (bytes - head) / line_bytes * line_bytes;
  std::memcpy(out, in, head);
  stream_lines(out + head, in + head, lines);
  std::memcpy(out + head + lines, in + head + lines, bytes - head - lines);
  streaming_fence();
}

}  // namespace prorata::host
