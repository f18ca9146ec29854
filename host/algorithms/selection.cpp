// Selection from counts of digits: as many reads as digits decide, and what is left is kept in memory.
#include <algorithm>
#include <host/algorithms/selection.hpp>
#include <host/count_digits.hpp>
#include <host/io/printable.hpp>
#include <host/pool.hpp>
#include <mutex>
#include <prorata/error.hpp>

namespace prorata::host {

using prorata::detail::placed_key;

namespace {

template <class K>
struct keys_of_tile {
  K const* keys;
  K operator()(index_t i) const { return keys[i]; }
};

/// Tables that threads count in, one for each that counts at the same time.
class digit_tables {
 public:
  explicit digit_tables(index_t size)
      : total_(static_cast<std::size_t>(size), 0),
        pool_([this] { return std::make_unique<table>(total_.size()); }) {}

  struct table {
    explicit table(std::size_t size) : counts(size, 0u) {}
    std::vector<std::uint32_t> counts;
    index_t seen = 0;
  };
  auto lend() { return pool_.lend(); }

  /// To be told before `elements` more, at most 2^30, are counted.
  void expect(table& mine, index_t elements) {
    if (mine.seen + elements >= index_t{1} << 32) empty(mine);
    mine.seen += elements;
  }
  /// Counts that were made elsewhere.
  void add(std::vector<index_t> const& counts) {
    std::lock_guard const lock(mutex_);
    for (std::size_t k = 0; k < counts.size(); ++k) total_[k] += counts[k];
  }
  std::vector<index_t> total() {
    pool_.each([&](table& t) { empty(t); });
    return total_;
  }

 private:
  void empty(table& t) {
    std::lock_guard const lock(mutex_);
    for (std::size_t k = 0; k < total_.size(); ++k) total_[k] += t.counts[k];
    std::fill(t.counts.begin(), t.counts.end(), 0u);
    t.seen = 0;
  }

  std::vector<index_t> total_;
  std::mutex mutex_;
  pool<table> pool_;
};

/// The keys of a file's elements in an order, and reads of the whole file.
template <class K>
class file_keys {
 public:
  file_keys(chunked_run& run, key_source<K> const& source, direction way)
      : run_(run), source_(source), way_(way) {}

  key_source<K> const& source() const { return source_; }
  index_t c_order_index(index_t i) const { return source_.column().c_order_index(i); }

  /// f(room, keys, first, n) for every tile, on all threads; each part of the file has its make_room().
  template <class MakeRoom, class F>
  void each(char const* what, MakeRoom const& make_room, F const& f) {
    run_.run(what, [&](piece p) { in_tiles(p, make_room, f); });
  }
  /// The same without a room.
  template <class F>
  void each(char const* what, F const& f) {
    each(
        what, [] { return 0; }, [&](int, K const* keys, index_t first, index_t n) { f(keys, first, n); });
  }

  /// One round of a search over the file; GPUs count their share.
  void round(rank_search<K>& search) {
    auto const rule = search.rule(search.prefixes().data());
    bool const all = rule.count == 1 && rule.shift + rule.bits >= source_.bits();
    index_t const slots = rule.slots(), tables = all ? detail::count_tables : 1;
    digit_tables counted(slots * tables);
    auto const count = [&](auto const& table, K const* keys, index_t, index_t n) {
      counted.expect(*table, n);
      if (all)
        detail::count_all<K>(keys_of_tile<K>{keys}, rule, 0, n, table->counts.data());
      else
        detail::count_some<K>(keys_of_tile<K>{keys}, rule, 0, n, table->counts.data());
    };
    auto const on_threads = [&](piece p) {
      in_tiles(
          p, [&] { return counted.lend(); }, count);
    };
    run_.run("count", on_threads, [&](stream const& s, gpu_rank& gpu, piece p) {
      if (!source_.of_stored()) return each_grain(s, p, on_threads);
      std::vector<index_t> counts(static_cast<std::size_t>(slots), 0);
      gpu.count_digits(s, source_.column(), way_, rule, p, counts.data());
      counted.add(counts);
    });
    auto counts = summed(counted.total(), slots);
    run_.processes().add(counts);
    search.take(counts);
  }
  /// What all processes have kept.
  template <class E>
  std::vector<E> of_all_processes(std::vector<E> mine) const {
    return run_.processes().gather(std::move(mine));
  }

  /// That one read of the file found what another did not.
  [[noreturn]] void changed() const {
    throw input_error(io::printable(source_.column().array().path) +
                      ": file changed while being read; nothing is answered");
  }

  static std::vector<index_t> summed(std::vector<index_t> tables, index_t slots) {
    for (std::size_t k = static_cast<std::size_t>(slots); k < tables.size(); ++k)
      tables[k % static_cast<std::size_t>(slots)] += tables[k];
    tables.resize(static_cast<std::size_t>(slots));
    return tables;
  }

 private:
  template <class MakeRoom, class F>
  void in_tiles(piece p, MakeRoom const& make_room, F const& f) const {
    auto const room = make_room();
    source_.template each_block<tile>(
        p.begin, p.end, [&](K const* keys, index_t first, index_t n) { f(room, keys, first, n); });
  }

  chunked_run& run_;
  key_source<K> const& source_;
  direction way_;
};

}  // namespace

template <class K>
std::vector<K> keys_at(chunked_run& run, key_source<K> const& source, direction way,
                       std::vector<index_t> const& places, index_t memory) {
  file_keys<K> file(run, source, way);
  rank_search<K> search(places, 1, file.source().bits());
  // One more round costs less than to bring together what is many.
  index_t const few =
      std::min(std::max(run.cuts().n / 256, index_t{1} << 16), memory / 4 / index_t{sizeof(K)});
  do file.round(search);
  while (!search.done() && search.in_question(0) > few);
  if (!search.done()) {  // what is left fits: it is read once more, and searched in memory
    auto const list = search.prefixes();
    auto const wanted = search.candidates(list.data());
    std::vector<K> left;
    std::mutex adding;
    left.reserve(static_cast<std::size_t>(search.in_question(0)));
    file.each("keep", [&](K const* keys, index_t, index_t n) {
      K mine[tile];
      index_t count = 0;
      for (index_t j = 0; j < n; ++j) {
        mine[count] = keys[j];
        count += wanted.slot(keys[j]) >= 0;
      }
      if (count == 0) return;
      std::lock_guard const lock(adding);
      left.insert(left.end(), mine, mine + count);
    });
    left = file.of_all_processes(std::move(left));
    if (static_cast<index_t>(left.size()) != search.in_question(0)) file.changed();
    while (!search.done()) {
      auto const rule = search.rule(search.prefixes().data());
      std::vector<index_t> counts(static_cast<std::size_t>(rule.slots()), 0);
      for (K const key : left)
        if (index_t const slot = rule.slot(key); slot >= 0) ++counts[static_cast<std::size_t>(slot)];
      search.take(counts);
    }
  }
  std::vector<K> result;
  for (auto const& target : search.found()) result.push_back(target.key);
  return result;
}

template <class K>
std::vector<placed_key<K>> least_keys(chunked_run& run, key_source<K> const& source, direction way, index_t k,
                                      index_t memory) {
  using one = placed_key<K>;
  file_keys<K> file(run, source, way);
  rank_search<K> search({k - 1}, 1, file.source().bits());
  auto const& last = search.found().front();
  index_t const fit = std::max(k, memory / 4 / static_cast<index_t>(sizeof(one)));
  do file.round(search);
  while (!search.done() && last.below[0] + last.equal[0] > fit);

  // Everything before the last one's digits, and those with them: all, or, of equal ones, the first.
  auto const with_digits = search.candidates(search.prefixes().data());
  index_t const wanted = search.done() ? k - last.below[0] : last.equal[0];
  std::vector<one> found, ties;
  found.reserve(static_cast<std::size_t>(last.below[0] + wanted));
  std::mutex adding;
  file.each("keep", [&](K const* keys, index_t first, index_t n) {
    std::vector<one> before, equal;  // few, as a rule none
    for (index_t j = 0; j < n; ++j) {
      K const top = with_digits.above(keys[j]);
      if (top < last.key) before.push_back({keys[j], file.c_order_index(first + j)});
      if (top == last.key) equal.push_back({keys[j], file.c_order_index(first + j)});
    }
    if (before.empty() && equal.empty()) return;
    std::lock_guard const lock(adding);
    found.insert(found.end(), before.begin(), before.end());
    ties.insert(ties.end(), equal.begin(), equal.end());
    if (search.done() && static_cast<index_t>(ties.size()) > 2 * wanted + tile) {
      std::nth_element(ties.begin(), ties.begin() + wanted, ties.end());
      ties.resize(static_cast<std::size_t>(wanted));
    }
  });
  found.insert(found.end(), ties.begin(), ties.end());
  ties = {};
  found = file.of_all_processes(std::move(found));
  std::sort(found.begin(), found.end());
  if (static_cast<index_t>(found.size()) < k) file.changed();
  found.resize(static_cast<std::size_t>(k));
  return found;
}

template std::vector<std::uint32_t> keys_at(chunked_run&, key_source<std::uint32_t> const&, direction,
                                            std::vector<index_t> const&, index_t);
template std::vector<std::uint64_t> keys_at(chunked_run&, key_source<std::uint64_t> const&, direction,
                                            std::vector<index_t> const&, index_t);
template std::vector<placed_key<std::uint32_t>> least_keys(chunked_run&, key_source<std::uint32_t> const&,
                                                           direction, index_t, index_t);
template std::vector<placed_key<std::uint64_t>> least_keys(chunked_run&, key_source<std::uint64_t> const&,
                                                           direction, index_t, index_t);

}  // namespace prorata::host
