// Setting up a job: devices, cuts, and chunks that fit the memory budget.
#include <host/cli/costs.hpp>
#include <host/cli/limits.hpp>
#include <host/cli/session.hpp>
#include <host/io/emergency.hpp>
#include <host/io/printable.hpp>
#include <mutex>
#include <utility>

namespace prorata::cli {

namespace {

/// Where the inputs are cut: by --costs, or else by the weights alone.
partition cuts_for(io::job_files& files, options const& o, index_t n, std::vector<double> const& weights,
                   std::vector<double>& loads) {
  if (o.costs.empty()) return cuts_of(n, weights, o);
  element_costs const costs(files, o);
  if (costs.count() != n)
    throw input_error(io::printable(o.costs) + ": has " + std::to_string(costs.count()) + " costs for " +
                      std::to_string(n) + " elements");
  auto cut = cut_by_costs(costs, weights, o, tile);
  loads = std::move(cut.loads);
  return std::move(cut.parts);
}

}  // namespace

session::session(io::job_files& files, options const& o, std::vector<input const*> inputs,
                 index_t bytes_per_element, std::string label)
    : options_(o),
      inputs_(std::move(inputs)),
      devices_(parse_devices(o.devices)),
      weights_(weights_of(devices_, o)),
      cuts_(cuts_for(files, o, inputs_.front()->count(), weights_, loads_)),
      bytes_per_element_(bytes_per_element),
      label_(std::move(label)) {
  io::emergency::doing(label_);  // until the first pass begins
  require(o.verify >= 0 && o.verify <= 100, "--verify is a percentage from 0 to 100");
  require(o.verify == 0 || devices_.size() > 1,
          "--verify compares two devices, and there is one; name more, as in --devices gpu:0,cpu or cpu*2");
  index_t const budget = parse_bytes(o.memory, "--memory");
  index_t const ranks = cuts_.ranks();
  if (!o.chunk.empty()) {
    chunk_ = parse_bytes(o.chunk, "--chunk") / bytes_per_element_;
  } else {
    // bytes: above that a larger chunk is no faster; on GPUs each one begins and ends without overlap
    bool const gpus = std::any_of(devices_.begin(), devices_.end(),
                                  [](auto const& d) { return d.kind == device_kind::gpu; });
    index_t const enough = gpus ? 256 << 20 : 32 << 20;
    chunk_ = std::min(enough, budget / (2 * ranks)) / bytes_per_element_;
  }
  chunk_ = std::max(chunk_ / tile * tile, tile);
  if (chunk_ * bytes_per_element_ * ranks > std::max(budget, tile * bytes_per_element_ * ranks))
    throw usage_error("--chunk: " + std::to_string(ranks) + " chunks of it do not fit --memory " + o.memory);
  constexpr index_t slot = 16 << 20;  // bytes: copies of that size run at the link's speed
  index_t most = 0;
  for (int rank = 0; rank < cuts_.ranks(); ++rank) most = std::max(most, cuts_.end(rank) - cuts_.begin(rank));
  gpus_ = open_gpus(devices_, std::min(slot, std::min(chunk_, most) * bytes_per_element_ / 4));
  if (!o.trace.empty()) trace_file_ = &files.write(o.trace);
  std::vector<host::stream> streams;
  int const threads = threads_of(o);
  for (auto const& d : devices_) streams.emplace_back(stream_options_of(d, devices_, threads));
  team_ = std::make_unique<prorata::team<host::stream>>(std::move(streams));
  at_once_ = std::max(
      1, std::min(std::max(2 * cores(), 8), borne_by_memory(o) / team_->streams().front().threads()));
  places_ = std::make_unique<std::counting_semaphore<>>(at_once_);
  start_ = clock::now();
}

int session::threads_at_once() const {
  int threads = 0;
  for (host::stream const& s : team_->streams()) threads = std::max(threads, s.threads());
  return threads * std::min(at_once_, cuts_.ranks());
}

namespace {

constexpr index_t aligned(index_t bytes) { return (bytes + 63) / 64 * 64; }

/// One rank's running result: so far, then the next chunk's, side by side as join wants them; and the place
/// where they are joined.
struct running {
  std::vector<std::byte> now, next;
  piece so_far;
  std::chrono::steady_clock::time_point began;
};

/// A chunk's partial result, and what another device makes of the chunk.
struct recheck {
  piece range;
  int rank;
  std::vector<std::byte> first, second;
};

/// Chunks that are to be computed again: no more at a time than memory is for.
class rechecks {
 public:
  explicit rechecks(index_t budget) : budget_(budget) {}

  /// From the threads of all ranks.
  recheck& add(piece p, int rank, std::size_t size) {
    std::lock_guard const lock(mutex_);
    held_ += 2 * static_cast<index_t>(size + sizeof(recheck));
    return *list_.emplace_back(std::make_unique<recheck>(
        recheck{p, rank, std::vector<std::byte>(size), std::vector<std::byte>(size)}));
  }
  bool full() {
    std::lock_guard const lock(mutex_);
    return held_ >= budget_;
  }
  std::vector<std::unique_ptr<recheck>> take() {
    held_ = 0;
    return std::exchange(list_, {});
  }

 private:
  std::mutex mutex_;
  index_t budget_, held_ = 0;
  std::vector<std::unique_ptr<recheck>> list_;
};

}  // namespace

void session::fold(file_fold const& job, void* result) {
  index_t const n = cuts_.n;
  begin_pass("");

  // room for the largest running result and the largest chunk of each rank
  std::vector<running> ranks(static_cast<std::size_t>(cuts_.ranks()));
  for (int rank = 0; rank < cuts_.ranks(); ++rank) {
    auto& mine = ranks[static_cast<std::size_t>(rank)];
    mine.so_far = {cuts_.begin(rank), cuts_.begin(rank), n};
    index_t room = 0;
    for (index_t begin = cuts_.begin(rank); begin < cuts_.end(rank);) {
      piece const p{begin, std::min(cuts_.end(rank), (begin / chunk_ + 1) * chunk_), n};
      room = std::max({room, aligned(job.bytes({cuts_.begin(rank), begin, n})) + aligned(job.bytes(p)),
                       aligned(job.bytes({cuts_.begin(rank), p.end, n}))});
      begin = p.end;
    }
    mine.now.resize(static_cast<std::size_t>(room));
    mine.next.resize(static_cast<std::size_t>(room));
  }

  // local work: every rank folds its chunks, in order, into its running result
  rechecks chosen(parse_bytes(options_.memory, "--memory") / 8);
  chunk_feed chunks(*team_, cuts_, chunk_);
  auto const fold_chunk = [&](host::stream& stream, int rank, piece p) {
    auto& mine = ranks[static_cast<std::size_t>(rank)];
    bool const first_chunk = mine.so_far.begin == mine.so_far.end;
    std::byte* const fresh = mine.now.data() + (first_chunk ? 0 : aligned(job.bytes(mine.so_far)));
    auto const size = static_cast<std::size_t>(job.bytes(p));
    stream.enqueue([&mine, fresh, size] {
      mine.began = clock::now();
      std::fill_n(fresh, size, std::byte{0});  // places of absent lanes are not written
    });
    job.reduce(stream, gpu(rank), p, fresh);
    if (chosen_for_verification(p)) {
      stream.copy(chosen.add(p, rank, size).first.data(), fresh, size);
      if (chosen.full()) chunks.pause();
    }
    if (!first_chunk) {
      job.join(stream, {mine.so_far, p}, mine.now.data(), mine.next.data());
      std::swap(mine.now, mine.next);
    }
    mine.so_far.end = p.end;
    stream.enqueue([this, &mine, rank, p] { done(rank, "fold", p, mine.began); });
  };
  while (!chunks.done()) {
    chunks.run(fold_chunk);

    // another device computes the chosen chunks again: the bytes must be the same
    auto const again = chosen.take();
    drain_on_unwind const unwinding(*team_);
    for (auto const& c : again) {
      int const other = (c->rank + 1) % cuts_.ranks();
      auto& stream = team_->streams()[static_cast<std::size_t>(other)];
      job.reduce(stream, gpu(other), c->range, c->second.data());
      stream.enqueue([this, p = c->range] { release(p); });
    }
    team_->sync();
    for (auto const& c : again)
      if (!job.same(c->range, c->first.data(), c->second.data())) throw disagreement(c->range);
  }

  // bytes: running results reach the first device; local work: it joins and finishes them
  std::vector<piece> pieces;
  std::vector<std::size_t> offsets{0};
  std::vector<void const*> send;
  for (auto const& r : ranks) {
    bool const has_some = r.so_far.begin < r.so_far.end;
    if (has_some) pieces.push_back(r.so_far);
    offsets.push_back(offsets.back() +
                      (has_some ? static_cast<std::size_t>(aligned(job.bytes(r.so_far))) : 0));
    send.push_back(r.now.data());
  }
  host::stream& first = team_->streams().front();
  buffer<std::byte, host::stream> gathered(first, static_cast<index_t>(offsets.back()));
  buffer<std::byte, host::stream> whole(first, job.bytes({0, n, n}));
  std::vector<void*> receive(send.size(), nullptr);
  receive.front() = gathered.data();
  drain_on_unwind const unwinding(*team_);
  team_->bytes().all_gather(team_->streams(), send, receive, offsets);
  job.join(first, std::move(pieces), gathered.data(), whole.data());
  job.finish(first, n, whole.data(), result);
  team_->sync();
  end_pass();
}

void session::begin_pass(char const* what) {
  std::string const name = *what == '\0' || what == label_ ? label_ : label_ + ": " + what;
  progress_ = std::make_unique<progress>(options_.progress, name, bytes());
}

void session::end_pass() {
  for (auto const* in : inputs_) in->file().check_unchanged();
  progress_.reset();
}

device_error session::disagreement(piece p) const {
  int const rank = cuts_.rank_of(p.begin);
  auto const name = [&](int r) { return devices_[static_cast<std::size_t>(r % cuts_.ranks())].name; };
  return device_error("--verify: " + name(rank) + " and " + name(rank + 1) + " disagree on elements " +
                      std::to_string(p.begin) + " to " + std::to_string(p.end) +
                      "; one of them computes wrongly");
}

bool session::chosen_for_verification(piece p) const {
  // the same chunks at every run: a multiplicative hash of where they begin, in [0, 100)
  std::uint64_t const mixed = (static_cast<std::uint64_t>(p.begin) + 1) * 0x9e3779b97f4a7c15u;
  return static_cast<double>(mixed >> 11) * 0x1p-53 * 100.0 < options_.verify;
}

void session::release(piece p) const {
  for (auto const* in : inputs_) in->release(p.begin, p.end);
}

void session::done(int rank, char const* what, piece p, clock::time_point from) {
  release(p);
  progress_->add((p.end - p.begin) * bytes_per_element_);
  if (!options_.trace.empty()) trace_.add(rank, what, p.begin, p.end, from);
}

void session::finish() {
  if (trace_file_ == nullptr) return;
  std::vector<std::string> names;
  for (auto const& d : devices_) names.push_back(d.name);
  trace_.write(*trace_file_, names);
}

}  // namespace prorata::cli
