// Adding up sorted rows of a group in chunks, one thread each: the same source for kernels and their host
// test.
#pragma once

#include <kernels/grouping/part.hpp>

namespace prorata::cuda {

/// Rows that one thread adds up.
inline constexpr index_t group_chunk = 32;

/// Rows in order of their keys. A record begins where the key changes, or the band of the value.
template <bool Bands>
struct sorted_rows {
  std::uint64_t const* keys;
  std::uint64_t const* values;
  index_t n;
  int origin;

  using banded = group_state<addend::real, 1, false>;
  PRORATA_HD std::int32_t unit(index_t i) const { return Bands ? banded::unit_of(values[i], origin) : 0; }
  PRORATA_HD bool begins_key(index_t i) const { return i == 0 || keys[i] != keys[i - 1]; }
  PRORATA_HD bool begins_record(index_t i) const {
    return begins_key(i) || (Bands && unit(i) != unit(i - 1));
  }
  PRORATA_HD index_t end_of(index_t chunk) const {
    return (chunk + 1) * group_chunk < n ? (chunk + 1) * group_chunk : n;
  }
};

/// How many records and keys begin in a chunk.
struct chunk_heads {
  index_t records, keys;
};
template <bool Bands>
PRORATA_HD chunk_heads heads_in(sorted_rows<Bands> const& rows, index_t chunk) {
  chunk_heads heads{0, 0};
  for (index_t i = chunk * group_chunk; i < rows.end_of(chunk); ++i) {
    heads.records += rows.begins_record(i);
    heads.keys += rows.begins_key(i);
  }
  return heads;
}

/// Adds up a chunk. `before`: records that begin before it. Records start as none() with no key.
///   stores   a record that lies in the chunk alone is stored; others are added to
template <class State, class Atomics>
PRORATA_HD void add_chunk(sorted_rows<State::has_bands> const& rows, index_t chunk, index_t before,
                          group_record<State>* records, Atomics const& atomics) {
  State part = State::none();
  index_t record = before - 1;
  bool whole = false;  // whether the record began in this chunk
  index_t const end = rows.end_of(chunk);
  for (index_t i = chunk * group_chunk; i < end; ++i) {
    if (rows.begins_record(i)) {
      if (part.count > 0) {
        if (whole) {
          records[record].state = part;
        } else {
          add_part(records[record].state, part, atomics);
        }
      }
      part = State::none();
      ++record;
      whole = true;
      records[record].key = rows.keys[i];
      records[record].state.unit = rows.unit(i);
    }
    part.unit = rows.unit(i);
    part.deposit(rows.values[i]);
  }
  if (part.count == 0) return;
  if (whole && (end == rows.n || rows.begins_record(end))) {
    records[record].state = part;
  } else {
    add_part(records[record].state, part, atomics);
  }
}

}  // namespace prorata::cuda
