// Group-by on the GPU, in exact integers: rows added up in tables of groups, or else sorted by key.
#pragma once

#include <kernels/grouping/rows.hpp>
#include <kernels/transform.cuh>

namespace prorata::cuda {

namespace detail {
template <class Load>
struct key_words {
  Load load;
  PRORATA_HD std::uint64_t operator()(index_t i) const { return encoded_key(load(i)); }
};
template <class Load>
struct value_words {
  Load load;
  PRORATA_HD std::uint64_t operator()(index_t i) const { return encoded_value(load(i)); }
};
template <class Convert>
struct converted_word {
  Convert convert;
  std::uint64_t const* words;
  PRORATA_HD auto operator()(index_t i) const { return convert(words[i]); }
};
}  // namespace detail

/// Queues the grouping of rows [begin, end), with keys(i) and values(i); complete once the stream has been
/// synchronised, and resolve_overflow, too, has nothing left to do.
///   cost     16 bytes a row written and read. A table in each block's shared memory takes the rows, and one
///            behind them, of at most a slot for every fourth row and of half the second-level cache, what
///            finds no place there. Then only groups are sorted
///   many     groups that fill the far table half, or more: resolve_overflow sorts the rows by CUB's radix sort,
///            which moves 32 bytes a row in each of 8 passes
///   memory   16 bytes a row, and the table; to sort, 40 bytes a row
template <class Keys, class Values>
groups start_groups(stream& s, group_plan const& plan, index_t begin, index_t end, Keys keys, Values values,
                    bool) {
  groups made(s, plan, end - begin);
  transform_index(s, begin, end, detail::key_words<Keys>{keys}, made.keys());
  transform_index(s, begin, end, detail::value_words<Values>{values}, made.values());
  made.fill_table();
  return made;
}

/// After a sync: queues what is left to do, and says whether there was something; then the groups are
/// complete after another sync.
inline bool resolve_overflow(stream&, groups const& of) { return of.resolve_overflow(); }

/// Queues the merging of runs of records.
inline groups merge_groups(stream& s, group_plan const& plan, std::vector<record_run> runs) {
  groups made(s, plan, 0);
  made.sort_records(runs);
  return made;
}

/// Queues the copying of the records of groups, in ascending order of keys.
inline void read_records(stream&, groups const& from, std::byte* out) { from.copy_records(out); }

/// Queues out[g] = convert(word) for a column of groups, in ascending order of keys.
template <class Convert, class T>
void read_groups(stream& s, groups const& from, group_column column, Convert convert, T* out) {
  index_t const n = from.count();
  auto const bytes = static_cast<std::size_t>(n) * sizeof(std::uint64_t);
  auto* const words = static_cast<std::uint64_t*>(s.allocate(bytes));
  from.write_column(column, words);
  transform_index(s, 0, n, detail::converted_word<Convert>{convert, words}, out);
  s.deallocate(words, bytes);
}

}  // namespace prorata::cuda
