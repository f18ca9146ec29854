// processes: what the processes of a job tell each other between passes over their files.
#pragma once

#include <exception>
#include <host/io/peers.hpp>
#include <optional>
#include <prorata/canonical.hpp>
#include <prorata/host.hpp>
#include <prorata/partition.hpp>
#include <prorata/team.hpp>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace prorata::host {

/// The processes that the ranks of a team live in. One that is alone says nothing and waits for nobody.
///   threads  from the one that uses the team; all processes make the same calls in the same order
///   cost     two operations of the communicator each
///   throws   communication_error
class processes final : public io::peers {
 public:
  processes() = default;  ///< one that is alone
  static processes const& one();
  explicit processes(prorata::team<stream> const& team);

  bool alone() const { return count_ == 1; }
  /// How many, and which of them this is: they are numbered as their ranks are.
  int count() const { return count_; }
  int number() const { return number_; }

  bool first() const override { return number_ == 0; }
  /// What all ranks of a process have, for the first of them; nothing for its other ranks.
  piece stretch_of_first(int rank, partition const& cuts) const;
  void together(std::function<void()> const& work) const override;
  /// For a process that gives up outside of together(): the others throw the same at their next call here. Where they
  /// give up, too, as after a call that failed in all of them, nothing more is to be said.
  void give_up(std::exception_ptr const& thrown) const noexcept;
  std::string from_first(std::string const& mine) const override;

  /// Adds up what all processes counted, place by place, in place.
  void add(std::span<index_t> counts) const;
  /// The least of what each has; how much those before this one have together.
  index_t least(index_t mine) const;
  index_t before(index_t mine) const;

  /// What all processes have, one after the other; or apart.
  template <class T>
  std::vector<T> gather(std::vector<T> mine) const {
    if (alone()) return mine;
    std::vector<T> all;
    for (auto const& one : gather_apart<T>(mine)) all.insert(all.end(), one.begin(), one.end());
    return all;
  }
  template <class T>
  std::vector<std::vector<T>> gather_apart(std::vector<T> const& mine) const {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<std::vector<T>> apart;
    for (auto const& bytes : exchange(message::data, std::as_bytes(std::span(mine)))) {
      auto const* const first = reinterpret_cast<T const*>(bytes.data());
      apart.emplace_back(first, first + bytes.size() / sizeof(T));
    }
    return apart;
  }

 private:
  enum class message : std::size_t { data, verdict, end };
  std::vector<std::vector<std::byte>> exchange(message kind, std::span<std::byte const> mine) const;
  std::vector<std::byte> gather_blocks(std::span<std::byte const> mine,
                                       std::vector<std::size_t> const& offsets) const;

  std::optional<prorata::team<stream>> team_;  // of several processes
  int count_ = 1, number_ = 0;
  std::vector<int> first_rank_{0};  // of every process
  mutable bool ended_ = false;      // some process has given up
};

/// A team of this process's ranks alone: the same one where there are no others, else one of their devices again.
prorata::team<stream> local_part(prorata::team<stream> const& team);

/// Work that is dealt among the processes of a job by weight, a stretch to each. By default there is one.
class process_shares {
 public:
  process_shares() = default;
  /// Of which this process gets so much for every `mine` of all; `of` outlives it.
  process_shares(processes const& of, index_t mine);
  /// The same for what so many ranks of the process have, `first` and those after it.
  process_shares(processes const& of, partition const& cuts, int first, int ranks)
      : process_shares(of, cuts.end(first + ranks - 1) - cuts.begin(first)) {}

  processes const& of() const;
  /// Which of n elements are this process's.
  piece mine(index_t n) const;
  index_t length(index_t n) const {
    piece const p = mine(n);
    return p.end - p.begin;
  }

 private:
  processes const* of_ = nullptr;
  std::vector<double> weights_{1.0};
};

}  // namespace prorata::host
