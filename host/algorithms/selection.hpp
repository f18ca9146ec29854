// The elements at places of a file that is not sorted, exactly, in a few reads of it.
#pragma once

#include <host/run/chunked_run.hpp>
#include <host/run/key_source.hpp>
#include <prorata/rank_search.hpp>

namespace prorata::host {

/// The keys that would stand at the given places if the keys of a column were sorted.
///   run     over the column, whose keys in the order `way` are those of the source
///   memory  bytes, of which a quarter holds keys
///   cost    as many reads as it takes until what is still in question fits that quarter, and one more: two for
///           scattered keys; ⌈bits / 11⌉ at most
///   throws  input_error where reads of the file disagree; as chunked_run::run
template <class U>
std::vector<U> keys_at(chunked_run& run, key_source<U> const& source, direction way,
                       std::vector<index_t> const& places, index_t memory);

/// The k ≥ 1 least keys, equal ones by their index in C order, in that order.
template <class U>
std::vector<prorata::detail::placed_key<U>> least_keys(chunked_run& run, key_source<U> const& source,
                                                       direction way, index_t k, index_t memory);

}  // namespace prorata::host
