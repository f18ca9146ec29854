// The fold of a chunked run, and what verification chooses.
#include <host/run/chunked_run.hpp>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
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

/// The partial result of a stretch of elements.
struct partial {
  piece range;
  std::vector<std::byte> bytes;
};

/// Partial results of one process that have no neighbour yet. Stretches end in any order: who has ended one joins it
/// with its neighbours, so that in the end there is one.
class partials {
 public:
  explicit partials(fold_job const& job) : job_(job) {}

  /// Queues on s the joining of `mine` with its neighbours, and of what becomes of it. From inside the work of s.
  void add(stream& s, partial mine) {
    auto joint = take_neighbour(mine);
    if (!joint) return;
    join(s, joint);
  }

  /// What was to be joined on streams that have failed; while nothing is at work.
  bool has_lost() const { return !joining_.empty(); }
  /// Queues it on s.
  void add_again(stream& s) {
    auto const lost = joining_;  // the stream takes them away while it works
    for (auto const& joint : lost) join(s, joint);
  }

  /// What is left when all work is done: the partial result of everything, or nothing of no elements.
  std::vector<std::byte> whole() {
    return waiting_.empty() ? std::vector<std::byte>() : std::move(waiting_.begin()->second.bytes);
  }

 private:
  struct pair {
    partial left, right, out;
    std::vector<std::byte> in;  // both, as join wants them
  };

  void join(stream& s, std::shared_ptr<pair> const& both) {
    job_.join(s, {both->left.range, both->right.range}, both->in.data(), both->out.bytes.data());
    s.enqueue([this, &s, both] {
      {
        std::lock_guard const lock(mutex_);
        joining_.erase(both);
      }
      add(s, std::move(both->out));
    });
  }

  /// Takes a neighbour of `mine` away from those that wait, or lets `mine` wait.
  std::shared_ptr<pair> take_neighbour(partial& mine) {
    auto both = std::make_shared<pair>();
    {
      std::lock_guard const lock(mutex_);
      auto const after = waiting_.upper_bound(mine.range.begin);
      auto const before = after == waiting_.begin() ? waiting_.end() : std::prev(after);
      if (before != waiting_.end() && before->second.range.end == mine.range.begin) {
        both->left = std::move(before->second);
        both->right = std::move(mine);
        waiting_.erase(before);
      } else if (after != waiting_.end() && after->second.range.begin == mine.range.end) {
        both->left = std::move(mine);
        both->right = std::move(after->second);
        waiting_.erase(after);
      } else {
        index_t const begin = mine.range.begin;
        waiting_.emplace(begin, std::move(mine));
        return nullptr;
      }
    }
    piece const range{both->left.range.begin, both->right.range.end, both->left.range.n};
    auto const first = static_cast<std::size_t>(aligned(job_.bytes(both->left.range)));
    both->in.resize(first + both->right.bytes.size());
    std::copy(both->left.bytes.begin(), both->left.bytes.end(), both->in.begin());
    std::copy(both->right.bytes.begin(), both->right.bytes.end(),
              both->in.begin() + static_cast<std::ptrdiff_t>(first));
    both->out = {range, std::vector<std::byte>(static_cast<std::size_t>(job_.bytes(range)))};
    std::lock_guard const lock(mutex_);
    joining_.insert(both);
    return both;
  }

  fold_job const& job_;
  std::mutex mutex_;
  std::map<index_t, partial> waiting_;  // by where they begin
  std::set<std::shared_ptr<pair>> joining_;
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

  // local work: every rank folds its chunks; neighbours join, whichever rank had them
  partials found(job);
  rechecks chosen(limits_.memory / 8);
  chunk_feed chunks(team_, cuts_, chunk_, order(), on_speed(), sharing());
  feed_ = &chunks;
  std::vector<partial> fresh_of(
      began_.size());  // each rank's chunk: it stays while the stream has work on it
  auto const fold_chunk = [&](stream& queue, int rank, piece p) {
    auto const size = static_cast<std::size_t>(job.bytes(p));
    partial& fresh = fresh_of[local(rank)];
    fresh = {p, std::vector<std::byte>(size)};  // places of absent lanes stay 0
    clock::time_point& from = began_[local(rank)];
    queue.enqueue([this, &from, p] {
      from = clock::now();
      announce(p);
    });
    job.reduce(queue, rank, p, fresh.bytes.data());
    if (chosen_for_verification(p)) {
      queue.copy(chosen.add(p, rank, size).first.data(), fresh.bytes.data(), size);
      if (chosen.full()) chunks.pause();
    }
    queue.enqueue([this, &found, &queue, &from, &fresh, rank, p] {
      found.add(queue, std::move(fresh));
      done(rank, "fold", p, from);
    });
  };
  auto const fold_chunks = [&] {
    chunks.run(fold_chunk, on_loss());
    drain_on_unwind const unwinding(team_);
    if (found.has_lost()) chunks.on_any([&](stream& any) { found.add_again(any); });

    // another device computes the chosen chunks again: the bytes must be the same
    auto const again = chosen.take();
    for (auto const& c : again) {
      int const other = after(c->rank);
      auto& queue = team_.streams()[local(other)];
      job.reduce(queue, other, c->range, c->second.data());
    }
    team_.sync();
    for (auto const& c : again)
      if (!job.same(c->range, c->first.data(), c->second.data())) throw disagreement(c->range);
  };
  processes_.together([&] {
    while (!chunks.done()) fold_chunks();
    check_sources();
  });

  auto mine = found.whole();
  if (processes_.alone()) {  // the first device may be one that has failed
    drain_on_unwind const unwinding(team_);
    chunks.on_any([&](stream& any) { job.finish(any, n, mine.data(), result); });
    return observer_.ends();
  }

  // bytes: what each process has reaches the first device of each; local work: it joins and finishes them
  std::vector<piece> pieces;
  std::vector<std::size_t> offsets{0};
  for (int rank = 0; rank < cuts_.ranks(); ++rank) {
    piece const share = processes_.stretch_of_first(rank, cuts_);
    bool const has_some = share.begin < share.end;
    if (has_some) pieces.push_back(share);
    offsets.push_back(offsets.back() + (has_some ? static_cast<std::size_t>(aligned(job.bytes(share))) : 0));
  }
  mine.resize(static_cast<std::size_t>(aligned(std::ssize(mine))));
  std::vector<void const*> const send(static_cast<std::size_t>(team_.local_ranks()), mine.data());
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

shared_devices chunked_run::sharing() const {
  index_t bytes = 0;
  for (auto const* source : sources_) bytes += io::size_of(source->array().type);
  return {limits_.turns, std::max<index_t>(bytes, 1)};
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

void chunked_run::announce(piece p) const noexcept {
  index_t const after = std::min(p.n, p.end + (p.end - p.begin));  // as a rule the next chunk
  for (auto const* source : sources_) source->announce(p.begin, after);
}

void chunked_run::done(int rank, char const* what, piece p, clock::time_point since) const {
  feed_->completed(rank);
  observer_.spent(rank, team_.streams()[local(rank)].take_spent());
  observer_.done(rank, what, p, since);
}

}  // namespace prorata::host
