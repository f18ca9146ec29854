// Keeping some elements of distributed arrays, in order: every rank keeps its own, nothing moves but counts.
#pragma once

#include <array>
#include <prorata/column.hpp>
#include <prorata/elements.hpp>
#include <prorata/exchange.hpp>

namespace prorata {

namespace detail {

/// f(x, …) as a truth value, however the predicate says it.
template <class P>
struct holds {
  P predicate;
  template <class... X>
  PRORATA_HD bool operator()(X const&... x) const {
    return static_cast<bool>(predicate(x...));
  }
};
struct is_set {
  template <class F>
  PRORATA_HD bool operator()(F const& flag) const {
    return static_cast<bool>(flag);
  }
};

/// A buffer that kept only `used` elements of what it has room for gives most of a large rest back: the copy
/// costs more than the rest where that takes no room.
template <class T, backend S>
void shrink(buffer<T, S>& b, index_t used) {
  index_t share = 8;
  if constexpr (requires { untouched_is_free(b.stream()); }) share = 64;
  if (used >= b.size() / share) return;
  buffer<T, S> smaller(b.stream(), used);
  smaller.stream().copy(smaller.data(), b.data(), smaller.bytes());
  b = std::move(smaller);
}

/// What every rank kept, once each has told: *counts[k] on local rank k's device.
template <backend S>
partition kept_by_all(team<S> const& team, std::vector<buffer<index_t, S>> const& counts) {
  std::vector<index_t const*> mine;
  for (auto const& c : counts) mine.push_back(c.data());
  return partition_by_sizes(all_gather_to_host<index_t>(team, std::span<index_t const* const>(mine), 1));
}

/// For each local rank k: keep_of(k), on the rank's indices, selects load_of(k) into out[k].
template <class T, backend S, class X, class KeepOf, class LoadOf>
partition select_each(distributed_array<X, S> const& x, KeepOf const& keep_of, LoadOf const& load_of,
                      std::span<T* const> out) {
  std::vector<buffer<index_t, S>> counts;
  for (std::size_t k = 0; k < x.parts().size(); ++k) {
    auto const& p = x.parts()[k];
    counts.emplace_back(*p.stream, 1);
    select_index(*p.stream, p.begin, p.end(), keep_of(k), counts.back().data(), column{load_of(k), out[k]});
  }
  return kept_by_all(x.team(), counts);
}

/// The same into memory of its own.
template <class T, backend S, class X, class KeepOf, class LoadOf>
distributed_array<T, S> selected(distributed_array<X, S> const& x, KeepOf const& keep_of,
                                 LoadOf const& load_of) {
  std::vector<buffer<T, S>> kept;
  std::vector<T*> out;
  for (auto const& p : x.parts()) {
    kept.emplace_back(*p.stream, p.size);
    out.push_back(kept.back().data());
  }
  auto cuts = select_each<T>(x, keep_of, load_of, std::span<T* const>(out));
  for (std::size_t k = 0; k < kept.size(); ++k) shrink(kept[k], cuts.size(x.parts()[k].rank));
  return {x.team(), std::move(cuts), std::move(kept)};
}

}  // namespace detail

/// The elements x[i] for which predicate(x[i], more[i], …) holds, in order. Every rank keeps its own, so the
/// result's partition follows what was kept: redistribute() balances it where that matters.
///   shape   n elements over P ranks, all arrays cut alike → m ≤ n elements over the same ranks
///   order   that of the indices (stable); the same elements for every split
///   cost    reads every array once, writes m elements; tells one count per rank. A rank's memory is that of
///           its share of x, or less than 8 times what it kept
///   waits   for the counts; to the end for borrowed arrays
///   throws  usage_error (arrays cut differently), out_of_memory
///   method  blocks compacted in cache and chained by their counts (host); CUB DeviceSelect (GPU)
template <class T, class... U, backend S, class P>
distributed_array<std::remove_const_t<T>, S> copy_if(distributed_array<T, S> const& x, P predicate,
                                                     distributed_array<U, S> const&... more) {
  require_alike(x, more...);
  return detail::finishing(x, more..., predicate)([&] {
    return detail::selected<std::remove_const_t<T>>(
        x, [&](std::size_t k) { return load_of(detail::holds<P>{predicate}, k, x, more...); },
        [&](std::size_t k) { return load_of(identity{}, k, x); });
  });
}

/// The same into the memory of `room`, which has x's partition: the result is a view of it.
///   needs   room outlives the result, and is not x
template <class T, class... U, backend S, class P>
distributed_array<std::remove_const_t<T>, S> copy_if_into(distributed_array<std::remove_const_t<T>, S>& room,
                                                          distributed_array<T, S> const& x, P predicate,
                                                          distributed_array<U, S> const&... more) {
  require_alike(x, room, more...);
  return detail::finishing(x, room, more..., predicate)([&] {
    std::vector<std::remove_const_t<T>*> out;
    for (auto const& p : room.parts()) out.push_back(p.data);
    std::span<std::remove_const_t<T>* const> const pieces(out);
    auto cuts = detail::select_each<std::remove_const_t<T>>(
        x, [&](std::size_t k) { return load_of(detail::holds<P>{predicate}, k, x, more...); },
        [&](std::size_t k) { return load_of(identity{}, k, x); }, pieces);
    using view = distributed_array<std::remove_const_t<T>, S>;
    return room.borrowed() ? view(x.team(), std::move(cuts), pieces)
                           : view(asynchronous, x.team(), std::move(cuts), pieces);
  });
}

/// The elements x[i] whose flags[i] is not zero.
template <class T, class F, backend S>
distributed_array<std::remove_const_t<T>, S> copy_flagged(distributed_array<T, S> const& x,
                                                          distributed_array<F, S> const& flags) {
  require_alike(x, flags);
  return detail::finishing(x, flags)([&] {
    return detail::selected<std::remove_const_t<T>>(
        x, [&](std::size_t k) { return load_of(detail::is_set{}, k, flags); },
        [&](std::size_t k) { return load_of(identity{}, k, x); });
  });
}

/// The indices i for which predicate(x[i], more[i], …) holds, ascending.
///   cost   reads every array once, writes 8 bytes for each index; otherwise as copy_if
template <class T, class... U, backend S, class P>
distributed_array<index_t, S> indices_where(distributed_array<T, S> const& x, P predicate,
                                            distributed_array<U, S> const&... more) {
  require_alike(x, more...);
  return detail::finishing(x, more..., predicate)([&] {
    return detail::selected<index_t>(
        x, [&](std::size_t k) { return load_of(detail::holds<P>{predicate}, k, x, more...); },
        [](std::size_t) { return own_index{}; });
  });
}

/// The indices of the elements that are not zero, ascending.
template <class T, backend S>
distributed_array<index_t, S> indices_where(distributed_array<T, S> const& flags) {
  return indices_where(flags, detail::is_set{});
}

/// Two halves of one array.
template <class T, backend S>
struct halves {
  distributed_array<T, S> kept, rest;
};

namespace detail {
template <class T, backend S, class X, class KeepOf>
halves<T, S> in_halves(distributed_array<X, S> const& x, KeepOf const& keep_of) {
  std::vector<buffer<T, S>> kept, rest;
  std::vector<buffer<index_t, S>> counts;
  for (std::size_t k = 0; k < x.parts().size(); ++k) {
    auto const& p = x.parts()[k];
    kept.emplace_back(*p.stream, p.size);
    rest.emplace_back(*p.stream, p.size);
    counts.emplace_back(*p.stream, 1);
    partition_index(*p.stream, p.begin, p.end(), keep_of(k), load_of(identity{}, k, x), kept.back().data(),
                    rest.back().data(), counts.back().data());
  }
  auto const in = kept_by_all(x.team(), counts);
  std::vector<index_t> out;
  for (int rank = 0; rank < in.ranks(); ++rank) out.push_back(x.partition().size(rank) - in.size(rank));
  for (std::size_t k = 0; k < kept.size(); ++k) {
    auto const rank = static_cast<std::size_t>(x.parts()[k].rank);
    shrink(kept[k], in.size(static_cast<int>(rank)));
    shrink(rest[k], out[rank]);
  }
  return {{x.team(), in, std::move(kept)}, {x.team(), partition_by_sizes(out), std::move(rest)}};
}
}  // namespace detail

/// The elements for which predicate(x[i], more[i], …) holds, and the others, both in order.
///   cost   reads every array once, writes every element of x once; otherwise as copy_if
template <class T, class... U, backend S, class P>
halves<std::remove_const_t<T>, S> partition_copy(distributed_array<T, S> const& x, P predicate,
                                                 distributed_array<U, S> const&... more) {
  require_alike(x, more...);
  return detail::finishing(x, more..., predicate)([&] {
    return detail::in_halves<std::remove_const_t<T>>(
        x, [&](std::size_t k) { return load_of(detail::holds<P>{predicate}, k, x, more...); });
  });
}

/// The elements whose flags[i] is not zero, and the others.
template <class T, class F, backend S>
halves<std::remove_const_t<T>, S> partition_flagged(distributed_array<T, S> const& x,
                                                    distributed_array<F, S> const& flags) {
  require_alike(x, flags);
  return detail::finishing(x, flags)([&] {
    return detail::in_halves<std::remove_const_t<T>>(
        x, [&](std::size_t k) { return load_of(detail::is_set{}, k, flags); });
  });
}

}  // namespace prorata
