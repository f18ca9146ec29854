// file_load: what a fold reads of files, a block at a time.
#pragma once

#include <algorithm>
#include <array>
#include <host/io/decoded.hpp>
#include <host/io/file_column.hpp>
#include <host/io/file_window.hpp>
#include <prorata/canonical.hpp>
#include <prorata/elements.hpp>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace prorata::host {

/// Elements of a block. Nothing is prefetched: a window has just been read, and lies in the core's cache.
template <class F, class... X>
struct block_load : element_load<F, X...> {
  using element_load<F, X...>::element_load;
  void prefetch() = delete;  // hides that of element_load
};

/// f(a[i], …) of files whose elements are read as X, …: a window of each file at a time, and where they are to be
/// decoded, a tile at a time of it.
template <class F, class... X>
class file_load {
 public:
  using value_type = std::decay_t<std::invoke_result_t<F const&, X const&...>>;

  template <class... Column>
  requires(std::is_base_of_v<io::file_column, Column>&&...) explicit file_load(F f, Column const&... columns)
      : f_(std::move(f)),
        columns_{&columns...},
        elements_(io::decoded<X>(columns.array())...),
        as_stored_(std::apply([](auto const&... e) { return (e.as_stored() && ...); }, elements_)),
        window_(io::file_window::bytes / std::max({io::size_of(columns.array().type)...}) / tile * tile) {}

  /// What one thread reads, and where it decodes it.
  struct room {
    std::array<io::file_window, sizeof...(X)> windows;
    std::array<std::byte const*, sizeof...(X)> stored;
    index_t first = 0, last = 0;  // what the windows have
    alignas(64) std::tuple<std::array<X, static_cast<std::size_t>(tile)>...> blocks;
  };
  /// The load of elements [first, last), of which `last` may become less.
  block_load<F, X...> block(index_t first, index_t& last, room& at) const {
    if (first < at.first || first >= at.last) {
      at.first = at.last = first;
      index_t const end = std::min(last, (first / window_ + 1) * window_);
      for (std::size_t k = 0; k < sizeof...(X); ++k)
        at.stored[k] = at.windows[k].read(*columns_[k], first, end);
      at.last = end;
    }
    last = std::min(last, as_stored_ ? at.last : std::min(at.last, (first / tile + 1) * tile));
    return block(first, last - first, at, std::index_sequence_for<X...>{});
  }

 protected:
  /// The same columns through another functor.
  template <class G>
  file_load(F f, file_load<G, X...> const& other)
      : f_(std::move(f)),
        columns_(other.columns_),
        elements_(other.elements_),
        as_stored_(other.as_stored_),
        window_(other.window_) {}
  template <class G, class... Y>
  friend class file_load;

  F f_;
  std::array<io::file_column const*, sizeof...(X)> columns_;

 private:
  template <std::size_t... I>
  block_load<F, X...> block(index_t first, index_t n, room& at, std::index_sequence<I...>) const {
    return {f_, first, element<I>(first, n, at)...};
  }
  /// Elements [first, first + n) of file I.
  template <std::size_t I>
  auto const* element(index_t first, index_t n, room& at) const {
    std::byte const* const stored =
        at.stored[I] + (first - at.first) * io::size_of(columns_[I]->array().type);
    return std::get<I>(elements_).of(stored, n, std::get<I>(at.blocks).data());
  }

  std::tuple<io::decoded<X>...> elements_;
  bool as_stored_;  // all of them
  index_t window_;  // elements, whole tiles
};

}  // namespace prorata::host
