// How long the threads that work for a device read and wrote, beside computing.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace prorata::host {

/// Seconds of threads: two that read for a second each have spent two.
struct time_spent {
  double reading = 0;  ///< until data lay in memory
  double writing = 0;  ///< until the system had taken results
  double waiting = 0;  ///< until it was this device's turn
};

/// What is being spent on one device; added up by all its threads.
class spending_account {
 public:
  enum kind { reading, writing, waiting, kinds };

  /// Adds what this thread does while it lives, if it works for a device; costs two looks at the clock.
  class timer {
   public:
    explicit timer(kind k) : account_(of_this_thread()), kind_(k) {
      if (account_ != nullptr) begin_ = clock::now();
    }
    ~timer() {
      if (account_ != nullptr)
        account_->spent_[kind_].fetch_add(
            std::chrono::duration_cast<std::chrono::nanoseconds>(clock::now() - begin_).count(),
            std::memory_order_relaxed);
    }
    timer(timer const&) = delete;
    timer& operator=(timer const&) = delete;

   private:
    spending_account* account_;
    kind kind_;
    std::chrono::steady_clock::time_point begin_;
  };

  /// This thread works for the device of that account while it lives.
  class worker {
   public:
    explicit worker(spending_account& account) : before_(of_this_thread()) { of_this_thread() = &account; }
    ~worker() { of_this_thread() = before_; }
    worker(worker const&) = delete;
    worker& operator=(worker const&) = delete;

   private:
    spending_account* before_;
  };

  /// What was spent since this was last called.
  time_spent take() {
    auto const seconds = [&](kind k) {
      return static_cast<double>(spent_[k].exchange(0, std::memory_order_relaxed)) * 1e-9;
    };
    return {seconds(reading), seconds(writing), seconds(waiting)};
  }

 private:
  using clock = std::chrono::steady_clock;

  static spending_account*& of_this_thread() {
    static thread_local spending_account* account = nullptr;
    return account;
  }

  std::atomic<std::int64_t> spent_[kinds]{};
};

}  // namespace prorata::host
