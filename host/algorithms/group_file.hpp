// The groups of what does not fit memory: by way of the disk, range of keys by range of keys.
//
//   input → rows by range of their keys, in memory → spill, when they are too many → range after range:
//   grouped in memory, or spilled again → columns, in ascending order of keys
//
// The input is read once. Keys that make up much of the rows are added up at once, and where rows of a range
// are mostly of keys that were there already, their sums are spilled and not they. After hybrid hash
// aggregation with early aggregation (Graefe 1993), by ranges instead of hashes because of the order.
#pragma once

#include <host/algorithms/sort_file.hpp>
#include <host/group_by.hpp>
#include <host/io/decoded.hpp>
#include <host/run/chunked_run.hpp>
#include <host/run/encoded_column.hpp>
#include <memory>
#include <string>

namespace prorata::host {

/// What it came to.
struct grouping_outcome {
  index_t groups = 0;
  index_t parts = 0;    ///< ranges of keys that were grouped in memory one after the other
  index_t spilled = 0;  ///< bytes that were written to disk
};

/// Rows of one or two files.
struct file_rows {
  io::file_column const& keys;
  io::file_column const* values;  ///< null where there are none
  std::unique_ptr<encoded_column> key_words, value_words;
  bool as_stored;  ///< the words are those of the elements' own types, which GPUs know

  /// Of the elements as their own types, or as K and V.
  static file_rows stored(io::file_column const& keys, io::file_column const* values) {
    return {keys, values, keys_of(keys), values != nullptr ? values_of(*values) : nullptr, true};
  }
  template <class K, class V>
  static file_rows as(io::file_column const& keys, io::file_column const& values) {
    return {keys, &values, key_words_as<io::value_type_of<K>>(keys),
            value_words_as<io::value_type_of<V>>(values),
            io::dtype_of<K> == keys.array().type && io::dtype_of<V> == values.array().type};
  }
};

/// Groups rows of files, on the devices of the run while they are read.
///   take     gets the columns, `place` groups after the first one; from many threads, each group once
///   memory   as limits say, and some MiB for each thread
///   disk     16 bytes a row (8 where there are no values), or records of the plan where those are less
///   throws   usage_error, out_of_memory, device_error, as io::spill; what take throws
grouping_outcome group_file(chunked_run& run, file_rows rows, group_plan const& plan,
                            file_sort_limits const& limits, grouping::column_taker const& take);

}  // namespace prorata::host
