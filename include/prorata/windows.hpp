// Windows of event time, and the watermark that says which of them are complete.
#pragma once

#include <algorithm>
#include <limits>
#include <numeric>
#include <prorata/error.hpp>

namespace prorata {

/// Event times lie in ±2^61 of any unit, and windows are as long at most, so that no end of a window overflows.
inline constexpr std::int64_t largest_event_time = std::int64_t{1} << 61;

/// The largest multiple of `step` that is not above t; step > 0.
constexpr std::int64_t floor_to(std::int64_t t, std::int64_t step) {
  std::int64_t const rest = t % step;
  return t - rest - (rest < 0 ? step : 0);
}

/// Which records are added up together.
///   tumbling  [k·size, (k + 1)·size): every record is in one
///   sliding   [k·step, k·step + size): a record is in several
///   session   of one key, from its first record to `size` after its last one, where no two neighbours are `size` apart
///   count     of one key, `size` records in the order of their times, those of one time in the order of the input;
///             from the first one's time to one unit after the last one's
enum class window_kind { tumbling, sliding, session, count };

/// A window is half open: [begin, end).
struct window_bounds {
  std::int64_t begin, end;
  bool operator==(window_bounds const&) const = default;
};

/// The windows of a stream. Those of tumbling and sliding lie on multiples of the step, before time 0, too.
///   panes  stretches of time that no window cuts: [k·pane, (k + 1)·pane). What is added up for a pane serves every
///          window that holds it (Li et al., No Pane, No Gain, 2005)
class window_rule {
 public:
  /// step: of sliding windows, 1 to size.
  ///   throws  usage_error
  explicit window_rule(window_kind kind, std::int64_t size, std::int64_t step = 0)
      : kind_(kind), size_(size), step_(kind == window_kind::sliding ? step : size) {
    require(size >= 1 && size <= largest_event_time, "a window's size is from 1 to 2^61");
    require(step_ >= 1 && step_ <= size, "a window's step is from 1 to its size");
    pane_ = std::gcd(size_, step_);
  }

  window_kind kind() const { return kind_; }
  std::int64_t size() const { return size_; }
  std::int64_t step() const { return step_; }
  std::int64_t pane() const { return pane_; }
  /// Whether windows lie where time says, and not where a key's records do.
  bool on_a_grid() const { return kind_ == window_kind::tumbling || kind_ == window_kind::sliding; }

  /// Where the pane of time t begins.
  std::int64_t pane_of(std::int64_t t) const { return floor_to(t, pane_); }
  /// Where the first and the last window that hold time t end.
  ///   example  60 by 20, t = 50: [0, 60), [20, 80), [40, 100): 60 and 100
  std::int64_t first_end(std::int64_t t) const { return end_after(t); }
  std::int64_t last_end(std::int64_t t) const { return floor_to(t, step_) + size_; }
  /// The first end of a window that is above t.
  std::int64_t end_after(std::int64_t t) const { return floor_to(t - size_, step_) + step_ + size_; }

 private:
  window_kind kind_;
  std::int64_t size_, step_, pane_ = 1;
};

/// How far event time has come: to the largest time so far, less what records may be late. A window is complete when
/// the watermark reaches its end. It is a function of the records in their order, whatever batches they come in.
class watermark {
 public:
  static constexpr std::int64_t before_all = std::numeric_limits<std::int64_t>::min() / 2;
  static constexpr std::int64_t after_all = std::numeric_limits<std::int64_t>::max() / 2;

  /// lateness: how far behind the largest time so far a record may be.
  /// advance: the most by which one record moves the largest time, so that one wrong clock does not close everything;
  /// the first record is believed.
  explicit watermark(std::int64_t lateness = 0, std::int64_t advance = largest_event_time * 2)
      : lateness_(lateness), advance_(advance) {
    require(lateness >= 0 && lateness <= largest_event_time, "a lateness is from 0 to 2^61");
    require(advance >= 1, "the watermark's largest advance is at least 1");
  }

  /// No record that comes now should be before that.
  std::int64_t value() const { return begun() ? largest_ - lateness_ : before_all; }
  /// The largest time, as far as it is believed.
  std::int64_t largest() const { return largest_; }
  bool begun() const { return largest_ != before_all; }

  /// Takes up where another stood, whose largest time is given.
  void go_to(std::int64_t largest) { largest_ = largest; }

  /// A record of time t has come.
  void observe(std::int64_t t) {
    largest_ = begun() ? std::max(largest_, std::min(t, largest_ + advance_)) : t;
  }

  /// Records have come whose first time and largest time these are. Says whether that was enough to know; else nothing
  /// has changed, and they are to be observed one by one.
  bool observe_all(std::int64_t first, std::int64_t largest) {
    std::int64_t const from = begun() ? largest_ : first;
    if (largest > from && largest - from > advance_) return false;
    largest_ = std::max(from, largest);
    return true;
  }

 private:
  std::int64_t lateness_, advance_;
  std::int64_t largest_ = before_all;
};

}  // namespace prorata
