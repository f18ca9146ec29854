// Setting up a job: devices, cuts, and chunks that fit the memory budget.
#include <host/cli/costs.hpp>
#include <host/cli/session.hpp>
#include <host/io/printable.hpp>

namespace prorata::cli {

namespace {

/// Where the inputs are cut: by --costs, or else by the weights alone.
partition cuts_for(io::job_files& files, options const& o, index_t n, std::vector<double> const& weights,
                   std::vector<double>& loads) {
  if (o.costs.empty()) return cuts_of(n, weights, o);
  element_costs const costs(files, o);
  if (static_cast<index_t>(costs.values().size()) != n)
    throw input_error(io::printable(o.costs) + ": has " + std::to_string(costs.values().size()) +
                      " costs for " + std::to_string(n) + " elements");
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
  require(o.threads >= 0 && o.threads <= 4096, "--threads is a count from 1 to 4096, or 0 for every core");
  require(o.verify >= 0 && o.verify <= 100, "--verify is a percentage from 0 to 100");
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
  for (auto const& d : devices_) streams.emplace_back(stream_options_of(d, devices_, o.threads));
  team_ = std::make_unique<prorata::team<host::stream>>(std::move(streams));
}

namespace {

constexpr index_t aligned(index_t bytes) { return (bytes + 63) / 64 * 64; }

/// One rank's running result: so far, then the next chunk's, side by side as join wants them; and the place
/// where they are joined.
struct running {
  std::unique_ptr<std::byte[]> now, next;
  piece so_far;
  std::chrono::steady_clock::time_point began;
};

struct recheck {
  piece range;
  int rank;
  std::vector<std::byte> first, second;
};

}  // namespace

void session::fold(file_fold const& job, void* result) {
  auto const start = clock::now();
  index_t const n = cuts_.n;
  progress_ = std::make_unique<progress>(options_.progress, label_, bytes());

  // room for the largest running result and the largest chunk of each rank
  std::vector<running> ranks(static_cast<std::size_t>(cuts_.ranks()));
  std::vector<index_t> room(ranks.size(), 64);
  each_chunk([&](host::stream&, int rank, piece p) {
    index_t const both = aligned(job.bytes({cuts_.begin(rank), p.begin, n})) + aligned(job.bytes(p));
    auto& most = room[static_cast<std::size_t>(rank)];
    most = std::max({most, both, aligned(job.bytes({cuts_.begin(rank), p.end, n}))});
  });
  for (int rank = 0; rank < cuts_.ranks(); ++rank) {
    auto& mine = ranks[static_cast<std::size_t>(rank)];
    mine.now = std::make_unique<std::byte[]>(static_cast<std::size_t>(room[static_cast<std::size_t>(rank)]));
    mine.next = std::make_unique<std::byte[]>(static_cast<std::size_t>(room[static_cast<std::size_t>(rank)]));
    mine.so_far = {cuts_.begin(rank), cuts_.begin(rank), n};
  }

  // local work: every rank folds its chunks, in order, into its running result
  std::vector<std::unique_ptr<recheck>> rechecks;
  each_chunk([&](host::stream& stream, int rank, piece p) {
    auto& mine = ranks[static_cast<std::size_t>(rank)];
    bool const first_chunk = mine.so_far.begin == mine.so_far.end;
    std::byte* const fresh = mine.now.get() + (first_chunk ? 0 : aligned(job.bytes(mine.so_far)));
    auto const size = static_cast<std::size_t>(job.bytes(p));
    stream.enqueue([&mine, fresh, size] {
      mine.began = clock::now();
      std::fill_n(fresh, size, std::byte{0});  // places of absent lanes are not written
    });
    job.reduce(stream, gpus_[static_cast<std::size_t>(rank)].get(), p, fresh);
    if (chosen_for_verification(p)) {
      rechecks.push_back(std::make_unique<recheck>(
          recheck{p, rank, std::vector<std::byte>(size), std::vector<std::byte>(size)}));
      stream.copy(rechecks.back()->first.data(), fresh, size);
    }
    if (!first_chunk) {
      job.join(stream, {mine.so_far, p}, mine.now.get(), mine.next.get());
      std::swap(mine.now, mine.next);
    }
    mine.so_far.end = p.end;
    stream.enqueue([this, &mine, rank, p] { done(rank, "fold", p, mine.began); });
  });
  team_->sync();

  // another device computes the chosen chunks again: the bytes must be the same
  for (auto const& c : rechecks) {
    auto const other = static_cast<std::size_t>((c->rank + 1) % cuts_.ranks());
    job.reduce(team_->streams()[other], gpus_[other].get(), c->range, c->second.data());
  }
  team_->sync();
  for (auto const& c : rechecks)
    if (!job.same(c->range, c->first.data(), c->second.data()))
      throw device_error("--verify: " + devices_[static_cast<std::size_t>(c->rank)].name + " and " +
                         devices_[static_cast<std::size_t>((c->rank + 1) % cuts_.ranks())].name +
                         " disagree on elements " + std::to_string(c->range.begin) + " to " +
                         std::to_string(c->range.end) + "; one of them computes wrongly");

  // bytes: running results reach the first device; local work: it joins and finishes them
  std::vector<piece> pieces;
  std::vector<std::size_t> offsets{0};
  std::vector<void const*> send;
  for (auto const& r : ranks) {
    pieces.push_back(r.so_far);
    offsets.push_back(offsets.back() + static_cast<std::size_t>(aligned(job.bytes(r.so_far))));
    send.push_back(r.now.get());
  }
  host::stream& first = team_->streams().front();
  buffer<std::byte, host::stream> gathered(first, static_cast<index_t>(offsets.back()));
  buffer<std::byte, host::stream> whole(first, job.bytes({0, n, n}));
  std::vector<void*> receive(send.size(), nullptr);
  receive.front() = gathered.data();
  team_->bytes().all_gather(team_->streams(), send, receive, offsets);
  job.join(first, std::move(pieces), gathered.data(), whole.data());
  job.finish(first, n, whole.data(), result);
  team_->sync();
  for (auto const* in : inputs_) in->file().check_unchanged();
  progress_.reset();
  seconds_ = std::chrono::duration<double>(clock::now() - start).count();
}

bool session::chosen_for_verification(piece p) const {
  // the same chunks at every run: a multiplicative hash of where they begin, in [0, 100)
  std::uint64_t const mixed = (static_cast<std::uint64_t>(p.begin) + 1) * 0x9e3779b97f4a7c15u;
  return static_cast<double>(mixed >> 11) * 0x1p-53 * 100.0 < options_.verify;
}

void session::done(int rank, char const* what, piece p, clock::time_point from) {
  for (auto const* in : inputs_) in->release(p.begin, p.end);
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
