// The fold of a chunked run, and what verification chooses.
#include <host/run/chunked_run.hpp>
#include <memory>
#include <mutex>
#include <string>

namespace prorata::host {

device_error run_observer::disagreement(int rank, int other, piece p) const {
  return device_error("ranks " + std::to_string(rank) + " and " + std::to_string(other) +
                      " disagree on elements " + std::to_string(p.begin) + " to " + std::to_string(p.end) +
                      "; one of them computes wrongly");
}

std::optional<index_t> elements_of_chunk(chunk_request const& wanted, index_t bytes_per_element, int ranks) {
  index_t const bytes =
      wanted.bytes > 0 ? wanted.bytes : std::min(wanted.enough, wanted.memory / (2 * ranks));
  index_t const tiles = std::max<index_t>(bytes / bytes_per_element / tile, 1);
  index_t const tile_each = bytes_per_element * tile * ranks;  // there is always room for that
  if (tiles > 1 && tiles > wanted.memory / tile_each) return {};
  return tiles * tile;
}

namespace {

constexpr index_t aligned(index_t bytes) { return (bytes + 63) / 64 * 64; }

/// One rank's running result: so far, then the next chunk's, side by side as join wants them; and the place
/// where they are joined.
struct running {
  std::vector<std::byte> now, next;
  piece so_far;
  run_observer::clock::time_point began;
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

void chunked_run::fold(fold_job const& job, void* result) {
  index_t const n = cuts_.n;
  observer_.begins("");

  std::vector<running> ranks(static_cast<std::size_t>(team_.local_ranks()));
  // room for the largest running result and the largest chunk of each rank
  auto const make_room = [&] {
    for (int rank = team_.first_local_rank(); local(rank) < ranks.size(); ++rank) {
      auto& mine = ranks[local(rank)];
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
  };

  // local work: every rank folds its chunks, in order, into its running result
  rechecks chosen(limits_.memory / 8);
  chunk_feed chunks(team_, cuts_, chunk_);
  auto const fold_chunk = [&](stream& queue, int rank, piece p) {
    auto& mine = ranks[local(rank)];
    bool const first_chunk = mine.so_far.begin == mine.so_far.end;
    std::byte* const fresh = mine.now.data() + (first_chunk ? 0 : aligned(job.bytes(mine.so_far)));
    auto const size = static_cast<std::size_t>(job.bytes(p));
    queue.enqueue([&mine, fresh, size] {
      mine.began = clock::now();
      std::fill_n(fresh, size, std::byte{0});  // places of absent lanes are not written
    });
    job.reduce(queue, rank, p, fresh);
    if (chosen_for_verification(p)) {
      queue.copy(chosen.add(p, rank, size).first.data(), fresh, size);
      if (chosen.full()) chunks.pause();
    }
    if (!first_chunk) {
      job.join(queue, {mine.so_far, p}, mine.now.data(), mine.next.data());
      std::swap(mine.now, mine.next);
    }
    mine.so_far.end = p.end;
    queue.enqueue([this, &mine, rank, p] { done(rank, "fold", p, mine.began); });
  };
  auto const fold_chunks = [&] {
    chunks.run(fold_chunk);

    // another device computes the chosen chunks again: the bytes must be the same
    auto const again = chosen.take();
    drain_on_unwind const unwinding(team_);
    for (auto const& c : again) {
      int const other = after(c->rank);
      auto& queue = team_.streams()[local(other)];
      job.reduce(queue, other, c->range, c->second.data());
      queue.enqueue([this, p = c->range] { release(p); });
    }
    team_.sync();
    for (auto const& c : again)
      if (!job.same(c->range, c->first.data(), c->second.data())) throw disagreement(c->range);
  };
  processes_.together([&] {
    make_room();
    while (!chunks.done()) fold_chunks();
    check_sources();
  });

  // bytes: running results reach the first device of each process; local work: it joins and finishes them
  std::vector<piece> pieces;
  std::vector<std::size_t> offsets{0};
  for (int rank = 0; rank < cuts_.ranks(); ++rank) {
    piece const share{cuts_.begin(rank), cuts_.end(rank), n};
    bool const has_some = share.begin < share.end;
    if (has_some) pieces.push_back(share);
    offsets.push_back(offsets.back() + (has_some ? static_cast<std::size_t>(aligned(job.bytes(share))) : 0));
  }
  std::vector<void const*> send;
  for (auto const& r : ranks) send.push_back(r.now.data());
  stream& first = team_.streams().front();
  buffer<std::byte, stream> gathered(first, static_cast<index_t>(offsets.back()));
  buffer<std::byte, stream> whole(first, job.bytes({0, n, n}));
  std::vector<void*> receive(send.size(), nullptr);
  receive.front() = gathered.data();
  drain_on_unwind const unwinding(team_);
  team_.bytes().all_gather(team_.streams(), send, receive, offsets);
  job.join(first, std::move(pieces), gathered.data(), whole.data());
  job.finish(first, n, whole.data(), result);
  team_.sync();
  observer_.ends();
}

int chunked_run::threads_at_once() const {
  int threads = 0;
  for (stream const& s : team_.streams()) threads = std::max(threads, s.threads());
  return threads * at_once_;
}

int chunked_run::after(int rank) const {
  int const first = team_.first_local_rank();
  return first + (rank - first + 1) % team_.local_ranks();
}

void chunked_run::check_sources() const {
  for (auto const* source : sources_) source->file().check_unchanged();
}

bool chunked_run::chosen_for_verification(piece p) const {
  // a multiplicative hash of where it begins, in [0, 100)
  std::uint64_t const mixed = (static_cast<std::uint64_t>(p.begin) + 1) * 0x9e3779b97f4a7c15u;
  return static_cast<double>(mixed >> 11) * 0x1p-53 * 100.0 < limits_.verify;
}

device_error chunked_run::disagreement(piece p) const {
  int const rank = cuts_.rank_of(p.begin);
  return observer_.disagreement(rank, after(rank), p);
}

void chunked_run::release(piece p) const {
  for (auto const* source : sources_) source->release(p.begin, p.end);
}

void chunked_run::done(int rank, char const* what, piece p, clock::time_point since) const {
  release(p);
  observer_.done(rank, what, p, since);
}

}  // namespace prorata::host
