// pool: what threads use in turns, one at a time, and find again where they left it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace prorata::host {

/// Tables, counters, scratch memory: made when all there are in use, so there are never more than threads. A
/// thread is given what it gave back last, which its caches may still hold: a table of 256 KiB that wanders
/// to another core takes as long to arrive as 100,000 elements take to be counted. Taking one costs a lock,
/// so threads keep it for thousands of elements.
template <class T>
class pool {
 public:
  explicit pool(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}

  /// One of them for as long as the lease lives.
  class lease {
   public:
    explicit lease(pool& from) : from_(from), item_(from.take()) {}
    ~lease() { from_.give_back(item_); }
    lease(lease const&) = delete;
    lease& operator=(lease const&) = delete;
    T& operator*() const { return item_; }
    T* operator->() const { return &item_; }

   private:
    pool& from_;
    T& item_;
  };
  lease lend() { return lease(*this); }

  /// Calls f(item) for each, in use or not.
  template <class F>
  void each(F const& f) const {
    std::lock_guard const lock(mutex_);
    for (auto const& item : all_) f(*item);
  }
  /// All of them, while nobody takes any.
  std::vector<std::unique_ptr<T>> const& all() const { return all_; }

 private:
  struct idle_item {
    T* item;
    std::thread::id user;
  };

  T& take() {
    auto const me = std::this_thread::get_id();
    std::lock_guard const lock(mutex_);
    if (idle_.empty()) {
      idle_.reserve(all_.size() + 1);
      all_.push_back(make_());
      return *all_.back();
    }
    auto found = std::find_if(idle_.begin(), idle_.end(), [&](auto const& i) { return i.user == me; });
    if (found == idle_.end()) --found;
    T& taken = *found->item;
    idle_.erase(found);
    return taken;
  }
  void give_back(T& item) noexcept {
    std::lock_guard const lock(mutex_);
    idle_.push_back({&item, std::this_thread::get_id()});
  }

  std::function<std::unique_ptr<T>()> make_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<T>> all_;
  std::vector<idle_item> idle_;
};

}  // namespace prorata::host
