// Batches of words: searched with the lines of later keys on their way, brought in region by region.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <host/fp_environment.hpp>
#include <host/hashing/table.hpp>
#include <limits>
#include <prorata/error.hpp>
#include <string>
#include <type_traits>
#include <vector>

namespace prorata::host::hashing {

namespace {

constexpr index_t search_grain = 1 << 14;  // keys that one thread looks for together
constexpr index_t ahead = 32;  // keys whose lines are on their way: a core has about as many at a time
constexpr index_t round_length = 1 << 24;  // pairs that are dealt out together; they are in memory twice
constexpr index_t part_length = 1 << 16;   // of less it does not pay
constexpr index_t most_parts = 1024;       // each has an open line in the cache of a core that deals
constexpr index_t fewest_places = 64;

template <class T>
void prefetch(T const* p) {
  __builtin_prefetch(p);
}

/// Where a key belongs.
struct target {
  std::uint64_t hash;
  index_t home;
};

/// f(i, target of key i) for keys in order, when the lines of their homes are near, until it says no; how many it took.
template <class Ref, class KeyOf, class F>
index_t with_targets(Ref const& table, index_t n, KeyOf const& key_of, F const& f) {
  target targets[ahead];
  auto const fetch = [&](index_t i) {
    std::uint64_t const h = table.hash(key_of(i));
    target const t{h, table.home(h)};
    prefetch(&table.buckets[t.home]);
    targets[i % ahead] = t;
  };
  for (index_t i = 0; i < std::min(ahead, n); ++i) fetch(i);
  for (index_t i = 0; i < n; ++i) {
    target const t = targets[i % ahead];
    if (i + ahead < n) fetch(i + ahead);
    if (!f(i, t)) return i;
  }
  return n;
}

template <class V>
V sum_of_words(V a, V b) {
  return static_cast<V>(a + b);
}
template <class V>
V sum_of_floats(V a, V b) {
  using F = std::conditional_t<sizeof(V) == 4, float, double>;
  F const sum = std::bit_cast<F>(a) + std::bit_cast<F>(b);
  return sum == sum ? std::bit_cast<V>(sum) : std::bit_cast<V>(std::numeric_limits<F>::quiet_NaN());
}

template <when_found What, class V>
void meet(V& there, V given) {
  if constexpr (What == when_found::assign) there = given;
  if constexpr (What == when_found::add) there = sum_of_words(there, given);
  if constexpr (What == when_found::add_floats) there = sum_of_floats(there, given);
}

enum class outcome : std::uint8_t { found, fresh, no_place };

/// Brings a pair in that is not of key 0; `after` is the key's value then.
template <when_found What, class K, class V>
outcome bring(table_ref<K, V> const& table, target t, K key, V value, V& after) {
  constexpr int last = bucket<K, V>::places - 1;
  index_t b = t.home;
  for (;; ++b) {
    auto& here = table.buckets[b];
    if (unsigned const m = here.match(key)) {
      V& there = here.values[std::countr_zero(m)];
      meet<What>(there, value);
      after = there;
      return outcome::found;
    }
    if (!here.full()) break;
    if (t.hash <= table.hash(here.keys[last])) break;
  }
  index_t end = b;  // whose free place is taken
  while (table.buckets[end].full()) ++end;
  int const free = table.buckets[end].used();
  if (free == last && table.shape.last_of_region(end)) return outcome::no_place;
  after = value;
  for (; b < end; ++b) table.buckets[b].exchange_last(key, value, table.seed);
  table.buckets[end].add(free, key, value, table.seed);
  return outcome::fresh;
}

/// The same of a key that is known to be absent.
template <class K, class V>
bool bring_new(table_ref<K, V> const& table, K key, V value) {
  V after;
  std::uint64_t const h = table.hash(key);
  return bring<when_found::keep>(table, {h, table.home(h)}, key, value, after) == outcome::fresh;
}

/// Takes the pair at (b, place) out. Into a full bucket comes the least of the next one, if it belongs there or before
/// it, and so on.
template <class K, class V>
void take_out(table_ref<K, V> const& table, index_t b, int place) {
  for (;; ++b) {
    auto& here = table.buckets[b];
    int const last = here.used() - 1;
    here.keys[place] = here.keys[last];
    here.values[place] = here.values[last];
    here.keys[last] = 0;
    here.values[last] = 0;
    if (last < bucket<K, V>::places - 1) return;
    auto& there = table.buckets[b + 1];
    int least = 0;
    std::uint64_t hash = ~std::uint64_t{0};
    for (int i = 0, used = there.used(); i < used; ++i)
      if (std::uint64_t const h = table.hash(there.keys[i]); h <= hash) {
        hash = h;
        least = i;
      }
    if (there.keys[0] == 0 || table.home(hash) > b) return;
    here.keys[last] = there.keys[least];  // larger than those before it
    here.values[last] = there.values[least];
    place = least;
  }
}

/// How a table's regions are dealt among threads: so many of them together are a part.
struct division {
  int shift;
  index_t parts;

  explicit division(table_shape const& shape) : shift(1) {
    while (((shape.regions - 1) >> shift) + 1 > most_parts) ++shift;
    parts = ((shape.regions - 1) >> shift) + 1;
  }
};

template <class K, class V, bool Numbered>
struct record {
  K key;
  V value;
  std::uint32_t at;
};
template <class K, class V>
struct record<K, V, false> {
  K key;
  V value;
};
template <class K>
struct record<K, void, false> {
  K key;
};

/// A batch by parts of a table, in the order of the batch within each.
template <class R>
class dealt {
 public:
  /// record_of(i) for i in [0, n)
  template <class Ref, class RecordOf>
  dealt(thread_limit const& threads, Ref const& table, index_t n, RecordOf const& record_of)
      : division_(table.shape), begins_(static_cast<std::size_t>(division_.parts) + 1) {
    index_t const parts = division_.parts;
    index_t const blocks = std::clamp<index_t>(n / (16 * parts), 1, 4 * threads.threads());
    std::vector<index_t> places(static_cast<std::size_t>(blocks * parts));
    memory_ = pages(static_cast<std::size_t>(n) * sizeof(R));
    auto const part_of = [&](auto key) { return table.region(table.hash(key)) >> division_.shift; };
    auto const count = [&](index_t block) {
      index_t* const mine = places.data() + block * parts;
      for (index_t i = block * n / blocks, end = (block + 1) * n / blocks; i < end; ++i)
        ++mine[part_of(record_of(i).key)];
    };
    threads.run_blocks(blocks, loop_body::of(count));
    index_t before = 0;
    for (index_t part = 0; part < parts; ++part) {
      begins_[static_cast<std::size_t>(part)] = before;
      for (index_t block = 0; block < blocks; ++block)
        before += std::exchange(places[static_cast<std::size_t>(block * parts + part)], before);
    }
    begins_.back() = before;
    auto const deal = [&](index_t block) {
      index_t* const mine = places.data() + block * parts;
      for (index_t i = block * n / blocks, end = (block + 1) * n / blocks; i < end; ++i) {
        R const r = record_of(i);
        data()[mine[part_of(r.key)]++] = r;
      }
    };
    threads.run_blocks(blocks, loop_body::of(deal));
  }

  index_t parts() const { return division_.parts; }
  std::span<R> part(index_t p) const {
    auto const at = static_cast<std::size_t>(p);
    return {data() + begins_[at], static_cast<std::size_t>(begins_[at + 1] - begins_[at])};
  }

 private:
  R* data() const { return reinterpret_cast<R*>(memory_.data()); }

  division division_;
  std::vector<index_t> begins_;
  pages memory_;
};

/// Of the key 0.
template <when_found What, class V>
void bring_zero(bool& there, V& stored, V value, V& after) {
  if (there) {
    meet<What>(stored, value);
  } else {
    there = true;
    stored = value;
  }
  after = stored;
}

/// Buckets for so many pairs at a load, no fewer than a small table has.
template <class B>
index_t buckets_for(index_t pairs, double load) {
  auto const wanted = static_cast<double>(pairs) / load / B::places;
  if (wanted > 1e15) throw out_of_memory("hash_map: cannot hold " + std::to_string(pairs) + " pairs");
  return std::max(static_cast<index_t>(wanted) + 1, (fewest_places + B::places - 1) / B::places);
}

/// The threads' counts, each on a line of its own.
struct alignas(64) counter {
  index_t value = 0;
};

index_t sum_of(std::vector<counter> const& all) {
  index_t sum = 0;
  for (auto const& c : all) sum += c.value;
  return sum;
}

}  // namespace

template <class K, class V>
word_table<K, V>::word_table(double max_load, std::uint64_t seed, std::shared_ptr<thread_limit const> threads)
    : max_load_(max_load), seed_(seed), threads_(std::move(threads)) {
  require(0 < max_load && max_load <= 1, "hash_map: the load is a number from 0 to 1, and not 0");
  make(buckets_for<bucket_type>(0, max_load_));
}

template <class K, class V>
index_t word_table<K, V>::limit() const {
  return std::min(places(), std::max(static_cast<index_t>(max_load_ * static_cast<double>(places())),
                                     std::min(places(), fewest_places)));
}

template <class K, class V>
void word_table<K, V>::make(index_t buckets) {
  auto const shape = table_shape::of(buckets);
  memory_ = bucket_memory(static_cast<std::size_t>(shape.buckets()) * sizeof(bucket_type));
  shape_ = shape;
}

template <class K, class V>
void word_table<K, V>::reserve(index_t pairs) {
  if (pairs > limit()) rebuild(buckets_for<bucket_type>(std::max(pairs, in_buckets_), max_load_), seed_);
}

template <class K, class V>
void word_table<K, V>::rehash(index_t pairs) {
  rebuild(buckets_for<bucket_type>(std::max(pairs, in_buckets_), max_load_), seed_);
}

template <class K, class V>
void word_table<K, V>::clear() {
  in_buckets_ = 0;
  has_zero_ = false;
  make(buckets_for<bucket_type>(0, max_load_));
}

/// A region came to be full. Where the table as a whole is not, its keys were chosen for that: another seed.
template <class K, class V>
void word_table<K, V>::make_place() {
  if (2 * in_buckets_ >= limit()) {
    rebuild(shape_.regions * shape_.homes / 2 * 3 + 1, seed_);
  } else {
    rebuild(shape_.regions * shape_.homes, mix(seed_));
  }
}

template <class K, class V>
void word_table<K, V>::rebuild(index_t wanted, std::uint64_t seed) {
  for (int tries = 0;; ++tries) {
    table_shape const shape = table_shape::of(wanted);
    bucket_memory memory(static_cast<std::size_t>(shape.buckets()) * sizeof(bucket_type));
    table_ref<K, V> const to{static_cast<bucket_type*>(memory.data()), shape, seed, nullptr};
    std::atomic<bool> full{false};
    if (seed == seed_) {
      // hashes are in the same order in both: a region's keys come from one or a few neighbours
      auto const first_hash = [&](index_t region) {
        auto const regions = static_cast<std::uint64_t>(shape.regions);
        return static_cast<std::uint64_t>(((static_cast<unsigned __int128>(region) << 64) + (regions - 1)) /
                                          regions);
      };
      table_ref<K, V> const from = ref();
      auto const fill = [&](index_t region) {
        std::uint64_t const first = first_hash(region);
        std::uint64_t const last =
            region + 1 < shape.regions ? first_hash(region + 1) - 1 : ~std::uint64_t{0};
        index_t const home_of_last = from.home(last);
        for (index_t b = from.home(first); b < shape_.buckets() && !full; ++b) {
          auto const& here = from.buckets[b];
          bool beyond = false;
          for (int i = 0, used = here.used(); i < used; ++i) {
            std::uint64_t const h = from.hash(here.keys[i]);
            beyond |= h > last;
            if (first <= h && h <= last && !bring_new(to, here.keys[i], here.values[i])) full = true;
          }
          if (b >= home_of_last && (beyond || !here.full())) break;
        }
      };
      threads_->run_blocks(shape.regions, loop_body::of(fill));
    } else {
      for (index_t b = 0; b < shape_.buckets() && !full; ++b)
        for (int i = 0, used = buckets()[b].used(); i < used && !full; ++i)
          full = !bring_new(to, buckets()[b].keys[i], buckets()[b].values[i]);
    }
    if (!full) {
      memory_ = std::move(memory);
      shape_ = shape;
      seed_ = seed;
      return;
    }
    wanted = shape.regions * shape.homes / 2 * 3 + 1;
    if (tries % 4 == 3) seed = mix(seed);
  }
}

template <class K, class V>
index_t word_table<K, V>::upsert(std::span<K const> keys, V const* values, when_found what, V* after) {
  fp_environment const canonical;
  switch (what) {
    case when_found::keep:
      return upsert_as<when_found::keep>(keys, values, after);
    case when_found::assign:
      return upsert_as<when_found::assign>(keys, values, after);
    case when_found::add:
      return upsert_as<when_found::add>(keys, values, after);
    case when_found::add_floats:
      break;
  }
  return upsert_as<when_found::add_floats>(keys, values, after);
}

template <class K, class V>
template <when_found What>
index_t word_table<K, V>::upsert_as(std::span<K const> keys, V const* values, V* after) {
  index_t const before = size();
  auto const n = static_cast<index_t>(keys.size());
  double newness = 1;  // of the keys, as those that came last
  for (index_t done = 0; done < n;) {
    index_t const room = limit() - in_buckets_, rest = n - done;
    if (room < rest && room < std::max(places() / 8, fewest_places / 2)) {
      auto const expected = static_cast<double>(in_buckets_) + 1.02 * newness * static_cast<double>(rest);
      auto const most = static_cast<index_t>(std::min(expected, 8.0 * static_cast<double>(limit())));
      reserve(std::max({most, limit() / 2 * 3 + 1, 4 * fewest_places}));
      continue;
    }
    index_t const some = std::min({rest, room, round_length}), size_before = size();
    auto const* const k = keys.data() + done;
    auto* const a = after != nullptr ? after + done : nullptr;
    if (some >= part_length && shape_.regions > 2) {
      upsert_in_parts<What>(k, values + done, a, some);
    } else {
      upsert_in_order<What>(k, values + done, a, some);
    }
    newness = static_cast<double>(size() - size_before + 1) / static_cast<double>(some);
    done += some;
  }
  return size() - before;
}

template <class K, class V>
template <when_found What>
void word_table<K, V>::upsert_in_order(K const* keys, V const* values, V* after, index_t n) {
  for (index_t begin = 0; begin < n;) {
    V stored;
    begin += with_targets(
        ref(), n - begin, [&](index_t i) { return keys[begin + i]; },
        [&](index_t i, target const& t) {
          K const key = keys[begin + i];
          if (key == 0) {
            bring_zero<What>(has_zero_, zero_, values[begin + i], stored);
          } else {
            auto const o = bring<What>(ref(), t, key, values[begin + i], stored);
            if (o == outcome::no_place) return false;
            in_buckets_ += o == outcome::fresh;
          }
          if (after != nullptr) after[begin + i] = stored;
          return true;
        });
    if (begin < n) make_place();
  }
}

template <class K, class V>
template <when_found What>
void word_table<K, V>::upsert_in_parts(K const* keys, V const* values, V* after, index_t n) {
  auto const with = [&]<bool Numbered>(std::bool_constant<Numbered>) {
    using R = record<K, V, Numbered>;
    dealt<R> const all(*threads_, ref(), n, [&](index_t i) {
      if constexpr (Numbered) {
        return R{keys[i], values[i], static_cast<std::uint32_t>(i)};
      } else {
        return R{keys[i], values[i]};
      }
    });
    std::vector<counter> fresh(static_cast<std::size_t>(all.parts()));
    std::vector<index_t> stopped(static_cast<std::size_t>(all.parts()));
    table_ref<K, V> const table = ref();
    auto const take = [&](index_t p) {
      auto const mine = all.part(p);
      index_t count = 0;
      V stored;
      stopped[static_cast<std::size_t>(p)] = with_targets(
          table, static_cast<index_t>(mine.size()),
          [&](index_t i) { return mine[static_cast<std::size_t>(i)].key; },
          [&](index_t i, target const& t) {
            R const& r = mine[static_cast<std::size_t>(i)];
            if (r.key == 0) {  // comes to one part only
              bring_zero<What>(has_zero_, zero_, r.value, stored);
            } else {
              auto const o = bring<What>(table, t, r.key, r.value, stored);
              if (o == outcome::no_place) return false;
              count += o == outcome::fresh;
            }
            if constexpr (Numbered) after[r.at] = stored;
            return true;
          });
      fresh[static_cast<std::size_t>(p)].value = count;
    };
    threads_->run_blocks(all.parts(), loop_body::of(take));
    in_buckets_ += sum_of(fresh);
    for (index_t p = 0; p < all.parts(); ++p)  // where a region was full
      for (auto const& r :
           all.part(p).subspan(static_cast<std::size_t>(stopped[static_cast<std::size_t>(p)]))) {
        V* to = nullptr;
        if constexpr (Numbered) to = after + r.at;
        upsert_in_order<What>(&r.key, &r.value, to, 1);
      }
  };
  if (after != nullptr) {
    with(std::true_type{});
  } else {
    with(std::false_type{});
  }
}

template <class K, class V>
void word_table<K, V>::find(std::span<K const> keys, V* values, bool* found, V missing) const {
  auto const n = static_cast<index_t>(keys.size());
  table_ref<K, V> const table = ref();
  auto const look = [&](index_t grain) {
    index_t const first = grain * search_grain, count = std::min(search_grain, n - first);
    K const* const k = keys.data() + first;
    struct unresolved {
      std::uint64_t hash;
      index_t at, bucket;
    };
    constexpr int room = 64;
    unresolved waiting[room];
    int wait = 0;
    // Looks into one bucket, and notes where to go on: without branches that nobody can foresee.
    auto const look_at = [&](index_t i, std::uint64_t hash, index_t b) {
      auto const& here = table.buckets[b];
      unsigned const m = here.match(k[i]);
      V const value = here.values[std::countr_zero(m | 1u << (bucket_type::places - 1))];
      bool const is = m != 0;
      if (values != nullptr) values[first + i] = is ? value : missing;
      if (found != nullptr) found[first + i] = is;
      bool const on = here.goes_on(hash, table.seed);
      bool const more = (static_cast<int>(!is) & static_cast<int>(on)) != 0;
      waiting[wait] = {hash, i, b + 1};
      wait += more;
      prefetch(&table.buckets[b + more]);
    };
    auto const go_on = [&] {
      while (wait > 0) {
        int const now = std::exchange(wait, 0);
        for (int w = 0; w < now; ++w) look_at(waiting[w].at, waiting[w].hash, waiting[w].bucket);
      }
    };
    with_targets(
        table, count, [&](index_t i) { return k[i]; },
        [&](index_t i, target const& t) {
          if (k[i] == 0) [[unlikely]] {
            bool const is = table.of_zero != nullptr;
            if (values != nullptr) values[first + i] = is ? *table.of_zero : missing;
            if (found != nullptr) found[first + i] = is;
            return true;
          }
          look_at(i, t.hash, t.home);
          if (wait == room - 1) go_on();
          return true;
        });
    go_on();
  };
  threads_->run_blocks((n + search_grain - 1) / search_grain, loop_body::of(look));
}

template <class K, class V>
index_t word_table<K, V>::erase(std::span<K const> keys) {
  index_t const before = size();
  table_ref<K, V> const table = ref();
  auto const take = [&](auto const& key_of, index_t n, index_t& gone) {
    with_targets(table, n, key_of, [&](index_t i, target const& t) {
      K const key = key_of(i);
      if (key == 0) {
        has_zero_ = false;
        return true;
      }
      for (index_t b = t.home;; ++b) {
        if (unsigned const m = table.buckets[b].match(key)) {
          take_out(table, b, std::countr_zero(m));
          ++gone;
          break;
        }
        if (!table.buckets[b].goes_on(t.hash, table.seed)) break;
      }
      return true;
    });
  };
  for (index_t done = 0, n = static_cast<index_t>(keys.size()); done < n;) {
    index_t const some = std::min(n - done, round_length);
    K const* const k = keys.data() + done;
    if (some >= part_length && shape_.regions > 2) {
      using R = record<K, void, false>;
      dealt<R> const all(*threads_, table, some, [&](index_t i) { return R{k[i]}; });
      std::vector<counter> gone(static_cast<std::size_t>(all.parts()));
      auto const work = [&](index_t p) {
        auto const mine = all.part(p);
        take([&](index_t i) { return mine[static_cast<std::size_t>(i)].key; },
             static_cast<index_t>(mine.size()), gone[static_cast<std::size_t>(p)].value);
      };
      threads_->run_blocks(all.parts(), loop_body::of(work));
      in_buckets_ -= sum_of(gone);
    } else {
      index_t gone = 0;
      take([&](index_t i) { return k[i]; }, some, gone);
      in_buckets_ -= gone;
    }
    done += some;
  }
  return before - size();
}

template <class K, class V>
index_t word_table<K, V>::keep(filter f) {
  index_t const before = size();
  table_ref<K, V> const table = ref();
  std::vector<counter> gone(static_cast<std::size_t>(shape_.regions));
  auto const work = [&](index_t region) {
    std::vector<K> keys;
    std::vector<V> values;
    bucket_type* const begin = buckets() + region * shape_.stride;
    for (auto const* b = begin; b < begin + shape_.stride; ++b) {
      int const used = b->used();
      keys.insert(keys.end(), b->keys, b->keys + used);
      values.insert(values.end(), b->values, b->values + used);
    }
    auto const n = static_cast<index_t>(keys.size());
    index_t const left = f.call(f.context, keys.data(), values.data(), n);
    if (left == n) return;
    gone[static_cast<std::size_t>(region)].value = n - left;
    std::memset(static_cast<void*>(begin), 0, static_cast<std::size_t>(shape_.stride) * sizeof(bucket_type));
    for (index_t i = 0; i < left; ++i)
      bring_new(table, keys[static_cast<std::size_t>(i)], values[static_cast<std::size_t>(i)]);
  };
  try {
    threads_->run_blocks(shape_.regions, loop_body::of(work));
  } catch (...) {
    in_buckets_ -= sum_of(gone);
    throw;
  }
  in_buckets_ -= sum_of(gone);
  K zero = 0;
  if (has_zero_) has_zero_ = f.call(f.context, &zero, &zero_, 1) == 1;
  return before - size();
}

template <class K, class V>
void word_table<K, V>::each(visitor f) {
  auto const work = [&](index_t region) {
    bucket_type* const begin = buckets() + region * shape_.stride;
    for (auto* b = begin; b < begin + shape_.stride; ++b)
      if (int const used = b->used(); used > 0) f.call(f.context, b->keys, b->values, used);
  };
  K const zero = 0;
  if (has_zero_) f.call(f.context, &zero, &zero_, 1);
  threads_->run_blocks(shape_.regions, loop_body::of(work));
}

template <class K, class V>
void word_table<K, V>::extract(K* keys, V* values) const {
  index_t at = 0;
  if (has_zero_) {
    keys[0] = 0;
    values[0] = zero_;
    at = 1;
  }
  std::vector<index_t> places(static_cast<std::size_t>(shape_.regions));
  auto const in_region = [&](index_t region, auto const& f) {
    bucket_type const* const begin = buckets() + region * shape_.stride;
    for (auto const* b = begin; b < begin + shape_.stride; ++b) f(*b, b->used());
  };
  auto const count = [&](index_t region) {
    index_t sum = 0;
    in_region(region, [&](bucket_type const&, int used) { sum += used; });
    places[static_cast<std::size_t>(region)] = sum;
  };
  threads_->run_blocks(shape_.regions, loop_body::of(count));
  for (auto& p : places) at += std::exchange(p, at);
  auto const copy = [&](index_t region) {
    index_t to = places[static_cast<std::size_t>(region)];
    in_region(region, [&](bucket_type const& b, int used) {
      std::copy_n(b.keys, used, keys + to);
      std::copy_n(b.values, used, values + to);
      to += used;
    });
  };
  threads_->run_blocks(shape_.regions, loop_body::of(copy));
}

template class word_table<std::uint32_t, std::uint32_t>;
template class word_table<std::uint32_t, std::uint64_t>;
template class word_table<std::uint64_t, std::uint32_t>;
template class word_table<std::uint64_t, std::uint64_t>;

}  // namespace prorata::host::hashing
