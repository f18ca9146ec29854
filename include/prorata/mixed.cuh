// CPUs and GPUs in one team: a stream that is either, chosen when it is made.
#pragma once

#include <prorata/cuda.cuh>
#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace prorata::mixed {

using event = std::variant<host::event, cuda::event>;

/// A stream of the host or of a GPU. Functors given to it run on either: mark them PRORATA_HD.
///   waits  a GPU stream that waits for a host event makes the calling thread wait; so do transfers between
///          a GPU and the host
class stream {
 public:
  using event_type = event;

  stream(host::stream s) : either_(std::move(s)) {}
  stream(cuda::stream s) : either_(std::move(s)) {}

  void* allocate(std::size_t bytes) {
    return std::visit([&](auto& s) { return s.allocate(bytes); }, either_);
  }
  void deallocate(void* memory, std::size_t bytes) noexcept {
    std::visit([&](auto& s) { s.deallocate(memory, bytes); }, either_);
  }
  void copy(void* to, void const* from, std::size_t bytes) {
    std::visit([&](auto& s) { s.copy(to, from, bytes); }, either_);
  }
  event record() {
    return std::visit([](auto& s) { return event(s.record()); }, either_);
  }
  void wait(event const& e) { std::visit(await{}, either_, e); }
  void sync() {
    std::visit([](auto& s) { s.sync(); }, either_);
  }
  void drain() noexcept {
    std::visit([](auto& s) { s.drain(); }, either_);
  }
  stream sibling() const {
    return std::visit([](auto const& s) { return stream(s.sibling()); }, either_);
  }
  std::string const& name() const {
    return std::visit([](auto const& s) -> std::string const& { return s.name(); }, either_);
  }

  std::variant<host::stream, cuda::stream>& either() { return either_; }
  std::variant<host::stream, cuda::stream> const& either() const { return either_; }

 private:
  struct await {
    void operator()(host::stream& s, host::event const& e) const { s.wait(e); }
    void operator()(cuda::stream& s, cuda::event const& e) const { s.wait(e); }
    void operator()(host::stream& s, cuda::event const& e) const {
      s.enqueue([e] { e.wait(); });
    }
    void operator()(cuda::stream&, host::event const& e) const { e.wait(); }
  };

  std::variant<host::stream, cuda::stream> either_;
};

namespace detail {
/// Copies between two kinds of device. A GPU's copy from or to ordinary memory must not begin before the host
/// stream is done with that memory, nor be passed by it: so the calling thread waits for both.
struct move {
  void* to;
  void const* from;
  std::size_t bytes;
  void operator()(host::stream& t, host::stream& f) const { transfer(t, to, f, from, bytes); }
  void operator()(cuda::stream& t, cuda::stream& f) const { transfer(t, to, f, from, bytes); }
  void operator()(cuda::stream& t, host::stream& f) const {
    f.record().wait();
    t.copy(to, from, bytes);
    t.sync();
  }
  void operator()(host::stream& t, cuda::stream& f) const {
    t.record().wait();
    f.copy(to, from, bytes);
    f.sync();
  }
};

/// The same without any order between the streams.
struct copying {
  void* to;
  void const* from;
  std::size_t bytes;
  void operator()(host::stream& t, host::stream& f) const { copy_from(t, to, f, from, bytes); }
  void operator()(cuda::stream& t, cuda::stream& f) const { copy_from(t, to, f, from, bytes); }
  void operator()(cuda::stream& t, host::stream&) const { t.copy(to, from, bytes); }
  void operator()(host::stream&, cuda::stream& f) const { f.copy(to, from, bytes); }
};

struct reach {
  bool operator()(host::stream const& a, host::stream const& b) const { return same_memory(a, b); }
  bool operator()(cuda::stream const& a, cuda::stream const& b) const { return same_memory(a, b); }
  template <class A, class B>
  bool operator()(A const&, B const&) const {
    return false;
  }
};
}  // namespace detail

/// Whether work on one stream reaches what the other allocates as its own.
inline bool same_memory(stream const& a, stream const& b) {
  return std::visit(detail::reach{}, a.either(), b.either());
}

inline bool sees_host_memory(stream const& s) {
  return std::visit([](auto const& one) { return sees_host_memory(one); }, s.either());
}

/// Queues on `to` a copy of bytes that `from` has produced; `from` goes on only when they have been read.
inline void transfer(stream& to, void* destination, stream& from, void const* source, std::size_t bytes) {
  if (bytes == 0) return;
  if (&to == &from) return to.copy(destination, source, bytes);
  std::visit(detail::move{destination, source, bytes}, to.either(), from.either());
}

/// The same without any order between the two; between a GPU and the host it is queued on the GPU.
inline void copy_from(stream& to, void* destination, stream& from, void const* source, std::size_t bytes) {
  if (bytes == 0) return;
  std::visit(detail::copying{destination, source, bytes}, to.either(), from.either());
}

template <class F>
void for_each_index(stream& s, index_t begin, index_t end, F f) {
  std::visit([&](auto& one) { for_each_index(one, begin, end, f); }, s.either());
}
template <class Load, class T>
void transform_index(stream& s, index_t begin, index_t end, Load load, T* out) {
  std::visit([&](auto& one) { transform_index(one, begin, end, load, out); }, s.either());
}
template <class R, class Load>
void reduce_piece(stream& s, R const& r, piece p, Load load, std::byte* out) {
  std::visit([&](auto& one) { reduce_piece(one, r, p, load, out); }, s.either());
}
template <class R>
void reduce_join(stream& s, R const& r, std::vector<piece> pieces, std::byte const* in, std::byte* out) {
  std::visit([&](auto& one) { reduce_join(one, r, pieces, in, out); }, s.either());
}
template <class R>
void reduce_finish(stream& s, R const& r, index_t n, std::byte const* in, typename R::result_type* out) {
  std::visit([&](auto& one) { reduce_finish(one, r, n, in, out); }, s.either());
}
template <class Load>
void histogram_index(stream& s, bin_rule rule, index_t begin, index_t end, Load load, index_t* counts) {
  std::visit([&](auto& one) { histogram_index(one, rule, begin, end, load, counts); }, s.either());
}

template <class T>
void sort_keys(stream& s, total_order<T> order, T* data, index_t n) {
  std::visit([&](auto& one) { sort_keys(one, order, data, n); }, s.either());
}
template <class T, class V>
void sort_pairs(stream& s, total_order<T> order, T* keys, V* values, index_t n) {
  std::visit([&](auto& one) { sort_pairs(one, order, keys, values, n); }, s.either());
}
template <class T>
void sort_indices(stream& s, total_order<T> order, T* data, index_t first, index_t* indices, index_t n) {
  std::visit([&](auto& one) { sort_indices(one, order, data, first, indices, n); }, s.either());
}
template <class T>
void merge_keys(stream& s, total_order<T> order, T const* a, index_t n, T const* b, index_t m, T* out) {
  std::visit([&](auto& one) { merge_keys(one, order, a, n, b, m, out); }, s.either());
}
template <class T, class V>
void merge_pairs(stream& s, total_order<T> order, T const* a, V const* a_values, index_t n, T const* b,
                 V const* b_values, index_t m, T* out, V* out_values) {
  std::visit([&](auto& one) { merge_pairs(one, order, a, a_values, n, b, b_values, m, out, out_values); },
             s.either());
}

inline index_t multisplit_places(stream& s, index_t n, index_t buckets) {
  return std::visit([&](auto& one) { return multisplit_places(one, n, buckets); }, s.either());
}
template <class BucketOf>
void count_buckets(stream& s, index_t begin, index_t end, index_t buckets, BucketOf bucket_of,
                   index_t* places, index_t* counts) {
  std::visit([&](auto& one) { count_buckets(one, begin, end, buckets, bucket_of, places, counts); },
             s.either());
}
template <class BucketOf, class Load, class T>
void scatter_buckets(stream& s, index_t begin, index_t end, index_t buckets, BucketOf bucket_of, Load load,
                     index_t const* places, T* const* out) {
  std::visit([&](auto& one) { scatter_buckets(one, begin, end, buckets, bucket_of, load, places, out); },
             s.either());
}
template <class Keep, class... Column>
void select_index(stream& s, index_t begin, index_t end, Keep keep, index_t* count, Column... columns) {
  std::visit([&](auto& one) { select_index(one, begin, end, keep, count, columns...); }, s.either());
}
template <class K, class Load>
void count_digits(stream& s, index_t begin, index_t end, Load load, digit_rule<K> rule, index_t* counts) {
  std::visit([&](auto& one) { count_digits(one, begin, end, load, rule, counts); }, s.either());
}
template <class R, class Load>
[[nodiscard]] work_left reduce_runs(stream& s, R const& r, index_t const* begins, index_t count, index_t end,
                                    Load load, typename R::result_type* out) {
  return std::visit([&](auto& one) { return reduce_runs(one, r, begins, count, end, load, out); },
                    s.either());
}
template <class Keep, class Load, class T>
void partition_index(stream& s, index_t begin, index_t end, Keep keep, Load load, T* kept, T* rest,
                     index_t* count) {
  std::visit([&](auto& one) { partition_index(one, begin, end, keep, load, kept, rest, count); }, s.either());
}
template <class Op, class Load>
void scan_nodes(stream& s, Op const& op, piece p, Load load, typename Op::value_type* out) {
  std::visit([&](auto& one) { scan_nodes(one, op, p, load, out); }, s.either());
}
template <class Op>
void scan_enter(stream& s, Op const& op, std::vector<piece> pieces, std::byte const* nodes,
                running_fold<typename Op::value_type>* so_far) {
  std::visit([&](auto& one) { scan_enter(one, op, pieces, nodes, so_far); }, s.either());
}
template <class Op, class Load, class R>
void scan_piece(stream& s, scan_form<Op> const& form, piece p, Load load,
                running_fold<typename Op::value_type>* so_far, R* out) {
  std::visit([&](auto& one) { scan_piece(one, form, p, load, so_far, out); }, s.either());
}

/// Groups on either kind of device.
class groups {
 public:
  explicit groups(std::variant<host::groups, cuda::groups> of) : of_(std::move(of)) {}
  index_t count() const {
    return std::visit([](auto const& g) { return g.count(); }, of_);
  }
  index_t records() const {
    return std::visit([](auto const& g) { return g.records(); }, of_);
  }
  template <class Groups>
  Groups const& on() const {
    return std::get<Groups>(of_);
  }

 private:
  std::variant<host::groups, cuda::groups> of_;
};

namespace detail {
/// The groups that belong to a kind of stream.
inline host::groups const& groups_on(host::stream&, groups const& g) { return g.on<host::groups>(); }
inline cuda::groups const& groups_on(cuda::stream&, groups const& g) { return g.on<cuda::groups>(); }
}  // namespace detail

template <class Keys, class Values>
groups start_groups(stream& s, group_plan const& plan, index_t begin, index_t end, Keys keys, Values values,
                    bool finished) {
  return std::visit(
      [&](auto& one) { return groups(start_groups(one, plan, begin, end, keys, values, finished)); },
      s.either());
}
inline bool resolve_overflow(stream& s, groups const& of) {
  return std::visit([&](auto& one) { return resolve_overflow(one, detail::groups_on(one, of)); }, s.either());
}
inline groups merge_groups(stream& s, group_plan const& plan, std::vector<record_run> runs) {
  return std::visit([&](auto& one) { return groups(merge_groups(one, plan, runs)); }, s.either());
}
inline void read_records(stream& s, groups const& from, std::byte* out) {
  std::visit([&](auto& one) { read_records(one, detail::groups_on(one, from), out); }, s.either());
}
template <class Convert, class T>
void read_groups(stream& s, groups const& from, group_column column, Convert convert, T* out) {
  std::visit([&](auto& one) { read_groups(one, detail::groups_on(one, from), column, convert, out); },
             s.either());
}

}  // namespace prorata::mixed

namespace prorata {

static_assert(backend<mixed::stream>);

namespace mixed {

/// move_blocks for streams of both kinds.
///   waits  once for the host's streams that take part in copies between kinds, and once for the GPUs': what they send
///          each other goes on meanwhile
inline void move_blocks(std::span<stream> streams, std::vector<block_move> const& blocks) {
  auto const is_host = [&](int rank) {
    return std::holds_alternative<host::stream>(streams[static_cast<std::size_t>(rank)].either());
  };
  std::vector<block_move> alike, up, down;
  std::vector<bool> between(streams.size(), false);
  for (block_move const& b : blocks) {
    if (b.bytes == 0) continue;
    bool const crosses = is_host(b.from) != is_host(b.to);
    (!crosses ? alike : is_host(b.from) ? up : down).push_back(b);
    if (crosses) between[static_cast<std::size_t>(b.from)] = between[static_cast<std::size_t>(b.to)] = true;
  }
  std::vector<event> reached;
  for (std::size_t r = 0; r < streams.size(); ++r)
    if (between[r] && is_host(static_cast<int>(r))) reached.push_back(streams[r].record());
  try {
    prorata::move_blocks<stream>(streams, alike);
    for (event const& e : reached) std::get<host::event>(e).wait();
    for (auto const* list : {&up, &down})
      for (block_move const& b : *list)
        copy_from(streams[static_cast<std::size_t>(b.to)], b.destination,
                  streams[static_cast<std::size_t>(b.from)], b.source, b.bytes);
    for (std::size_t r = 0; r < streams.size(); ++r)
      if (between[r] && !is_host(static_cast<int>(r))) streams[r].sync();
  } catch (...) {  // the host's streams do not know what the GPUs still read and write
    for (stream& s : streams) s.drain();
    throw;
  }
}

}  // namespace mixed

/// Every GPU of this machine, `shards` ranks on each.
///   throws  device_error where there is none
inline team<cuda::stream> gpu_team(int shards = 1) {
  int const devices = cuda::device_count();
  if (devices == 0) throw device_error("no GPU can be used here; --devices cpu needs none");
  require(shards >= 1, "a GPU carries at least one rank");
  std::vector<cuda::stream> streams;
  for (int device = 0; device < devices; ++device)
    for (int shard = 0; shard < shards; ++shard) streams.emplace_back(device);
  return team<cuda::stream>(std::move(streams));
}

namespace detail {
/// The machine as it is: every GPU, or the CPU where there is none.
inline team<mixed::stream> machine(std::type_identity<mixed::stream>) {
  std::vector<mixed::stream> streams;
  for (int device = 0; device < cuda::device_count(); ++device) streams.emplace_back(cuda::stream(device));
  if (streams.empty()) streams.emplace_back(host::stream());
  return team<mixed::stream>(std::move(streams));
}
}  // namespace detail

}  // namespace prorata
