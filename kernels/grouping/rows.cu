// The work behind a GPU's groups: their table, or sorting their rows; counting, ordering and finishing them.
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <kernels/grouping/chunk.cuh>
#include <kernels/grouping/slots.cuh>
#include <kernels/temporary.cuh>
#include <prorata/buffer.hpp>
#include <prorata/cuda.cuh>

namespace prorata::cuda {

namespace {

/// Rows whose values are looked at, to place the bands: 64 neighbours at each of 256 places.
constexpr index_t sampled_rows = 64 * 256;

__global__ void __launch_bounds__(256)
    sampled_exponent_kernel(std::uint64_t const* values, index_t n, group_totals* totals) {
  index_t const k = index_t{blockIdx.x} * 256 + threadIdx.x;
  index_t const i = n <= sampled_rows ? k : (n - 64) / 255 * (k / 64) + k % 64;
  unsigned field = i < n ? static_cast<unsigned>(values[i] >> 52) & 0x7ffu : 0;
  if (field == 0x7ff) field = 0;
  field = __reduce_max_sync(0xffffffffu, field);
  if (threadIdx.x % 32 == 0) atomicMax(&totals->exponent, field);
}

/// The same record everywhere.
template <class State>
struct one_record {
  group_record<State> record;
  PRORATA_HD group_record<State> operator()(index_t) const { return record; }
};

/// Whether a slot holds a record, whatever its state.
struct filled_slot {
  std::byte const* slots;
  index_t record_bytes, count_at;
  PRORATA_HD bool operator()(index_t i) const {
    return *reinterpret_cast<std::int64_t const*>(slots + i * record_bytes + count_at) != 0;
  }
};

/// The key of record i.
struct key_of_record {
  std::byte const* records;
  index_t record_bytes;
  PRORATA_HD std::uint64_t operator()(index_t i) const {
    return *reinterpret_cast<std::uint64_t const*>(records + i * record_bytes);
  }
};
struct itself {
  PRORATA_HD std::uint64_t operator()(index_t i) const { return static_cast<std::uint64_t>(i); }
};
template <class State>
struct gathered_record {
  group_record<State> const* records;
  std::uint64_t const* places;
  PRORATA_HD group_record<State> operator()(index_t i) const { return records[places[i]]; }
};
struct record_begins_key {
  std::byte const* records;
  index_t record_bytes;
  PRORATA_HD bool operator()(index_t i) const {
    key_of_record const key{records, record_bytes};
    return i == 0 || key(i) != key(i - 1);
  }
};
struct word_begins_key {
  std::uint64_t const* keys;
  unsigned long long* count;
  __device__ void operator()(index_t i) const {
    if (i == 0 || keys[i] != keys[i - 1]) atomicAdd(count, 1ull);
  }
};

template <class State>
struct answer_word {
  group_record<State> const* records;
  index_t const* begins;
  index_t groups, count;
  group_column column;
  std::int64_t ddof;
  __device__ std::uint64_t operator()(index_t g) const {
    index_t const first = begins[g], last = g + 1 < groups ? begins[g + 1] : count;
    if (column == group_column::key) return records[first].key;
    auto const* const mine = records + first;
    auto const answer = finished_group<State>([mine](index_t k) -> State const& { return mine[k].state; },
                                              last - first, ddof);
    return word_of(column, 0, answer);
  }
};

/// One copy of the exact arithmetic: unrolled, as transform_kernel is, it would take minutes to compile.
template <class State>
__global__ void __launch_bounds__(256)
    answer_kernel(answer_word<State> const answer, index_t groups, std::uint64_t* words) {
#pragma unroll 1
  for (index_t g = index_t{blockIdx.x} * 256 + threadIdx.x; g < groups; g += index_t{gridDim.x} * 256)
    words[g] = answer(g);
}

}  // namespace

template <class T>
using held = buffer<T, stream>;

struct groups::memory {
  memory(stream& on, group_plan const& p, index_t n) : s(on), plan(p), rows(n), device_totals(on, 1) {
    s.zero(device_totals.data(), device_totals.bytes());
    if (n == 0) return;
    keys = {s, n};
    values = {s, n};
  }

  /// Sorts by k, and v along with it.
  void sort_pairs(held<std::uint64_t>& k, held<std::uint64_t>& v, index_t n) {
    held<std::uint64_t> other_k(s, n), other_v(s, n);
    cub::DoubleBuffer<std::uint64_t> key(k.data(), other_k.data()), value(v.data(), other_v.data());
    with_temporary(s, [&](void* memory, std::size_t& bytes) {
      return cub::DeviceRadixSort::SortPairs(memory, bytes, key, value, n, 0, 64, s.native());
    });
    if (key.Current() != k.data()) std::swap(k, other_k);
    if (value.Current() != v.data()) std::swap(v, other_v);
  }

  void copy_totals() { s.copy(&host_totals, device_totals.data(), sizeof host_totals); }

  launch_shape shape(index_t work) const {
    return shape_for(work, 256, 256, index_t{s.multiprocessors()} * 8);
  }

  bool banded() const { return plan.kind == addend::real && plan.wants.moments + plan.wants.extremes > 0; }

  void place_bands() {
    if (banded())
      launch(sampled_exponent_kernel, {static_cast<unsigned>(sampled_rows / 256), 256}, s, values.data(),
             rows, device_totals.data());
  }

  void fill_table() {
    if (rows > 0) {
      place_bands();
      group_limits const device{s.multiprocessors(), s.attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin),
                                s.attribute(cudaDevAttrL2CacheSize)};
      auto const tables = plan_group_slots(rows, record_bytes(plan), device);
      slot_count = index_t{tables.far} + far_spare;
      slots = {s, slot_count * record_bytes(plan)};
      with_group_state(plan, [&](auto tag) {
        using State = typename decltype(tag)::type;
        group_slots<State> const far{reinterpret_cast<group_record<State>*>(slots.data()), tables.far,
                                     far_spare, far_probes};
        transform_index(s, 0, slot_count, one_record<State>{far.free_slot()}, far.slots);
        fill_slots(s, keys.data(), values.data(), rows, tables, far, device_totals.data());
      });
    }
    copy_totals();
  }

  bool resolve_overflow() {
    if (slots.data() == nullptr) return false;
    if (host_totals.refused != 0) {
      slots = {};
      sort_rows();
      return true;
    }
    keys = {};
    values = {};
    return false;
  }

  void sort_rows() {
    if (rows > 0) {
      place_bands();
      sort_pairs(keys, values, rows);
      index_t const chunks = (rows + group_chunk - 1) / group_chunk;
      before = {s, chunks};
      auto const heads = banded() ? heads_kernel<true> : heads_kernel<false>;
      launch(heads, shape(chunks), s, keys.data(), values.data(), rows, device_totals.data(), before.data());
      with_temporary(s, [&](void* memory, std::size_t& bytes) {
        return cub::DeviceScan::ExclusiveSum(memory, bytes, before.data(), before.data(), chunks, s.native());
      });
    }
    copy_totals();
  }

  /// `made` = the records at from that `place` names, in order of the keys k.
  void make_sorted(std::byte const* from, held<std::uint64_t>& k, held<std::uint64_t>& place, index_t count) {
    sort_pairs(k, place, count);
    made = {s, count * record_bytes(plan)};
    with_group_state(plan, [&](auto tag) {
      using State = typename decltype(tag)::type;
      using record = group_record<State>;
      transform_index(s, 0, count,
                      gathered_record<State>{reinterpret_cast<record const*>(from), place.data()},
                      reinterpret_cast<record*>(made.data()));
    });
  }

  void sort_records(std::vector<record_run> const& runs) {
    index_t const size = record_bytes(plan);
    for (auto const& r : runs) merged += r.count;
    if (merged > 0) {
      held<std::byte> joined(s, merged * size);
      std::byte* to = joined.data();
      for (auto const& r : runs) {
        if (r.count > 0) s.copy(to, r.records, static_cast<std::size_t>(r.count * size));
        to += r.count * size;
      }
      held<std::uint64_t> k(s, merged), place(s, merged);
      transform_index(s, 0, merged, key_of_record{joined.data(), size}, k.data());
      transform_index(s, 0, merged, itself{}, place.data());
      make_sorted(joined.data(), k, place, merged);
      for_each_index(s, 0, merged, word_begins_key{k.data(), &device_totals.data()->keys});
    }
    copy_totals();
  }

  index_t record_count() { return rows > 0 ? static_cast<index_t>(resolved().records) : merged; }
  index_t key_count() { return static_cast<index_t>(resolved().keys); }
  group_totals const& resolved() {
    if (resolve_overflow()) s.sync();
    return host_totals;
  }

  /// The records, by key, made when first asked for.
  std::byte* records() {
    if (made.data() != nullptr || rows == 0) return made.data();
    index_t const count = record_count();
    if (slots.data() != nullptr) {
      held<std::uint64_t> k(s, count), place(s, count);
      held<index_t> kept(s, 1);
      index_t const size = record_bytes(plan);
      select_index(s, 0, slot_count, filled_slot{slots.data(), size, count_place()}, kept.data(),
                   column<key_of_record, std::uint64_t>{{slots.data(), size}, k.data()},
                   column<itself, std::uint64_t>{{}, place.data()});
      make_sorted(slots.data(), k, place, count);
      slots = {};
    } else {
      made = {s, count * record_bytes(plan)};
      with_group_state(plan, [&](auto tag) {
        using State = typename decltype(tag)::type;
        auto* const to = reinterpret_cast<group_record<State>*>(made.data());
        transform_index(s, 0, count, one_record<State>{{0, State::none()}}, to);
        launch(add_chunks_kernel<State>, shape((rows + group_chunk - 1) / group_chunk), s, keys.data(),
               values.data(), rows, device_totals.data(), before.data(), to);
      });
      keys = {};
      values = {};
      before = {};
    }
    return made.data();
  }

  /// Where a record has its count.
  index_t count_place() const {
    return with_group_state(plan, [](auto tag) {
      group_record<typename decltype(tag)::type> const r{};
      return static_cast<index_t>(reinterpret_cast<std::byte const*>(&r.state.count) -
                                  reinterpret_cast<std::byte const*>(&r));
    });
  }

  /// Where each key's records begin.
  index_t const* begins() {
    if (starts.data() == nullptr) {
      starts = {s, key_count()};
      held<index_t> count(s, 1);
      select_index(s, 0, record_count(), record_begins_key{records(), record_bytes(plan)}, count.data(),
                   column<own_index, index_t>{{}, starts.data()});
    }
    return starts.data();
  }

  stream& s;
  group_plan plan;
  index_t rows = 0, merged = 0, slot_count = 0;
  group_totals host_totals{};
  held<group_totals> device_totals;
  held<std::uint64_t> keys, values;
  held<index_t> before, starts;
  held<std::byte> slots, made;
};

groups::groups(stream& s, group_plan const& plan, index_t rows)
    : memory_(std::make_shared<memory>(s, plan, rows)) {}
std::uint64_t* groups::keys() const { return memory_->keys.data(); }
std::uint64_t* groups::values() const { return memory_->values.data(); }
void groups::fill_table() { memory_->fill_table(); }
bool groups::resolve_overflow() const { return memory_->resolve_overflow(); }
void groups::sort_rows() { memory_->sort_rows(); }
void groups::sort_records(std::vector<record_run> const& runs) { memory_->sort_records(runs); }
index_t groups::count() const { return memory_->key_count(); }
index_t groups::records() const { return memory_->record_count(); }

void groups::copy_records(std::byte* out) const {
  auto& m = *memory_;
  if (m.record_count() > 0)
    m.s.copy(out, m.records(), static_cast<std::size_t>(m.record_count() * record_bytes(m.plan)));
}

void groups::write_column(group_column column, std::uint64_t* words) const {
  auto& m = *memory_;
  if (m.key_count() == 0) return;
  with_group_state(m.plan, [&](auto tag) {
    using State = typename decltype(tag)::type;
    auto const* const records = reinterpret_cast<group_record<State> const*>(m.records());
    launch(answer_kernel<State>, m.shape(m.key_count()), m.s,
           answer_word<State>{records, m.begins(), m.key_count(), m.record_count(), column, m.plan.ddof},
           m.key_count(), words);
  });
}

}  // namespace prorata::cuda
