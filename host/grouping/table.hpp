// group_table: the groups of some rows in one thread's cache, found by key, and given back in their order.
#pragma once

#include <algorithm>
#include <bit>
#include <host/grouping/fixed_sums.hpp>
#include <prorata/groups.hpp>
#include <utility>
#include <vector>

namespace prorata::host {

/// A key and where its state lies.
struct word_place {
  std::uint64_t key;
  std::uint32_t place;
};

/// Sorts by key. For few enough that they fit a cache: radix passes over the leading bits that differ, and
/// what then still has equal leading bits by comparison.
void sort_places(std::vector<word_place>& places, std::vector<word_place>& scratch);

/// States by key. Keys within a window [low, low + width) are found by subtraction, the others, and second
/// bands of the same key, by hashing with linear probing; there is no reserved key.
template <class State>
class group_table {
 public:
  using record = group_record<State>;
  using sums = fixed_sums<State::kind>;

  /// Forgets everything and makes ready for keys that mostly lie in a window, whose width may be 0, and for
  /// this many others.
  void open(std::uint64_t low, std::uint64_t width, int origin, index_t expected) {
    std::size_t wanted = least_slots;
    while (wanted < 2 * static_cast<std::size_t>(expected)) wanted *= 2;
    if (slots_.size() == wanted) {
      if (hashed_ > 0) std::fill(slots_.begin(), slots_.end(), slot{});
    } else {
      slots_.assign(wanted, slot{});
    }
    hashed_ = 0;
    low_ = low;
    width_ = width;
    origin_ = origin;
    states_.assign(static_cast<std::size_t>(width), State::none());
    keys_.clear();
    quick_ = {};
    shift_ = 64;
    while ((std::size_t{1} << (64 - shift_)) < wanted) --shift_;
  }

  /// Hashed groups so far.
  index_t hashed() const { return static_cast<index_t>(hashed_); }
  index_t bytes() const {
    return static_cast<index_t>(slots_.size() * sizeof(slot) + states_.capacity() * sizeof(State) +
                                keys_.capacity() * 8 + quick_.sums.capacity() * sizeof(quick_.sums[0]));
  }

  /// Takes many rows of each group, on the whole: they are added up in fixed point for as long as they can.
  void take_many(std::uint64_t const* keys, std::uint64_t const* values, index_t n) {
    if constexpr (only_sums) {
      if (take_quickly(keys, values, n)) return;
    }
    take<1>(keys, values, n);
  }

  /// Takes rows given as keys and values `stride` words apart.
  template <int Stride>
  void take(std::uint64_t const* keys, std::uint64_t const* values, index_t n) {
    if constexpr (State::kind == addend::real) {
      std::uint64_t special = 0;
      for (index_t i = 0; i < n; ++i) {
        std::uint64_t const field = values[i * Stride] << 1 >> 53;
        special |= static_cast<std::uint64_t>(field == 0) | static_cast<std::uint64_t>(field == 0x7ff);
      }
      if (special == 0) {
        for (index_t i = 0; i < n; ++i) {
          std::uint64_t const value = values[i * Stride];
          std::int32_t const unit =
              State::has_bands ? State::unit_of_exponent(static_cast<int>(value >> 52) & 0x7ff, origin_) : 0;
          find(keys[i * Stride], unit).deposit_normal(value);
        }
        return;
      }
    }
    for (index_t i = 0; i < n; ++i) {
      std::uint64_t const value = values[i * Stride];
      find(keys[i * Stride], State::unit_of(value, origin_)).deposit(value);
    }
  }

  void take_one(std::uint64_t key, std::uint64_t value) {
    find(key, State::unit_of(value, origin_)).deposit(value);
  }

  void merge(record const& r) { find(r.key, r.state.unit).merge(r.state); }

  /// Calls f(key, at, states) for every key in ascending order; at(k) is its k-th state.
  template <class F>
  void in_order(F const& f) {
    settle_quick();
    places_.clear();
    for (std::size_t k = 0; k < keys_.size(); ++k)
      places_.push_back({keys_[k], static_cast<std::uint32_t>(width_ + k)});
    sort_places(places_, scratch_);
    std::size_t next = 0;
    auto const hashed_from = [&](std::size_t first) {
      std::size_t last = first + 1;
      while (last < places_.size() && places_[last].key == places_[first].key) ++last;
      return last;
    };
    auto const hashed_until = [&](std::uint64_t end, bool all) {
      while (next < places_.size() && (all || places_[next].key < end)) {
        std::size_t const last = hashed_from(next);
        f(
            places_[next].key,
            [&](index_t k) -> State const& {
              return states_[places_[next + static_cast<std::size_t>(k)].place];
            },
            static_cast<index_t>(last - next));
        next = last;
      }
    };
    for (std::uint64_t d = 0; d < width_; ++d) {
      State const& first = states_[static_cast<std::size_t>(d)];
      if (first.count == 0) continue;
      std::uint64_t const key = low_ + d;
      if (next < places_.size()) hashed_until(key, false);
      if (next < places_.size() && places_[next].key == key) {
        std::size_t const from = next;
        next = hashed_from(next);
        f(
            key,
            [&](index_t k) -> State const& {
              return k == 0 ? first : states_[places_[from + static_cast<std::size_t>(k) - 1].place];
            },
            static_cast<index_t>(next - from) + 1);
      } else {
        f(
            key, [&](index_t) -> State const& { return first; }, index_t{1});
      }
    }
    hashed_until(0, true);
  }

 private:
  static constexpr std::size_t least_slots = 1024;
  static constexpr bool only_sums = State::moments == 1 && !State::extremes;
  struct slot {
    std::uint64_t key;
    std::int32_t unit;
    std::uint32_t place;  // 0: empty; else one more than the place of its state
  };

  State& find(std::uint64_t key, std::int32_t unit) {
    std::uint64_t const d = key - low_;
    if (d < width_) {
      State& s = states_[static_cast<std::size_t>(d)];
      if constexpr (!State::has_bands) {
        return s;
      } else {
        if (s.unit == unit || unit == State::no_unit) return s;
        if (s.unit == State::no_unit) {
          s.unit = unit;
          return s;
        }
      }
    }
    return find_hashed(key, unit);
  }

  /// Whether all rows can be added up in fixed point; if so, they were taken.
  bool take_quickly(std::uint64_t const* keys, std::uint64_t const* values, index_t n) {
    if constexpr (State::has_bands) {
      if (!have_one_band(values, n)) return false;
    }
    if (quick_.rows + n > sums::most_rows) settle_quick();
    quick_.rows += n;
    quick_.sums.resize(states_.size());
    constexpr index_t lanes = sums::lanes;
    constexpr index_t stretch = 32 * lanes;  // whose parts wait in first-level cache
    typename sums::sum parts[stretch];
    for (index_t first = 0; first < n; first += stretch) {
      index_t const here = std::min(stretch, n - first), whole = here / lanes * lanes;
      for (index_t i = 0; i < whole; i += lanes) quick_.split(values + first + i, parts + i);
      if (whole < here) {
        std::uint64_t rest[lanes] = {};
        std::copy(values + first + whole, values + first + here, rest);
        quick_.split(rest, parts + whole);
      }
      std::uint64_t outside = 0;
      for (index_t i = 0; i < here; ++i)
        outside |= static_cast<std::uint64_t>(keys[first + i] - low_ >= width_);
      if (outside == 0) {
        auto* const sums = quick_.sums.data();
        for (index_t i = 0; i < here; ++i)
          sums[static_cast<std::size_t>(keys[first + i] - low_)].high_low_count += parts[i].high_low_count;
      } else {
        for (index_t i = 0; i < here; ++i)
          quick_.sums[quick_place(keys[first + i])].high_low_count += parts[i].high_low_count;
      }
    }
    return true;
  }

  /// Whether all values are normal numbers of the chosen band, or +0. Chooses one where there is none yet.
  bool have_one_band(std::uint64_t const* values, index_t n) {
    auto const field = [&](index_t i) { return values[i] << 1 >> 53; };
    if (quick_.exponent < 0) {
      std::uint64_t largest = 0;
      for (index_t i = 0; i < n; ++i) largest = std::max(largest, field(i));
      if (!quick_.choose(static_cast<int>(largest), origin_)) return false;
    }
    auto const least = static_cast<std::uint64_t>(quick_.exponent);
    std::uint64_t outside = 0;
    for (index_t i = 0; i < n; ++i) outside |= values[i] == 0 ? 0 : field(i) - least;
    if (outside <= 31) return true;
    if (quick_.rows == 0) quick_.exponent = -1;  // another band may do better
    return false;
  }

  std::size_t quick_place(std::uint64_t key) {
    std::uint64_t const d = key - low_;
    if (d < width_) return static_cast<std::size_t>(d);
    auto const place = static_cast<std::size_t>(&find_hashed(key, quick_.unit()) - states_.data());
    if (place >= quick_.sums.size()) quick_.sums.resize(states_.size());
    return place;
  }

  /// Adds what was added up in fixed point to the states.
  void settle_quick() {
    if constexpr (only_sums) {
      if (quick_.rows == 0) return;
      quick_.rows = 0;
      for (std::size_t place = 0; place < quick_.sums.size(); ++place) {
        auto& sum = quick_.sums[place].high_low_count;
        if (sum[2] == 0) continue;
        State part = State::none();
        part.unit = quick_.unit();
        part.count = sum[2];
        if constexpr (State::has_bands) part.flags = exact_flag::something;
        __int128 const whole = (static_cast<__int128>(sum[0]) << sums::low_bits) + sum[1];
        prorata::detail::add_wide(part.sum, static_cast<prorata::detail::wide>(whole));
        (place < width_ ? find(low_ + place, part.unit) : states_[place]).merge(part);
        sum = typename sums::words{};
      }
    }
  }

  static std::uint64_t hash(std::uint64_t key) { return (key ^ (key >> 32)) * 0x9e3779b97f4a7c15u; }

  State& find_hashed(std::uint64_t key, std::int32_t unit) {
    std::size_t const mask = slots_.size() - 1;
    for (std::size_t h = static_cast<std::size_t>(hash(key) >> shift_);; h = (h + 1) & mask) {
      slot& s = slots_[h];
      if (s.place == 0) return insert(h, key, unit);
      if (s.key != key) continue;
      if constexpr (State::has_bands) {
        if (s.unit != unit && unit != State::no_unit) {
          if (s.unit != State::no_unit) continue;
          s.unit = unit;
          states_[s.place - 1].unit = unit;
        }
      }
      return states_[s.place - 1];
    }
  }

  [[gnu::noinline]] State& insert(std::size_t h, std::uint64_t key, std::int32_t unit) {
    if (2 * (hashed_ + 1) > slots_.size()) {
      grow();
      return find_hashed(key, unit);
    }
    ++hashed_;
    states_.push_back(State::none());
    states_.back().unit = unit;
    keys_.push_back(key);
    slots_[h] = {key, unit, static_cast<std::uint32_t>(states_.size())};
    return states_.back();
  }

  void grow() {
    std::vector<slot> const before = std::exchange(slots_, std::vector<slot>(2 * slots_.size()));
    --shift_;
    std::size_t const mask = slots_.size() - 1;
    for (slot const& s : before) {
      if (s.place == 0) continue;
      std::size_t h = static_cast<std::size_t>(hash(s.key) >> shift_);
      while (slots_[h].place != 0) h = (h + 1) & mask;
      slots_[h] = s;
    }
  }

  std::uint64_t low_ = 0, width_ = 0;
  int origin_ = 0, shift_ = 54;
  std::size_t hashed_ = 0;
  std::vector<slot> slots_;
  std::vector<State> states_;
  std::vector<std::uint64_t> keys_;
  std::vector<word_place> places_, scratch_;
  sums quick_;
};

}  // namespace prorata::host
