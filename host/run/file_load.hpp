// file_load: what a fold reads of files, a block at a time.
#pragma once

#include <algorithm>
#include <array>
#include <host/io/decoded.hpp>
#include <host/io/file_column.hpp>
#include <prorata/canonical.hpp>
#include <prorata/elements.hpp>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace prorata::host {

/// Elements of a block. Nothing is prefetched: of files in the page cache that takes 6 to 12 % more time of the
/// processor, and gains nothing.
template <class F, class... X>
struct block_load : element_load<F, X...> {
  using element_load<F, X...>::element_load;
  void prefetch() = delete;  // hides that of element_load
};

/// f(a[i], …) of files whose elements are read as X, …: blockwise, so that a tile at a time is decoded, and where
/// nothing is to be decoded, elements are read where they lie.
template <class F, class... X>
class file_load {
 public:
  using value_type = std::decay_t<std::invoke_result_t<F const&, X const&...>>;

  template <class... Column>
  requires(std::is_base_of_v<io::file_column, Column>&&...) explicit file_load(F f, Column const&... columns)
      : f_(std::move(f)),
        columns_{&columns...},
        elements_(io::decoded<X>(columns.array(), columns.data())...) {}

  /// Where a block is decoded.
  struct room {
    alignas(64) std::tuple<std::array<X, static_cast<std::size_t>(tile)>...> blocks;
  };
  /// The load of elements [first, last), of which `last` may become less.
  block_load<F, X...> block(index_t first, index_t& last, room& to) const {
    return block(first, last, to, std::index_sequence_for<X...>{});
  }

  void prepare(index_t first, index_t last) const {
    for (auto const* column : columns_) column->prepare(first, last);
  }

 protected:
  /// The same columns through another functor.
  template <class G>
  file_load(F f, file_load<G, X...> const& other)
      : f_(std::move(f)), columns_(other.columns_), elements_(other.elements_) {}
  template <class G, class... Y>
  friend class file_load;

  F f_;
  std::array<io::file_column const*, sizeof...(X)> columns_;

 private:
  template <std::size_t... I>
  block_load<F, X...> block(index_t first, index_t& last, room& to, std::index_sequence<I...>) const {
    if (!((std::get<I>(elements_).in_place(first) != nullptr) && ...))
      last = std::min(last, (first / tile + 1) * tile);
    return {f_, first, std::get<I>(elements_).at(first, last - first, std::get<I>(to.blocks).data())...};
  }

  std::tuple<io::decoded<X>...> elements_;
};

}  // namespace prorata::host
