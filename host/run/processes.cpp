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

[[noreturn]] void throw_described(error_kind kind, std::string const& what) {
  switch (kind) {
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
  std::vector<char> said(1, static_cast<char>(mine.kind));
  said.insert(said.end(), mine.what.begin(), mine.what.end());
  auto const all = gather_apart(said);
  for (auto const& one : all) {
    auto const kind = static_cast<error_kind>(one.front());
    if (kind == error_kind::none) continue;
    if (&one - all.data() == number_) std::rethrow_exception(thrown);
    throw_described(kind, std::string(one.begin() + 1, one.end()));
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

std::vector<double> processes::weights(partition const& cuts) const {
  std::vector<double> all;
  for (std::size_t p = 0; p < first_rank_.size(); ++p) {
    bool const is_last = p + 1 == first_rank_.size();
    index_t const end = is_last ? cuts.n : cuts.begin(first_rank_[p + 1]);
    all.push_back(static_cast<double>(end - cuts.begin(first_rank_[p])));
  }
  return all;
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

std::vector<std::vector<std::byte>> processes::gather_bytes(std::span<std::byte const> mine) const {
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
  std::size_t const size = mine.size();
  std::vector<std::size_t> sizes(static_cast<std::size_t>(count_));
  auto const said =
      gather_blocks(std::as_bytes(std::span(&size, 1)), blocks([](int) { return sizeof size; }));
  std::memcpy(sizes.data(), said.data(), said.size());
  auto const all = gather_blocks(mine, blocks([&](int p) { return sizes[static_cast<std::size_t>(p)]; }));
  for (std::size_t p = 0, at = 0; p < sizes.size(); at += sizes[p++])
    apart.emplace_back(all.begin() + static_cast<index_t>(at),
                       all.begin() + static_cast<index_t>(at + sizes[p]));
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

processes const& process_shares::of() const {
  static processes const one;  // it has no state
  return of_ == nullptr ? one : *of_;
}

piece process_shares::mine(index_t n) const {
  if (of().alone() || n == 0) return {0, n, n};
  auto const cuts = partition_by_weights(n, weights_, {.granularity = 1, .caps = {}});
  return {cuts.begin(of().number()), cuts.end(of().number()), n};
}

}  // namespace prorata::host
