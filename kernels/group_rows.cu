// The work behind a GPU's groups: sorting, counting what begins where, adding up, and finishing.
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <kernels/for_each.cuh>
#include <kernels/group_chunk.hpp>
#include <kernels/group_rows.hpp>
#include <kernels/select.cuh>
#include <kernels/temporary.cuh>
#include <kernels/transform.cuh>

namespace prorata::cuda {

namespace {

/// Memory of a stream, given back in its order.
template <class T>
class held {
 public:
  held() = default;
  held(stream& s, index_t n)
      : stream_(&s),
        bytes_(static_cast<std::size_t>(n) * sizeof(T)),
        data_(static_cast<T*>(s.allocate(bytes_))) {}
  held(held&& other) noexcept { swap(other); }
  held& operator=(held&& other) noexcept {
    swap(other);
    return *this;
  }
  ~held() {
    if (data_ != nullptr) stream_->deallocate(data_, bytes_);
  }
  T* data() const { return data_; }

 private:
  void swap(held& other) {
    std::swap(stream_, other.stream_);
    std::swap(bytes_, other.bytes_);
    std::swap(data_, other.data_);
  }
  stream* stream_ = nullptr;
  std::size_t bytes_ = 0;
  T* data_ = nullptr;
};

struct word_atomics {
  __device__ std::uint64_t add(std::uint64_t* to, std::uint64_t x) const {
    return atomicAdd(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(x));
  }
  __device__ void set_bits(std::uint32_t* to, std::uint32_t x) const { atomicOr(to, x); }
  __device__ void lesser(std::int64_t* to, std::int64_t x) const {
    atomicMin(reinterpret_cast<long long*>(to), static_cast<long long>(x));
  }
  __device__ void greater(std::int64_t* to, std::int64_t x) const {
    atomicMax(reinterpret_cast<long long*>(to), static_cast<long long>(x));
  }
};

/// totals: records, keys, and the largest exponent field.
struct group_totals {
  unsigned long long records, keys;
  unsigned exponent;
};

__device__ int origin_of(group_totals const* totals) {
  return 31 - ((static_cast<int>(totals->exponent) + 2) & 31);  // the top of a band, with a little room above
}

__global__ void __launch_bounds__(256)
    largest_exponent_kernel(std::uint64_t const* values, index_t n, group_totals* totals) {
  unsigned most = 0;
  for (index_t i = index_t{blockIdx.x} * 256 + threadIdx.x; i < n; i += index_t{gridDim.x} * 256) {
    auto const field = static_cast<unsigned>(values[i] >> 52) & 0x7ffu;
    if (field != 0x7ff && field > most) most = field;
  }
  most = __reduce_max_sync(0xffffffffu, most);
  if (threadIdx.x % 32 == 0) atomicMax(&totals->exponent, most);
}

template <bool Bands>
__global__ void __launch_bounds__(256) heads_kernel(std::uint64_t const* keys, std::uint64_t const* values,
                                                    index_t n, group_totals* totals, index_t* begun) {
  sorted_rows<Bands> const rows{keys, values, n, origin_of(totals)};
  index_t const chunks = (n + group_chunk - 1) / group_chunk;
  for (index_t c = index_t{blockIdx.x} * 256 + threadIdx.x; c < chunks; c += index_t{gridDim.x} * 256) {
    auto const heads = heads_in(rows, c);
    begun[c] = heads.records;
    if (heads.records > 0) atomicAdd(&totals->records, static_cast<unsigned long long>(heads.records));
    if (heads.keys > 0) atomicAdd(&totals->keys, static_cast<unsigned long long>(heads.keys));
  }
}

template <class State>
__global__ void __launch_bounds__(256)
    add_chunks_kernel(std::uint64_t const* keys, std::uint64_t const* values, index_t n,
                      group_totals const* totals, index_t const* before, group_record<State>* records) {
  sorted_rows<State::has_bands> const rows{keys, values, n, origin_of(totals)};
  index_t const chunks = (n + group_chunk - 1) / group_chunk;
  for (index_t c = index_t{blockIdx.x} * 256 + threadIdx.x; c < chunks; c += index_t{gridDim.x} * 256)
    add_chunk(rows, c, before[c], records, word_atomics{});
}

template <class State>
struct empty_record {
  PRORATA_HD group_record<State> operator()(index_t) const { return {0, State::none()}; }
};

/// Bytes of record i of several runs that lie one after the other.
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

struct groups::memory {
  memory(stream& on, group_plan const& p, index_t n) : s(on), plan(p), rows(n), device_totals(on, 1) {
    s.copy(device_totals.data(), &host_totals, sizeof host_totals);
    if (n == 0) return;
    keys[0] = held<std::uint64_t>(s, n);
    values[0] = held<std::uint64_t>(s, n);
  }

  void sort_pairs(held<std::uint64_t> (&k)[2], held<std::uint64_t> (&v)[2], index_t n) {
    k[1] = held<std::uint64_t>(s, n);
    v[1] = held<std::uint64_t>(s, n);
    cub::DoubleBuffer<std::uint64_t> key(k[0].data(), k[1].data()), value(v[0].data(), v[1].data());
    with_temporary(s, [&](void* memory, std::size_t& bytes) {
      return cub::DeviceRadixSort::SortPairs(memory, bytes, key, value, n, 0, 64, s.native());
    });
    if (key.Current() != k[0].data()) std::swap(k[0], k[1]);
    if (value.Current() != v[0].data()) std::swap(v[0], v[1]);
    k[1] = {};
    v[1] = {};
  }

  void copy_totals() { s.copy(&host_totals, device_totals.data(), sizeof host_totals); }

  launch_shape shape(index_t work) const {
    return shape_for(work, 256, 256, index_t{s.multiprocessors()} * 8);
  }

  bool banded() const { return plan.kind == addend::real && plan.wants.moments + plan.wants.extremes > 0; }

  void sort_rows() {
    if (rows > 0) {
      sort_pairs(keys, values, rows);
      index_t const chunks = (rows + group_chunk - 1) / group_chunk;
      before = held<index_t>(s, chunks);
      if (banded())
        launch(largest_exponent_kernel, shape(rows), s, values[0].data(), rows, device_totals.data());
      if (banded()) {
        launch(heads_kernel<true>, shape(chunks), s, keys[0].data(), values[0].data(), rows,
               device_totals.data(), before.data());
      } else {
        launch(heads_kernel<false>, shape(chunks), s, keys[0].data(), values[0].data(), rows,
               device_totals.data(), before.data());
      }
      with_temporary(s, [&](void* memory, std::size_t& bytes) {
        return cub::DeviceScan::ExclusiveSum(memory, bytes, before.data(), before.data(), chunks, s.native());
      });
    }
    copy_totals();
  }

  void sort_records(std::vector<record_run> const& runs) {
    index_t const size = record_bytes(plan);
    index_t total = 0;
    for (auto const& r : runs) total += r.count;
    if (total > 0) {
      held<std::byte> joined(s, total * size);
      std::byte* to = joined.data();
      for (auto const& r : runs) {
        if (r.count > 0) s.copy(to, r.records, static_cast<std::size_t>(r.count * size));
        to += r.count * size;
      }
      held<std::uint64_t> k[2], place[2];
      k[0] = held<std::uint64_t>(s, total);
      place[0] = held<std::uint64_t>(s, total);
      transform_index(s, 0, total, key_of_record{joined.data(), size}, k[0].data());
      transform_index(s, 0, total, itself{}, place[0].data());
      sort_pairs(k, place, total);
      made = held<std::byte>(s, total * size);
      with_group_state(plan, [&](auto tag) {
        using record = group_record<typename decltype(tag)::type>;
        transform_index(s, 0, total,
                        gathered_record<typename decltype(tag)::type>{
                            reinterpret_cast<record const*>(joined.data()), place[0].data()},
                        reinterpret_cast<record*>(made.data()));
      });
      for_each_index(s, 0, total, word_begins_key{k[0].data(), &device_totals.data()->keys});
    }
    copy_totals();
    merged = total;
  }

  index_t record_count() const { return rows > 0 ? static_cast<index_t>(host_totals.records) : merged; }
  index_t key_count() const { return static_cast<index_t>(host_totals.keys); }

  /// The records, added up when first asked for.
  std::byte* records() {
    if (made.data() == nullptr && rows > 0) {
      index_t const count = record_count();
      made = held<std::byte>(s, count * record_bytes(plan));
      with_group_state(plan, [&](auto tag) {
        using State = typename decltype(tag)::type;
        auto* const to = reinterpret_cast<group_record<State>*>(made.data());
        transform_index(s, 0, count, empty_record<State>{}, to);
        launch(add_chunks_kernel<State>, shape((rows + group_chunk - 1) / group_chunk), s, keys[0].data(),
               values[0].data(), rows, device_totals.data(), before.data(), to);
      });
      keys[0] = {};
      values[0] = {};
      before = {};
    }
    return made.data();
  }

  /// Where each key's records begin.
  index_t const* begins() {
    if (starts.data() == nullptr) {
      starts = held<index_t>(s, key_count());
      held<index_t> count(s, 1);
      select_index(s, 0, record_count(), record_begins_key{records(), record_bytes(plan)}, count.data(),
                   column<own_index, index_t>{{}, starts.data()});
    }
    return starts.data();
  }

  stream& s;
  group_plan plan;
  index_t rows = 0, merged = 0;
  group_totals host_totals{};
  held<group_totals> device_totals;
  held<std::uint64_t> keys[2], values[2];
  held<index_t> before, starts;
  held<std::byte> made;
};

groups::groups(stream& s, group_plan const& plan, index_t rows)
    : memory_(std::make_shared<memory>(s, plan, rows)) {}
std::uint64_t* groups::keys() const { return memory_->keys[0].data(); }
std::uint64_t* groups::values() const { return memory_->values[0].data(); }
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
