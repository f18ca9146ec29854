// Reducing the values of equal neighbouring keys: each run as if it were an array of its own.
#pragma once

#include <prorata/reduce.hpp>
#include <prorata/run_length.hpp>

namespace prorata {

/// One key and one result for each run of keys.
template <class K, class V, backend S>
struct reduced_runs {
  distributed_array<K, S> keys;
  distributed_array<V, S> values;
};

namespace detail {

/// A run that several ranks hold pieces of, and its owner: the rank on which it begins.
struct straddling_run {
  int owner;
  index_t begin, end;
};

/// The run that begins last on each rank, where it goes on on a later one.
template <class T, backend S>
std::vector<straddling_run> straddling_runs(found_runs<T, S> const& found, partition const& cuts) {
  std::vector<straddling_run> result;
  for (int rank = 0; rank < cuts.ranks(); ++rank) {
    if (found.goes_on(rank, cuts))
      result.push_back({rank, found.last[static_cast<std::size_t>(rank)], found.end_of(rank, cuts.n)});
  }
  return result;
}

/// Where the partial results of straddling runs lie once all ranks have told them: run after run, each run's
/// pieces in rank order, at multiples of 64 bytes. A rank holds pieces of at most two runs, neighbours there:
/// so that what one rank tells is one block, and blocks follow one another in rank order.
template <class R>
struct told_pieces {
  struct one {
    int rank;
    std::size_t run, offset;
    piece where;  // within the run
  };
  std::vector<one> pieces;
  std::vector<std::size_t> offsets;  // of each rank's block

  told_pieces(std::vector<straddling_run> const& runs, partition const& cuts)
      : offsets(static_cast<std::size_t>(cuts.ranks()) + 1, 0) {
    std::size_t offset = 0;
    for (std::size_t k = 0; k < runs.size(); ++k)
      for (int rank = runs[k].owner; rank < cuts.ranks() && cuts.begin(rank) < runs[k].end; ++rank) {
        index_t const begin = std::max(cuts.begin(rank), runs[k].begin);
        index_t const end = std::min(cuts.end(rank), runs[k].end);
        if (begin >= end) continue;
        piece const where{begin - runs[k].begin, end - runs[k].begin, runs[k].end - runs[k].begin};
        pieces.push_back({rank, k, offset, where});
        offset += static_cast<std::size_t>((R::bytes(where) + 63) / 64 * 64);
        for (auto r = static_cast<std::size_t>(rank) + 1; r < offsets.size(); ++r) offsets[r] = offset;
      }
  }
};

/// The runs of keys, and the results of those that do not go on behind the elements of their rank; for each
/// that does, room.
template <class K, class T, backend S>
struct local_runs {
  found_runs<K, S> found;
  std::vector<buffer<T, S>> results;
};

/// A backend that finds runs and reduces them in one pass, which needs room for as many results as there are
/// elements: no more of it than for the places of runs.
template <class S, class R, class K, class Same, class Load>
concept reduces_found_runs = sizeof(typename R::result_type) <= sizeof(index_t) &&
                             requires(S& s, R const& r, index_t n, begins_run<K, Same> starts,
                                      element_load<identity, K> key, K* keys, Load load,
                                      typename R::result_type* out, rank_runs* told) {
  reduce_found_runs(s, r, n, n, true, starts, key, keys, load, out, told);
};

template <class R, class K, backend S, class Same, class LoadOf>
auto reduce_local_runs(R const& reduction, distributed_array<K, S> const& keys, Same const& same,
                       LoadOf const& load_of_part) {
  using key = std::remove_const_t<K>;
  using result = typename R::result_type;
  local_runs<key, result, S> local;
  auto& found = local.found;
  std::vector<work_left> left;
  drain_on_unwind const unwinding(keys.team());
  if constexpr (reduces_found_runs<S, R, key, Same, decltype(load_of_part(0))>) {
    auto const begins_here = ranks_that_begin_runs(keys, same);
    std::vector<buffer<rank_runs, S>> mine;
    std::vector<rank_runs const*> pointers;
    for (std::size_t k = 0; k < keys.parts().size(); ++k) {
      auto const& p = keys.parts()[k];
      reduce_found_runs(*p.stream, reduction, p.begin, p.end(), begins_here[static_cast<std::size_t>(p.rank)],
                        begins_run<key, Same>{p.data, p.begin, same}, load_of(identity{}, k, keys),
                        found.values.emplace_back(*p.stream, p.size).data(), load_of_part(k),
                        local.results.emplace_back(*p.stream, p.size).data(),
                        mine.emplace_back(*p.stream, 1).data());
      pointers.push_back(mine.back().data());
    }
    found.know(all_gather_to_host<rank_runs>(keys.team(), std::span<rank_runs const* const>(pointers), 1));
    for (std::size_t k = 0; k < keys.parts().size(); ++k) {
      auto const& p = keys.parts()[k];
      index_t const count = found.cuts.size(p.rank);
      shrink(found.values[k], count);
      shrink(local.results[k], count);
      if (count > 0 && !found.goes_on(p.rank, keys.partition()))
        left.push_back(reduce_runs(*p.stream, reduction, &pointers[k]->last, 1, p.end(), load_of_part(k),
                                   local.results[k].data() + (count - 1)));
    }
  } else {
    found = find_runs(keys, same);
    for (std::size_t k = 0; k < keys.parts().size(); ++k) {
      auto const& p = keys.parts()[k];
      index_t const count = found.cuts.size(p.rank);
      bool const goes_on = found.goes_on(p.rank, keys.partition());
      auto& out = local.results.emplace_back(*p.stream, count);
      left.push_back(reduce_runs(*p.stream, reduction, found.begins[k].data(), count - (goes_on ? 1 : 0),
                                 goes_on ? found.last[static_cast<std::size_t>(p.rank)] : p.end(),
                                 load_of_part(k), out.data()));
    }
  }
  finish_work(left, [&] { keys.team().sync(); });
  return local;
}

}  // namespace detail

/// For every run of equal neighbouring keys: its key, and the values f(x[i], more[i], …) of its elements
/// reduced with op, which is what transform_reduce takes.
///   shape   keys and arrays of n elements, cut alike → one key and one result a run, on the rank where the
///           run begins
///   order   that of `reduce` of the run as an array of its own: by the position in the run, so that neither
///           splits nor other runs change a bit. exactly_rounded<exact_sum<T>> sums exactly
///   cost    reads keys and arrays once, on a GPU where runs begin twice; a run over several ranks sends
///           O(log n) rows of 32 values from each, however long it is. f may be called more than once for an
///           element
///   waits   for the results of runs over several ranks; for all where arrays are borrowed or f or op has
///           members
///   throws  usage_error (arrays cut differently), out_of_memory
template <class Op, class F, class K, class T, class... U, backend S, class Same = same_value>
auto transform_reduce_by_key(distributed_array<K, S> const& keys, F f, Op const& op,
                             distributed_array<T, S> const& x, distributed_array<U, S> const&... more) {
  require_alike(keys, x, more...);
  using key = std::remove_const_t<K>;
  using element = std::remove_cvref_t<std::invoke_result_t<F, T const&, U const&...>>;
  auto const reduction = detail::reduction_of<element>(op);
  using R = std::remove_const_t<decltype(reduction)>;
  using result = typename R::result_type;
  return detail::finishing(keys, x, more..., f, op)([&] {
    auto const& team = x.team();
    auto const& cuts = x.partition();

    // local work: runs that begin and end here, and pieces of those that do not
    auto const load_at = [&](std::size_t k) { return load_of(f, k, x, more...); };
    auto [found, results] = detail::reduce_local_runs(reduction, keys, Same{}, load_at);
    auto const straddling = detail::straddling_runs(found, cuts);
    detail::told_pieces<R> const plan(straddling, cuts);
    std::vector<buffer<std::byte, S>> partial;
    std::vector<void const*> send;
    for (std::size_t k = 0; k < x.parts().size(); ++k) {
      auto const& p = x.parts()[k];
      S& s = *p.stream;
      std::size_t const base = plan.offsets[static_cast<std::size_t>(p.rank)];
      auto& bytes = partial.emplace_back(
          s, static_cast<index_t>(plan.offsets[static_cast<std::size_t>(p.rank) + 1] - base));
      send.push_back(bytes.data());
      for (auto const& one : plan.pieces)
        if (one.rank == p.rank)
          reduce_piece(s, reduction, one.where, shifted_load{load_at(k), straddling[one.run].begin},
                       bytes.data() + (one.offset - base));
    }
    distributed_array<key, S> kept(team, found.cuts, std::move(found.values));
    if (straddling.empty())
      return reduced_runs<key, result, S>{std::move(kept), {team, found.cuts, std::move(results)}};

    // bytes: pieces reach the owners of their runs
    std::vector<buffer<std::byte, S>> gathered;
    std::vector<void*> receive;
    for (auto const& p : x.parts()) {
      bool const owns = std::any_of(straddling.begin(), straddling.end(),
                                    [&](auto const& run) { return run.owner == p.rank; });
      gathered.emplace_back(*p.stream, owns ? static_cast<index_t>(plan.offsets.back()) : 0);
      receive.push_back(owns ? gathered.back().data() : nullptr);
    }
    team.bytes().all_gather(team.streams(), send, receive, plan.offsets);

    // local work: owners join them
    for (std::size_t k = 0; k < x.parts().size(); ++k) {
      auto const& p = x.parts()[k];
      for (std::size_t run = 0; run < straddling.size(); ++run) {
        if (straddling[run].owner != p.rank) continue;
        index_t const length = straddling[run].end - straddling[run].begin;
        std::vector<piece> pieces;
        std::size_t offset = 0;
        for (auto const& one : plan.pieces)
          if (one.run == run) {
            if (pieces.empty()) offset = one.offset;
            pieces.push_back(one.where);
          }
        buffer<std::byte, S> whole(*p.stream, static_cast<index_t>(R::bytes({0, length, length})));
        reduce_join(*p.stream, reduction, std::move(pieces), gathered[k].data() + offset, whole.data());
        reduce_finish(*p.stream, reduction, length, whole.data(),
                      results[k].data() + (found.cuts.size(p.rank) - 1));
      }
    }
    team.sync();
    return reduced_runs<key, result, S>{std::move(kept), {team, found.cuts, std::move(results)}};
  });
}

/// The same for the elements of x themselves.
template <class Op, class K, class T, backend S>
auto reduce_by_key(distributed_array<K, S> const& keys, distributed_array<T, S> const& x, Op const& op) {
  return transform_reduce_by_key(keys, identity{}, op, x);
}

/// Σ x[i] for every run of keys, in T: floats in the canonical order, integers modulo 2^bits.
template <class K, class T, backend S>
auto sum_by_key(distributed_array<K, S> const& keys, distributed_array<T, S> const& x) {
  return reduce_by_key(keys, x, plus<std::remove_const_t<T>>{});
}

/// Σ x[i] for every run of keys, rounded once.
template <class K, class T, backend S>
auto exact_sum_by_key(distributed_array<K, S> const& keys, distributed_array<T, S> const& x) {
  return reduce_by_key(keys, x, exactly_rounded<exact_sum<exact_element<std::remove_const_t<T>>>>{});
}

}  // namespace prorata
