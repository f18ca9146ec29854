// encoded_column: the elements of a file as 64-bit words, whatever their type, read a block at a time.
#pragma once

#include <cstdint>
#include <host/io/file_column.hpp>
#include <memory>
#include <prorata/groups.hpp>

namespace prorata::host {

class encoded_column {
 public:
  virtual ~encoded_column() = default;
  /// Writes the words of n elements as they are stored, at a multiple of 64 bytes. From many threads.
  virtual void encode(std::byte const* stored, index_t n, std::uint64_t* words) const = 0;
};

/// encoded_key and encoded_value of a file's elements as X, as decoded<X> gives them.
///   throws  usage_error where X does not serve the column
template <class X>
std::unique_ptr<encoded_column> key_words_as(io::file_column const& in);
template <class X>
std::unique_ptr<encoded_column> value_words_as(io::file_column const& in);

/// The same of the elements as their own type, which is what GPUs read.
std::unique_ptr<encoded_column> keys_of(io::file_column const& in);
std::unique_ptr<encoded_column> values_of(io::file_column const& in);

/// How a file's values are added.
addend addend_in(io::file_column const& in);

}  // namespace prorata::host
