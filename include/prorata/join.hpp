// join: the rows of two sides that have the same key, in memory by their numbers, in files with columns; and lookup.
#pragma once

#include <host/algorithms/join_file.hpp>
#include <optional>
#include <prorata/file_array.hpp>
#include <prorata/hash_map.hpp>
#include <span>
#include <string>
#include <vector>

namespace prorata {

using host::join_kind;

/// Rows of a join, by the numbers of the rows that they come from.
struct joined_rows {
  std::vector<index_t> left;
  std::vector<index_t> right;  ///< −1 where there is none; empty for semi and anti joins
};

namespace detail {
joined_rows join_words(std::span<std::uint64_t const> left, std::span<std::uint64_t const> right,
                       join_kind kind, int threads);
template <class K>
std::vector<std::uint64_t> widened(std::span<K const> keys) {
  std::vector<std::uint64_t> words;
  words.reserve(keys.size());
  for (K const& key : keys) words.push_back(std::bit_cast<word_of<K>>(key));
  return words;
}
}  // namespace detail

/// Which rows of two sides have the same key.
///   kinds   inner: a row for every pair; left: also one for each left row without a right one; semi: the left rows
///           that have a right one; anti: those that have none
///   order   that of the left rows, and for each of them that of the right ones
///   cost    a hash table of the right side, a look at it for each left row
///   memory  60 bytes a right row, 16 a left one, and the result
///   throws  out_of_memory
///   example join<int>(ids, known).left  // {2, 5}: which of ids are known, if none is twice
template <hash_key K>
joined_rows join(std::span<K const> left, std::span<K const> right, join_kind kind = join_kind::inner,
                 int threads = 0) {
  return detail::join_words(detail::widened(left), detail::widened(right), kind, threads);
}
template <hash_key K>
joined_rows join(std::vector<K> const& left, std::vector<K> const& right, join_kind kind = join_kind::inner,
                 int threads = 0) {
  return join(std::span<K const>(left), std::span<K const>(right), kind, threads);
}

/// A side of a join of files: a .npy file of keys, and further columns with an element for each of them.
struct join_side {
  struct column {
    std::string file;
    std::string output;  ///< the file that it becomes
  };
  std::string keys;
  std::vector<column> columns{};
};

/// What a join of files writes besides the columns of both sides; empty names are not written.
struct join_outputs {
  std::string key{};        ///< keys, of the left side's type
  std::string left_row{};   ///< numbers of rows, int64
  std::string right_row{};  ///< the same, −1 where there is none
  std::string found{};      ///< whether there was a right row, bool
};

/// Joins files into files, which appear together when all are whole; right columns hold 0, or NaN, where there is no
/// right row. Returns how many rows there are.
///   keys    integers of any size, or booleans, compared by value whatever their types
///   order   that of the left side, and for each of its rows that of the right one
///   cost, memory, disk  as host::join_files; within run_options::memory, 16 MiB at least
///   throws  usage_error, input_error (floats as keys, a column of another length …), out_of_memory, device_error
index_t join(join_side const& left, join_side const& right, join_kind kind, join_outputs const& outputs,
             run_options const& options = {});

/// Writes to a .npy file, for every query, the value whose key it is; of a key that comes several times the last value.
/// Returns how many queries have none: `missing` stands there, as an element of the values' type; else 0, or NaN.
///   throws  as join
index_t lookup(std::string const& path, std::string const& keys, std::string const& values,
               std::string const& queries, std::optional<double> missing = {},
               run_options const& options = {});

}  // namespace prorata
