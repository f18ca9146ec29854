// The GPU of a rank for any backend, so that it also runs where there is no GPU: slots of files on their way
// to a device, and the kernels that are queued for them.
#pragma once

#include <algorithm>
#include <host/run/gpu/kernels.hpp>
#include <host/run/gpu/rank.hpp>
#include <host/run/gpu/slot_layout.hpp>
#include <kernels/pipeline.hpp>
#include <limits>
#include <optional>
#include <prorata/canonical.hpp>
#include <prorata/error.hpp>

namespace prorata::host {

inline constexpr index_t partial_room = 128 << 10;  // bytes: twice what any slot's partial results take

/// What a job needs of a slot: bytes for each element that goes in, is converted, comes back; bytes that come
/// back whatever the slot holds; and whether what many slots came to together comes back, a slot at a time.
struct slot_needs {
  index_t in, converted, out, more_out;
  bool together = false;
  friend bool operator==(slot_needs const&, slot_needs const&) = default;
};

/// A rank's device, reached through three streams. Verbs say how the device does it:
///   stream                                      the backend
///   kernel_of(reduction)                        a kernel_on<stream>
///   scan_kernel_of(job)                         a scan_kernel_on<stream>
///   gather(stream, form, value, a, b, n, out)   elements converted to what a kernel reads
///   store(stream, wide, from, to, n, out)       and what it computed, to what a file stores
///   map(stream, job, n, inputs, out)            a mapped slot
///   count_in_bins, count_in_digits(stream, rule, elements, n, counts)
///   gather_words(stream, word, a, rule, n, out) words of elements
///   groups                                      groups of rows, as cuda::groups
///   pinned(bytes)                               host memory to copy from and to
template <class Verbs>
class slot_rank final : public gpu_rank {
  using stream = typename Verbs::stream;

 public:
  /// With three streams of the rank's device.
  slot_rank(stream up, stream compute, stream down, index_t slot_bytes, Verbs verbs)
      : verbs_(std::move(verbs)),
        up_(std::move(up)),
        compute_(std::move(compute)),
        down_(std::move(down)),
        slot_bytes_(slot_bytes) {}

  void fold(host::stream const& s, gpu_job const& job, piece p, taker const& take) override {
    std::vector<kernel_on<stream>> kernels;
    for (gpu_reduction const r : job.reductions) kernels.push_back(verbs_.kernel_of(r));
    fold_with(s, job.form, job.sources, kernels, p, take);
  }

  void map(host::stream const& s, gpu_map const& job, piece p, taker const& take) override {
    slot_layout const layout(job.inputs);
    make_room({layout.bytes(), 0, job.result_size, 0});
    run(s, layout, p, take, [&](piece slot, cuda::pipeline_chunk& chunk) {
      index_t const count = slot.end - slot.begin;
      std::vector<void const*> inputs;
      for (auto const* f : job.inputs) inputs.push_back(layout.find(chunk.in, count, f).data);
      verbs_.map(compute_, job, count, inputs, chunk.out);
      chunk.result_bytes = static_cast<std::size_t>(count * job.result_size);
    });
  }

  void scan_nodes(host::stream const& s, gpu_scan const& job, piece p, taker const& take) override {
    fold_with(s, gpu_form::value, {job.source}, {verbs_.scan_kernel_of(job).nodes}, p, take);
  }

  void scan(host::stream const& s, gpu_scan const& job, piece p, void* so_far, taker const& take) override {
    slot_layout const layout({job.source});
    auto const kernel = verbs_.scan_kernel_of(job);
    gpu_value const value = kernel.nodes.value;
    bool const stored = job.result == job.wide;
    index_t const size = io::size_of(job.result);
    make_room(
        {layout.bytes(), stored ? room_for(gpu_form::value, value, *job.source) : size_of(value), size, 0});
    auto const state = on_device(so_far, kernel.state_bytes);
    run(s, layout, p, take, [&](piece slot, cuda::pipeline_chunk& chunk) {
      index_t const count = slot.end - slot.begin;
      void const* const elements = made_of(gpu_form::value, value, layout, chunk.in, count, {job.source});
      void* const scanned = stored ? chunk.out : converted_.get();
      kernel.scan(compute_, job.exclusive, slot, elements, state.get(), scanned);
      if (!stored) verbs_.store(compute_, job.wide, scanned, job.result, count, chunk.out);
      chunk.result_bytes = static_cast<std::size_t>(count * size);
    });
    compute_.copy(so_far, state.get(), kernel.state_bytes);
    compute_.sync();
  }

  void count_bins(host::stream const& s, io::file_column const& in, bin_rule const& rule, piece p,
                  index_t* counts) override {
    slot_layout const layout({&in});
    make_room({layout.bytes(), room_for(gpu_form::value, gpu_value::f64, in), 0, 0});
    auto const [edges, there] = on_device(rule);
    std::vector<index_t> found(static_cast<std::size_t>(rule.slots()), 0);
    auto const counted = on_device(found.data(), found.size() * sizeof(index_t));
    run(s, layout, p, {}, [&, &there = there](piece slot, cuda::pipeline_chunk& chunk) {
      index_t const count = slot.end - slot.begin;
      void const* const elements = made_of(gpu_form::value, gpu_value::f64, layout, chunk.in, count, {&in});
      verbs_.count_in_bins(compute_, there, static_cast<double const*>(elements), count,
                           static_cast<index_t*>(counted.get()));
    });
    compute_.copy(found.data(), counted.get(), found.size() * sizeof(index_t));
    compute_.sync();
    for (std::size_t k = 0; k < found.size(); ++k) counts[k] += found[k];
  }

  void count_digits(host::stream const& s, io::file_column const& in, direction way,
                    digit_rule<std::uint32_t> const& rule, piece p, index_t* counts) override {
    count_digits_as(gpu_value::key32, s, in, way, rule, p, counts);
  }
  void count_digits(host::stream const& s, io::file_column const& in, direction way,
                    digit_rule<std::uint64_t> const& rule, piece p, index_t* counts) override {
    count_digits_as(gpu_value::key64, s, in, way, rule, p, counts);
  }

  void group(host::stream const& s, gpu_grouping const& job, piece p, record_taker const& take,
             row_taker const& leave) override {
    slot_layout const layout({job.keys, job.values});
    make_room({layout.bytes(), 0, 0, 0, true});
    for (piece part{p.begin, p.begin, p.n}; part.begin < p.end; part.begin = part.end) {
      auto const records = fitting_records(s, job, layout, p.end, part);
      records.memory ? hand_over(records, record_bytes(job.plan), take) : leave(part);
    }
  }

 private:
  /// Records in the device's memory; none where rows are fewer bytes.
  struct device_records {
    std::shared_ptr<void> memory;
    index_t bytes;
  };

  /// The records of as many rows as fit, from part.begin on; sets part.end.
  device_records fitting_records(host::stream const& s, gpu_grouping const& job, slot_layout const& layout,
                                 index_t end, piece& part) {
    for (;;) {
      part.end = std::min(part.begin + most_rows_, end);
      index_t const rows = part.end - part.begin;
      try {
        return records_of(s, job, layout, part);
      } catch (out_of_memory const&) {
        if (rows <= tile) throw;
        most_rows_ = (rows / 2 + tile - 1) / tile * tile;
        compute_.sync();  // what was given back is there again
      }
    }
  }

  device_records records_of(host::stream const& s, gpu_grouping const& job, slot_layout const& layout,
                            piece part) {
    device_bins const bins = job.bins != nullptr ? on_device(*job.bins) : device_bins{};
    index_t const rows = part.end - part.begin;
    typename Verbs::groups made(compute_, job.plan, rows);
    run(s, layout, part, {}, [&](piece slot, cuda::pipeline_chunk& chunk) {
      index_t const at = slot.begin - part.begin, count = slot.end - slot.begin;
      verbs_.gather_words(compute_, job.bins != nullptr ? gpu_word::slot : gpu_word::key,
                          layout.find(chunk.in, count, job.keys), bins.rule, count, made.keys() + at);
      verbs_.gather_words(compute_, gpu_word::value, layout.find(chunk.in, count, job.values), bins.rule,
                          count, made.values() + at);
    });
    made.fill_table();
    compute_.sync();
    if (made.resolve_overflow()) compute_.sync();
    index_t const bytes = made.records() * record_bytes(job.plan);
    if (bytes > rows * static_cast<index_t>(sizeof(group_row))) return {nullptr, 0};
    auto const records = memory(static_cast<std::size_t>(bytes));
    made.copy_records(static_cast<std::byte*>(records.get()));
    return {records, bytes};
  }

  /// Through pinned memory, a slot's worth at a time.
  void hand_over(device_records const& records, index_t size, record_taker const& take) {
    index_t const at_once = back_bytes_ / size * size;
    for (index_t from = 0; from < records.bytes; from += at_once) {
      index_t const bytes = std::min(at_once, records.bytes - from);
      compute_.copy(back_.get(), static_cast<std::byte const*>(records.memory.get()) + from,
                    static_cast<std::size_t>(bytes));
      compute_.sync();
      take({back_.get(), bytes / size});
    }
  }

  /// Bytes that an element takes when it is converted; none where it is what the kernel reads.
  static index_t room_for(gpu_form form, gpu_value value, io::file_column const& first) {
    return is_ready(form, value, first.array().type, first.array().swapped) ? 0 : size_of(value);
  }

  /// What a kernel reads of a slot; queues the conversion where it is not there already.
  void const* made_of(gpu_form form, gpu_value value, slot_layout const& layout, void const* slot,
                      index_t count, std::vector<io::file_column const*> const& sources) {
    auto const a = layout.find(slot, count, sources.front());
    if (is_ready(form, value, a.type, a.swapped)) return a.data;
    verbs_.gather(compute_, form, value, a, layout.find(slot, count, sources.back()), count,
                  converted_.get());
    return converted_.get();
  }

  void fold_with(host::stream const& s, gpu_form form, std::vector<io::file_column const*> const& sources,
                 std::vector<kernel_on<stream>> const& kernels, piece p, taker const& take) {
    slot_layout const layout(sources);
    index_t converted = 0;
    for (auto const& kernel : kernels)
      converted = std::max(converted, room_for(form, kernel.value, *sources.front()));
    make_room({layout.bytes(), converted, 0, partial_room});
    run(s, layout, p, take, [&](piece slot, cuda::pipeline_chunk& chunk) {
      index_t const count = slot.end - slot.begin;
      index_t offset = 0;
      for (auto const& kernel : kernels) {
        void const* const elements = made_of(form, kernel.value, layout, chunk.in, count, sources);
        index_t const end = offset + kernel.bytes(slot);
        require(end <= partial_room, "a partial result is larger than its room");
        kernel.fold(compute_, slot, elements, static_cast<std::byte*>(chunk.out) + offset);
        offset = (end + 63) / 64 * 64;
      }
      chunk.result_bytes = static_cast<std::size_t>(std::min(offset, partial_room));
    });
  }

  template <class Key>
  void count_digits_as(gpu_value value, host::stream const& s, io::file_column const& in, direction way,
                       digit_rule<Key> const& rule, piece p, index_t* counts) {
    auto const form = way == direction::ascending ? gpu_form::ascending_key : gpu_form::descending_key;
    slot_layout const layout({&in});
    index_t const slots = rule.slots(), bytes = slots * static_cast<index_t>(sizeof(index_t));
    make_room({layout.bytes(), size_of(value), 0, bytes});
    auto const prefixes = on_device(rule.prefixes, static_cast<std::size_t>(rule.count) * sizeof(Key));
    digit_rule<Key> there = rule;
    there.prefixes = static_cast<Key const*>(prefixes.get());
    auto const add = [&](piece, std::byte const* from) {
      auto const* const found = reinterpret_cast<index_t const*>(from);
      for (index_t k = 0; k < slots; ++k) counts[k] += found[k];
    };
    run(s, layout, p, add, [&](piece slot, cuda::pipeline_chunk& chunk) {
      index_t const count = slot.end - slot.begin;
      void const* const keys = made_of(form, value, layout, chunk.in, count, {&in});
      verbs_.count_in_digits(compute_, there, static_cast<Key const*>(keys), count,
                             static_cast<index_t*>(chunk.out));
      chunk.result_bytes = static_cast<std::size_t>(bytes);
    });
  }

  /// Sends a piece through the pipeline, slot by slot.
  template <class Work>
  void run(host::stream const& s, slot_layout const& layout, piece p, taker const& take, Work const& work) {
    auto const slot_at = [&](std::size_t offset, std::size_t bytes) {
      index_t const begin = p.begin + static_cast<index_t>(offset) / layout.bytes();
      return piece{begin, begin + static_cast<index_t>(bytes) / layout.bytes(), p.n};
    };
    pipeline_->run(
        static_cast<std::size_t>((p.end - p.begin) * layout.bytes()),
        [&](void* to, std::size_t offset, std::size_t bytes) {
          piece const slot = slot_at(offset, bytes);
          layout.fill(s, static_cast<std::byte*>(to), slot.begin, slot.end);
        },
        [&](stream&, cuda::pipeline_chunk& chunk) { work(slot_at(chunk.offset, chunk.bytes), chunk); },
        [&](cuda::pipeline_chunk const& chunk, void const* from) {
          take(slot_at(chunk.offset, chunk.bytes), static_cast<std::byte const*>(from));
        });
  }

  std::shared_ptr<void> memory(std::size_t bytes) {
    return {compute_.allocate(bytes), [this, bytes](void* p) { compute_.deallocate(p, bytes); }};
  }

  /// Device memory that gets a copy of the host's, which stays until the stream has been synchronised.
  std::shared_ptr<void> on_device(void const* from, std::size_t bytes) {
    auto to = memory(bytes);
    compute_.copy(to.get(), from, bytes);
    return to;
  }

  struct device_bins {
    std::shared_ptr<void> edges;
    bin_rule rule;
  };
  device_bins on_device(bin_rule const& rule) {
    device_bins there{on_device(rule.edges, static_cast<std::size_t>(rule.bins + 1) * sizeof(double)), rule};
    there.rule.edges = static_cast<double const*>(there.edges.get());
    return there;
  }

  /// Makes slots for a kind of job, once; halves them until they fit. Slots are whole tiles.
  void make_room(slot_needs const& needs) {
    if (pipeline_ && needs_ == needs) return;
    for (;;) {
      pipeline_.reset();
      converted_.reset();
      back_.reset();
      index_t const elements = std::max(slot_bytes_ / (needs.in + needs.out) / tile * tile, tile);
      try {
        if (needs.converted > 0) converted_ = memory(static_cast<std::size_t>(elements * needs.converted));
        back_bytes_ = elements * needs.in;
        if (needs.together) back_ = verbs_.pinned(static_cast<std::size_t>(back_bytes_));
        pipeline_.emplace(up_, compute_, down_,
                          cuda::pipeline_options{
                              .chunk_bytes = static_cast<std::size_t>(elements * needs.in),
                              .result_bytes = static_cast<std::size_t>(elements * needs.out + needs.more_out),
                              .slots = 4},
                          [&](std::size_t bytes) { return verbs_.pinned(bytes); });
        needs_ = needs;
        return;
      } catch (out_of_memory const&) {
        if (elements == tile) throw;
        slot_bytes_ /= 2;
        pipeline_.reset();
        converted_.reset();
        back_.reset();
        compute_.sync();  // what was given back is there again
      }
    }
  }

  Verbs verbs_;
  stream up_, compute_, down_;
  index_t slot_bytes_;
  index_t most_rows_ = std::numeric_limits<index_t>::max() / 2;  // that are grouped together
  slot_needs needs_{};
  std::shared_ptr<void> converted_;
  std::shared_ptr<std::byte> back_;
  index_t back_bytes_ = 0;
  std::optional<cuda::pipeline<stream>> pipeline_;
};

}  // namespace prorata::host
