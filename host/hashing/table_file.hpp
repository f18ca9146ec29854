// The file of a hash table: its pairs one after another, behind a header, with a checksum.
//
//   bytes   0 "prorata hash map"  16 format, uint32  20 bytes of a key, of a value, their kinds  24 pairs  32 seed
//          40 load, float64  48 checksum of keys and values  56 checksum of the header before it
//          64 keys, padded to 8 bytes, then values; all in little-endian order
#pragma once

#include <cstdint>
#include <memory>
#include <prorata/config.hpp>
#include <string>
#include <type_traits>

namespace prorata::host::hashing {

/// What a file says of its pairs.
struct table_facts {
  std::uint8_t key_bytes = 0, value_bytes = 0;
  char key_kind = 0, value_kind = 0;  ///< i, u, f as in NumPy; x: anything else
  std::uint64_t pairs = 0, seed = 0;
  double max_load = 0;
};

template <class T>
constexpr char kind_of() {
  if constexpr (std::is_floating_point_v<T>) return 'f';
  if constexpr (std::is_integral_v<T>) return std::is_signed_v<T> ? 'i' : 'u';
  return 'x';
}

/// Writes pairs to a file, which appears whole or not at all.
///   throws  usage_error, out_of_memory (the disk is full), device_error
void write_table(std::string const& path, table_facts const& facts, void const* keys, void const* values);

/// Takes so many pairs, in order.
struct pair_taker {
  void (*call)(void* context, void const* keys, void const* values, index_t n);
  void* context;
};

/// A file of pairs that is open for reading.
class table_reader {
 public:
  /// Reads the header.
  ///   throws  input_error (no such file; not one of these; cut short; its header was changed)
  explicit table_reader(std::string const& path);
  ~table_reader();
  table_facts const& facts() const;

  /// Reads the pairs, a few MiB at a time.
  ///   throws  input_error (what was read is not what was written; it changed meanwhile), what take throws
  void read(pair_taker take) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace prorata::host::hashing
