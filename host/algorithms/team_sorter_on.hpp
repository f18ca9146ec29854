// A team_sorter on any backend: ranks of the host work where the keys lie, others on copies.
#pragma once

#include <functional>
#include <host/algorithms/team_sorter.hpp>
#include <prorata/array.hpp>
#include <prorata/sort.hpp>
#include <utility>

namespace prorata::host {

template <class S, class U>
class team_sorter_on final : public team_sorter<U> {
 public:
  using allocator = std::function<std::shared_ptr<std::byte>(std::size_t)>;

  /// One rank for each share. A stream whose rank is no GPU reads and writes the host's memory.
  team_sorter_on(sorting_shares shares, team<S> team, allocator memory)
      : shares_(std::move(shares)), memory_(std::move(memory)), team_(std::move(team)) {}

  sorting_shares const& shares() const override { return shares_; }
  std::shared_ptr<std::byte> memory(index_t bytes) const override {
    return memory_(static_cast<std::size_t>(bytes));
  }

  void sort(std::span<U> keys) override {
    auto const cuts = shares_.cuts(static_cast<index_t>(keys.size()), sizeof(U));
    settled([&] {
      placed<U> k(*this, keys, cuts);
      prorata::sort(k.array);
      k.copy_back();
      team_.sync();
    });
  }

  void sort_by_key(std::span<U> keys, std::span<index_t> values) override {
    auto const cuts = shares_.cuts(static_cast<index_t>(keys.size()), sizeof(U) + sizeof(index_t));
    settled([&] {
      placed<U> k(*this, keys, cuts);
      placed<index_t> v(*this, values, cuts);
      prorata::sort_by_key(k.array, v.array);
      k.copy_back();
      v.copy_back();
      team_.sync();
    });
  }

 private:
  /// An array over the ranks: GPUs hold copies of their shares of the memory.
  template <class E>
  struct placed {
    placed(team_sorter_on& of, std::span<E> memory, partition const& cuts)
        : host(memory), copies(of.copies_of(memory, cuts)), array(of.team_, cuts, pieces(cuts)) {}

    void copy_back() {
      for (auto const& p : array.parts())
        if (copies[static_cast<std::size_t>(p.rank)].data() != nullptr)
          p.stream->copy(host.data() + p.begin, p.data, static_cast<std::size_t>(p.size) * sizeof(E));
    }

    std::vector<E*> pieces(partition const& cuts) const {
      std::vector<E*> all;
      for (int rank = 0; rank < cuts.ranks(); ++rank) {
        E* const copy = copies[static_cast<std::size_t>(rank)].data();
        all.push_back(copy != nullptr ? copy : host.data() + cuts.begin(rank));
      }
      return all;
    }

    std::span<E> host;
    std::vector<buffer<E, S>> copies;  // of ranks of the host: none
    distributed_array<E, S> array;
  };

  template <class E>
  std::vector<buffer<E, S>> copies_of(std::span<E> memory, partition const& cuts) {
    std::vector<buffer<E, S>> copies;
    for (int rank = 0; rank < cuts.ranks(); ++rank) {
      copies.emplace_back();
      if (!shares_.is_gpu(rank)) continue;
      S& stream = team_.streams()[static_cast<std::size_t>(rank)];
      copies.back() = buffer<E, S>(stream, cuts.size(rank));
      stream.copy(copies.back().data(), memory.data() + cuts.begin(rank), copies.back().bytes());
    }
    return copies;
  }

  /// Runs f; when it fails, waits until nothing works on the caller's memory any more.
  template <class F>
  void settled(F const& f) {
    try {
      f();
    } catch (...) {
      try {
        team_.sync();
      } catch (...) {  // a consequence of the first failure
      }
      throw;
    }
  }

  sorting_shares shares_;
  allocator memory_;
  team<S> team_;
};

}  // namespace prorata::host
