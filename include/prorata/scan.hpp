// Scans of distributed arrays: every element becomes the fold of those up to it, with the same bits for every
// split.
#pragma once

#include <prorata/elements.hpp>
#include <prorata/running.hpp>

namespace prorata {

namespace detail {

template <class Op>
inline constexpr bool is_reduction = requires {
  typename Op::operation;
  Op::lanes;
};

/// An operation, what `in_sequence` made of one, or a callable: as an operation.
template <class T, class Op>
auto scan_operation(Op const& op) {
  if constexpr (is_reduction<Op>) {
    return op.op;
  } else if constexpr (requires { typename Op::value_type; }) {
    return op;
  } else {
    return folding<T, Op>{op};
  }
}

/// Scans f(x[i]) into out. The ranks tell each other the totals of their maximal nodes; then every rank knows
/// what lies before its share and scans it.
template <class R, class F, class T, backend S, class Op>
void run_scan(distributed_array<R, S>& out, F const& f, distributed_array<T, S> const& x,
              scan_form<Op> const& form) {
  static_assert(!counted<Op>, "operations that are told how many elements they fold have no scan");
  using value = typename Op::value_type;
  require_alike(out, x);
  detail::finishing(out, x, f, form.op)([&] {
    auto const& team = x.team();
    auto const& cuts = x.partition();
    std::vector<piece> pieces;
    std::vector<std::size_t> offsets{0};
    int last = 0;  // the last rank that has any elements: nobody needs to know its nodes
    for (int rank = 0; rank < team.ranks(); ++rank)
      if (cuts.size(rank) > 0) last = rank;
    for (int rank = 0; rank < team.ranks(); ++rank) {
      pieces.push_back({cuts.begin(rank), rank < last ? cuts.end(rank) : cuts.begin(rank), x.size()});
      offsets.push_back(offsets.back() + static_cast<std::size_t>(scan_node_bytes<value>(pieces.back())));
    }

    // local work: the totals of each share's nodes; bytes: they reach every rank
    std::vector<buffer<std::byte, S>> nodes, gathered;
    if (offsets.back() > 0) {
      std::vector<void const*> send;
      std::vector<void*> receive;
      for (std::size_t k = 0; k < x.parts().size(); ++k) {
        auto const& p = x.parts()[k];
        auto const rank = static_cast<std::size_t>(p.rank);
        nodes.emplace_back(*p.stream, static_cast<index_t>(offsets[rank + 1] - offsets[rank]));
        gathered.emplace_back(*p.stream, static_cast<index_t>(offsets.back()));
        send.push_back(nodes.back().data());
        receive.push_back(gathered.back().data());
        scan_nodes(*p.stream, form.op, pieces[rank], load_of(f, k, x),
                   reinterpret_cast<value*>(nodes.back().data()));
      }
      team.bytes().all_gather(team.streams(), send, receive, offsets);
    }

    // local work: what lies before each share, and its scan
    for (std::size_t k = 0; k < x.parts().size(); ++k) {
      auto const& p = x.parts()[k];
      buffer<running_fold<value>, S> so_far(*p.stream, 1);
      scan_enter(*p.stream, form.op, {pieces.begin(), pieces.begin() + p.rank},
                 gathered.empty() ? nullptr : gathered[k].data(), so_far.data());
      scan_piece(*p.stream, form, piece{p.begin, p.end(), x.size()}, load_of(f, k, x), so_far.data(),
                 out.parts()[k].data);
    }
  });
}

template <class F, class T>
using mapped = std::remove_cvref_t<std::invoke_result_t<F, T const&>>;

}  // namespace detail

/// out[i] = f(x[0]) ∘ f(x[1]) ∘ … ∘ f(x[i]), ∘ being op: an operation such as plus<double>, or any callable
/// (T, T) → T that is associative. It need not be commutative.
///   shape   n elements → n elements, cut alike; `out` may be x; its elements may be of another type
///   order   base32-v1 (running.hpp): of the elements' places alone, so that appending elements never changes
///           earlier outputs, and sums of numbers ≥ 0 never decrease
///   cost    a team of one: one read, one write. Of several: one more read by all but the last, and each
///           rank sends at most 62 values for each factor of 32 in n
///   waits   for borrowed arrays, and where f or op has members; else the work is queued
///   throws  usage_error for arrays that differ in team or partition; device_error, communication_error
template <class R, class F, class T, backend S, class Op>
void transform_inclusive_scan(distributed_array<R, S>& out, F f, Op const& op,
                              distributed_array<T, S> const& x) {
  auto const operation = detail::scan_operation<detail::mapped<F, T>>(op);
  detail::run_scan(out, f, x,
                   scan_form<std::remove_const_t<decltype(operation)>>{operation, {}, false, false});
}

/// The same with an initial value, which enters last: out[i] = op(init, scan of x at i).
template <class R, class F, class T, backend S, class Op, class I>
void transform_inclusive_scan(distributed_array<R, S>& out, F f, Op const& op,
                              distributed_array<T, S> const& x, I init) {
  auto const operation = detail::scan_operation<detail::mapped<F, T>>(op);
  using O = std::remove_const_t<decltype(operation)>;
  detail::run_scan(out, f, x,
                   scan_form<O>{operation, static_cast<typename O::value_type>(init), true, false});
}

/// out[0] = init, out[i] = op(init, inclusive scan of f(x) at i − 1).
template <class R, class F, class T, backend S, class Op, class I>
void transform_exclusive_scan(distributed_array<R, S>& out, F f, Op const& op,
                              distributed_array<T, S> const& x, I init) {
  auto const operation = detail::scan_operation<detail::mapped<F, T>>(op);
  using O = std::remove_const_t<decltype(operation)>;
  detail::run_scan(out, f, x, scan_form<O>{operation, static_cast<typename O::value_type>(init), true, true});
}

/// out[i] = x[0] ∘ … ∘ x[i]. Order, cost, waits and throws are those of transform_inclusive_scan.
template <class R, class T, backend S, class Op>
void inclusive_scan(distributed_array<R, S>& out, Op const& op, distributed_array<T, S> const& x) {
  transform_inclusive_scan(out, identity{}, op, x);
}
template <class R, class T, backend S, class Op, class I>
void inclusive_scan(distributed_array<R, S>& out, Op const& op, distributed_array<T, S> const& x, I init) {
  transform_inclusive_scan(out, identity{}, op, x, init);
}

/// out[0] = init, out[i] = op(init, x[0] ∘ … ∘ x[i − 1]).
template <class R, class T, backend S, class Op, class I>
void exclusive_scan(distributed_array<R, S>& out, Op const& op, distributed_array<T, S> const& x, I init) {
  transform_exclusive_scan(out, identity{}, op, x, init);
}

}  // namespace prorata
