// Who takes which chunk next, where devices take chunks as they become free.
#pragma once

#include <algorithm>
#include <optional>
#include <prorata/ordered.hpp>
#include <vector>

namespace prorata::host {

/// Hands out the elements of a range in their order, a chunk at a time, to devices of unequal and perhaps unknown
/// speed: a chunk is half of the device's part, by speed, of what is left, so that all end at about the same time.
///   source   weighted guided self-scheduling, HGuided in EngineCL (Nozal, Bosque, Beivide: FGCS 107, 2020), k = 2.
///            Added: speeds are measured as it goes; a device's first chunk is small, and each one at most four times
///            the one before, so that a wrong guess costs little; one that would be the last to end gets none
///   threads  one at a time
class guided_chunks {
 public:
  ///   largest  elements, whole tiles
  ///   guesses  of the devices' speeds, in any unit; 0: it gets nothing
  guided_chunks(piece all, index_t largest, std::vector<double> const& guesses)
      : at_(all.begin),
        end_(all.end),
        n_(all.n),
        largest_(largest),
        least_(std::max(tile, largest / least_part / tile * tile)) {
    for (double const guess : guesses) devices_.push_back({.guess = guess});
  }

  bool done() const { return at_ == end_; }

  /// The next chunk of a device: up to the end of a tile, or of everything. Nothing: it is to have none any more.
  std::optional<piece> next(int device) {
    auto& mine = devices_[static_cast<std::size_t>(device)];
    double const speed = speed_of(mine);
    if (done() || !(speed > 0)) return {};
    double all = 0, fastest = 0;
    for (auto const& d : devices_) {
      all += speed_of(d);
      fastest = std::max(fastest, speed_of(d));
    }
    auto const left = static_cast<double>(end_ - at_),
               least = static_cast<double>(std::min(least_, end_ - at_));
    if (speed < fastest && least / speed > left / (all - speed) + least / fastest) {
      mine.given_up = true;  // nobody counts on it any more: the fastest of the others never gives up
      return {};
    }
    index_t const most = std::min(largest_, mine.last > 0 ? 4 * mine.last : least_);
    double const part = std::min(left * (speed / all) / 2, static_cast<double>(most));
    index_t const wanted = at_ + std::max(static_cast<index_t>(part), least_);
    piece const p{at_, wanted < end_ ? std::min(end_, (wanted + tile - 1) / tile * tile) : end_, n_};
    at_ = p.end;
    mine.last = p.end - p.begin;
    return p;
  }

  /// A device has failed, and gets nothing any more; the others may have to do more than they thought.
  void lost(int device) {
    for (auto& d : devices_) d.given_up = false;
    devices_[static_cast<std::size_t>(device)].guess = 0;
  }

  /// A device has done a chunk in so many seconds.
  void did(int device, index_t elements, double seconds) {
    auto& mine = devices_[static_cast<std::size_t>(device)];
    double const now = static_cast<double>(elements) / std::max(seconds, 1e-9);
    mine.measured = mine.measured > 0 ? (mine.measured + now) / 2 : now;
  }
  /// Elements a second, as its chunks have shown; 0: none is done.
  double measured(int device) const { return devices_[static_cast<std::size_t>(device)].measured; }

 private:
  static constexpr index_t least_part =
      64;  // of the largest chunk: below that, beginning and ending costs too much

  struct device {
    double guess = 0, measured = 0;  // elements a second; 0: not yet
    index_t last = 0;                // elements of its last chunk
    bool given_up = false;
    bool takes_part() const { return guess > 0 && !given_up; }
  };

  /// As measured; or guessed, in the unit of those that are. 0 of one that is to have nothing.
  double speed_of(device const& d) const {
    if (!d.takes_part() || d.measured > 0) return d.takes_part() ? d.measured : 0;
    double measured = 0, guessed = 0;
    for (auto const& one : devices_) {
      if (!(one.measured > 0) || !one.takes_part()) continue;
      measured += one.measured;
      guessed += one.guess;
    }
    return guessed > 0 ? d.guess * (measured / guessed) : d.guess;
  }

  index_t at_, end_, n_;
  index_t largest_, least_;
  std::vector<device> devices_;
};

}  // namespace prorata::host
