// id_table: things found by their number, where the number of what is gone finds nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace prorata::host {

/// Places are used again, their numbers are not: each holds the place and how often that was used before.
///   numbers   0, 1, 2, … as long as nothing was erased; a place is given up after 2^32 uses
///   pointers  stay valid until their thing is erased
///   cost      O(1), no search
template <class T>
class id_table {
 public:
  template <class... Arguments>
  std::uint64_t insert(Arguments&&... arguments) {
    if (free_.empty()) {
      places_.emplace_back();
      free_.reserve(places_.size());  // so that erase() cannot fail
      free_.push_back(static_cast<std::uint32_t>(places_.size() - 1));
    }
    std::uint32_t const at = free_.back();
    places_[at].thing.emplace(std::forward<Arguments>(arguments)...);
    free_.pop_back();
    return static_cast<std::uint64_t>(places_[at].uses) << 32 | at;
  }

  /// Null if there is no such thing, or no longer.
  T* find(std::uint64_t id) {
    auto const at = static_cast<std::uint32_t>(id);
    if (at >= places_.size()) return nullptr;
    place& p = places_[at];
    return p.uses == id >> 32 && p.thing ? &*p.thing : nullptr;
  }

  /// Requires an id that is found.
  void erase(std::uint64_t id) noexcept {
    auto const at = static_cast<std::uint32_t>(id);
    places_[at].thing.reset();
    if (++places_[at].uses != 0) free_.push_back(at);
  }

  /// Calls f(thing) for each, in the order of places.
  template <class F>
  void each(F const& f) {
    for (place& p : places_)
      if (p.thing) f(*p.thing);
  }

 private:
  struct place {
    std::optional<T> thing;
    std::uint32_t uses = 0;
  };
  std::deque<place> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace prorata::host
