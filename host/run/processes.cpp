// Bytes go through the first rank of each process; what was thrown goes as its kind and its message.
#include <algorithm>
#include <cstring>
#include <exception>
#include <host/run/processes.hpp>
#include <new>
#include <numeric>
#include <prorata/error.hpp>

namespace prorata::host {

namespace {

/// The types of error, as numbers that travel; 0: none.
enum class error_kind : char { none, usage, input, device, communication, memory, infeasible, other };

struct described_error {
  error_kind kind = error_kind::none;
  std::string what;
};

described_error describe(std::exception_ptr const& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (usage_error const& e) { return {error_kind::usage, e.what()}; } catch (input_error const& e) {
    return {error_kind::input, e.what()};
  } catch (device_error const& e) {
    return {error_kind::device, e.what()};
  } catch (communication_error const& e) {
    return {error_kind::communication, e.what()};
  } catch (out_of_memory const& e) { return {error_kind::memory, e.what()}; } catch (infeasible const& e) {
    return {error_kind::infeasible, e.what()};
  } catch (std::bad_alloc const&) {
    return {error_kind::memory, "out of memory"};
  } catch (std::exception const& e) { return {error_kind::other, e.what()}; } catch (...) {
    return {error_kind::other, "a process of the job failed"};
  }
}

std::vector<std::byte> bytes_of(described_error const& e) {
  std::vector<std::byte> bytes(e.what.size() + 1);
  bytes.front() = static_cast<std::byte>(e.kind);
  std::memcpy(bytes.data() + 1, e.what.data(), e.what.size());
  return bytes;
}

described_error error_in(std::span<std::byte const> bytes) {
  if (bytes.empty()) return {};
  auto const* const text = reinterpret_cast<char const*>(bytes.data());
  return {static_cast<error_kind>(bytes.front()), std::string(text + 1, text + bytes.size())};
}

[[noreturn]] void throw_described(described_error const& e) {
  auto const& what = e.what;
  switch (e.kind) {
    case error_kind::usage:
      throw usage_error(what);
    case error_kind::input:
      throw input_error(what);
    case error_kind::device:
      throw device_error(what);
    case error_kind::communication:
      throw communication_error(what);
    case error_kind::memory:
      throw out_of_memory(what);
    case error_kind::infeasible:
      throw infeasible(what);
    default:
      throw error(what);
  }
}

}  // namespace

processes::processes(prorata::team<stream> const& team) {
  if (team.local_ranks() == team.ranks()) return;
  team_ = team;
  // every rank says which is the first one of its process
  int const mine = team.first_local_rank();
  std::vector<int> firsts(static_cast<std::size_t>(team.ranks()));
  std::vector<std::size_t> offsets;
  for (std::size_t r = 0; r <= firsts.size(); ++r) offsets.push_back(r * sizeof(int));
  std::vector<void const*> const send(team.streams().size(), &mine);
  std::vector<void*> receive(send.size(), nullptr);
  receive.front() = firsts.data();
  drain_on_unwind const unwinding(team);
  team.bytes().all_gather(team.streams(), send, receive, offsets);
  team.sync();
  firsts.erase(std::unique(firsts.begin(), firsts.end()), firsts.end());
  first_rank_ = std::move(firsts);
  count_ = static_cast<int>(first_rank_.size());
  number_ = static_cast<int>(std::find(first_rank_.begin(), first_rank_.end(), mine) - first_rank_.begin());
}

piece processes::stretch_of_first(int rank, partition const& cuts) const {
  auto const mine = std::find(first_rank_.begin(), first_rank_.end(), rank);
  if (mine == first_rank_.end()) return {0, 0, cuts.n};
  int const after = std::next(mine) == first_rank_.end() ? cuts.ranks() : *std::next(mine);
  return {cuts.begin(rank), cuts.end(after - 1), cuts.n};
}

void processes::together(std::function<void()> const& work) const {
  if (alone()) return work();
  std::exception_ptr thrown;
  described_error mine;
  try {
    work();
  } catch (...) {
    thrown = std::current_exception();
    mine = describe(thrown);
  }
  auto const all = exchange(message::verdict, bytes_of(mine));
  for (auto const& one : all) {
    auto const theirs = error_in(one);
    if (theirs.kind == error_kind::none) continue;
    if (&one - all.data() == number_) std::rethrow_exception(thrown);
    throw_described(theirs);
  }
}

void processes::give_up(std::exception_ptr const& thrown) const noexcept {
  if (alone() || ended_) return;
  try {
    exchange(message::end, bytes_of(describe(thrown)));
  } catch (...) {  // there is nobody left to tell
  }
}

std::string processes::from_first(std::string const& mine) const {
  if (alone()) return mine;
  auto const all = gather_apart(first() ? std::vector<char>(mine.begin(), mine.end()) : std::vector<char>());
  return {all.front().begin(), all.front().end()};
}

void processes::add(std::span<index_t> counts) const {
  constexpr std::size_t at_once = std::size_t{1} << 16;  // what memory is taken for, times the processes
  for (; !alone() && !counts.empty(); counts = counts.subspan(std::min(at_once, counts.size()))) {
    auto const some = counts.first(std::min(at_once, counts.size()));
    auto const all = gather_apart(std::vector<index_t>(some.begin(), some.end()));
    std::fill(some.begin(), some.end(), 0);
    for (auto const& one : all)
      for (std::size_t k = 0; k < some.size(); ++k) some[k] += one[k];
  }
}

index_t processes::least(index_t mine) const {
  auto const all = gather(std::vector<index_t>{mine});
  return *std::min_element(all.begin(), all.end());
}

index_t processes::before(index_t mine) const {
  if (alone()) return 0;
  auto const all = gather(std::vector<index_t>{mine});
  return std::accumulate(all.begin(), all.begin() + number_, index_t{0});
}

/// Every process says what kind of message it has and how long it is; then come the messages.
std::vector<std::vector<std::byte>> processes::exchange(message kind, std::span<std::byte const> mine) const {
  struct header {
    message kind;
    std::size_t size;
  };
  std::vector<std::vector<std::byte>> apart;
  if (alone()) {
    apart.emplace_back(mine.begin(), mine.end());
    return apart;
  }
  auto const blocks = [&](auto const& size_of) {
    std::vector<std::size_t> offsets{0};
    for (int r = 0, p = 0; r < team_->ranks(); ++r) {
      bool const speaks = p < count_ && first_rank_[static_cast<std::size_t>(p)] == r;
      offsets.push_back(offsets.back() + (speaks ? size_of(p++) : 0));
    }
    return offsets;
  };
  header const my_header{kind, mine.size()};
  std::vector<header> headers(static_cast<std::size_t>(count_));
  auto const said =
      gather_blocks(std::as_bytes(std::span(&my_header, 1)), blocks([](int) { return sizeof my_header; }));
  std::memcpy(headers.data(), said.data(), said.size());
  auto const all =
      gather_blocks(mine, blocks([&](int p) { return headers[static_cast<std::size_t>(p)].size; }));
  std::size_t at = 0;
  for (auto const& h : headers) {
    apart.emplace_back(all.begin() + static_cast<index_t>(at),
                       all.begin() + static_cast<index_t>(at + h.size));
    at += h.size;
  }
  for (std::size_t p = 0; p < headers.size(); ++p) {
    if (headers[p].kind != message::end) continue;
    ended_ = true;
    if (kind != message::end) throw_described(error_in(apart[p]));
  }
  for (auto const& h : headers)
    if (h.kind != kind && !ended_)
      throw communication_error("the processes of the job are not at the same step");
  return apart;
}

std::vector<std::byte> processes::gather_blocks(std::span<std::byte const> mine,
                                                std::vector<std::size_t> const& offsets) const {
  std::vector<std::byte> all(offsets.back());
  std::vector<void const*> send(team_->streams().size(), nullptr);
  std::vector<void*> receive(send.size(), nullptr);
  send.front() = mine.data();
  receive.front() = all.data();
  drain_on_unwind const unwinding(*team_);
  team_->bytes().all_gather(team_->streams(), send, receive, offsets);
  team_->sync();
  return all;
}

prorata::team<stream> local_part(prorata::team<stream> const& team) {
  if (team.local_ranks() == team.ranks()) return team;
  std::vector<stream> streams;
  for (stream const& s : team.streams())
    streams.emplace_back(stream_options{.threads = s.threads(), .name = s.name()});
  return prorata::team<stream>(std::move(streams));
}

processes const& processes::one() {
  static processes const alone;  // it has no state
  return alone;
}

processes const& process_shares::of() const { return of_ == nullptr ? processes::one() : *of_; }

process_shares::process_shares(processes const& of, index_t mine)
    : of_(&of), weights_(of.gather(std::vector<double>{static_cast<double>(mine)})) {}

piece process_shares::mine(index_t n) const {
  if (of().alone() || n == 0) return {0, n, n};
  auto const cuts = partition_by_weights(n, weights_, {.granularity = 1, .caps = {}});
  return {cuts.begin(of().number()), cuts.end(of().number()), n};
}

}  // namespace prorata::host
