// key_matches: the rows of a table by key, in memory: which rows a key has, and what belongs to each of them.
#pragma once

#include <host/hashing/table.hpp>
#include <memory>
#include <span>
#include <vector>

namespace prorata::host {

/// Which rows of a key that comes several times count.
enum class counted_rows { last, all };

/// A row is a key of 64 bits and `width` bytes that belong to it.
class key_matches {
 public:
  /// Memory that so many rows take.
  static index_t bytes_of(index_t rows, index_t width, counted_rows which);

  key_matches(index_t rows, index_t width, counted_rows which, std::shared_ptr<thread_limit const> threads);

  /// The next rows, in order; at most as many as were announced.
  void add(std::span<std::uint64_t const> keys, std::byte const* belongings);
  /// When all have come.
  ///   often  it will be asked for more keys than there are rows
  void finish(bool often = false);
  /// Whether every key has one row, or one that counts.
  bool keys_come_once() const { return begins_.bytes() == 0; }

  /// For each key its entry, where it has one.
  void find(std::span<std::uint64_t const> keys, std::uint64_t* entries, bool* found) const;

  /// How many rows an entry has, in the order in which they came, and what belongs to row k of them.
  index_t count(std::uint64_t entry) const {
    if (begins_.bytes() == 0) return 1;
    return begins()[entry + 1] - begins()[entry];
  }
  std::byte const* belongings(std::uint64_t const& entry, index_t k) const {
    if (in_entries_) return reinterpret_cast<std::byte const*>(&entry);
    index_t const row = begins_.bytes() == 0 ? static_cast<index_t>(entry) : order()[begins()[entry] + k];
    return rows_.data() + row * width_;
  }

 private:
  index_t const* begins() const { return reinterpret_cast<index_t const*>(begins_.data()); }
  index_t const* order() const { return reinterpret_cast<index_t const*>(order_.data()); }

  index_t width_;
  counted_rows which_;
  bool in_entries_;  // what belongs to a row is so little that it is its key's value in the table
  hashing::word_table<std::uint64_t, std::uint64_t>
      table_;  // else that is the number of the key's first, or last, row
  index_t count_ = 0;
  pages rows_;            // what belongs to them
  pages first_;           // of every row the first one with its key, until it is known who comes again
  pages begins_, order_;  // rows by the first one of their key; nothing where no key comes again
};

}  // namespace prorata::host
