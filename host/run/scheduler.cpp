// Jobs, their ranks, and the line before each device.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <list>
#include <mutex>
#include <prorata/scheduler.hpp>
#include <system_error>
#include <thread>

namespace prorata {

namespace {

using clock = std::chrono::steady_clock;

/// A flow's place at one device.
struct place_in_line {
  std::uint64_t number = 0;  // in the device's queue
  std::uint64_t turn = 0;    // of its last chunk: 1, 2, …
  bool waits = false, serves = false;
  std::condition_variable granted;

  index_t bytes = 0;  // of the chunk
  clock::time_point since;
  index_t charged = 0;               // for the chunk, in units of cost: bytes, or nanoseconds
  double estimate = 0;               // of a chunk, in units of cost
  double seconds = 0, of_bytes = 0;  // of its last chunks, the older the less
  double balance = 0;                // of chunks that are done: what they cost, less what they were charged
  double ahead = 0;                  // charged for turns that are in the queue
  scheduler::service had;
};

/// A device and the chunks that stand in line before it. In the queue a flow has turns for more chunks than it has
/// shown, as many as pass while the largest chunk of another one is done: else the ideal server, which serves all at
/// once, would be through with what a flow has while its next chunk, not yet offered, is held up by that one. They are
/// taken back when the flow has none.
class served_device {
 public:
  explicit served_device(sharing const& how) : how_(how), queue_(how.order) {}

  void join(place_in_line& flow, double weight) {
    std::lock_guard const lock(mutex_);
    flows_.push_back(&flow);
    try {
      flow.number = queue_.join(weight);
    } catch (...) {
      flows_.pop_back();
      throw;
    }
  }
  /// A flow without a chunk.
  void leave(place_in_line& flow) noexcept {
    std::lock_guard const lock(mutex_);
    flows_.remove(&flow);
    queue_.leave(flow.number);
  }
  void set_weight(place_in_line const& flow, double weight) {
    std::lock_guard const lock(mutex_);
    queue_.set_weight(flow.number, weight);
  }
  scheduler::service served(place_in_line const& flow) const {
    std::lock_guard const lock(mutex_);
    return flow.had;
  }

  /// Puts a chunk in line, ends the flow's turn if it has one, and says the chunk's number.
  std::uint64_t offer(place_in_line& flow, index_t bytes) {
    std::lock_guard const lock(mutex_);
    bool const had_turn = flow.serves;
    if (had_turn) end_of_work(flow);
    flow.bytes = bytes;
    flow.estimate = estimate_of(flow);
    try {
      for (index_t const wanted = turns_ahead(flow); queue_.size(flow.number) < wanted;) add_turn(flow);
    } catch (...) {
      withdraw(flow);
      if (had_turn) serve_next();
      throw;
    }
    flow.waits = true;
    ++flow.turn;
    if (had_turn || !busy_) serve_next();
    return flow.turn;
  }
  void wait(place_in_line& flow) {
    std::unique_lock lock(mutex_);
    flow.granted.wait(lock, [&] { return flow.serves; });
    flow.since = clock::now();  // how long a thread takes to wake up is not its work
  }
  /// The end of a chunk's turn, or of its waiting, where no other chunk has followed it.
  void end_turn(place_in_line& flow, std::uint64_t turn) noexcept {
    std::lock_guard const lock(mutex_);
    if (flow.turn != turn || (!flow.waits && !flow.serves)) return;
    withdraw(flow);
    flow.waits = false;
    if (!flow.serves) return;
    end_of_work(flow);
    serve_next();
  }

 private:
  // Under the mutex.
  void end_of_work(place_in_line& flow) {
    flow.serves = false;
    double const seconds = std::chrono::duration<double>(clock::now() - flow.since).count();
    ++flow.had.chunks;
    flow.had.bytes += flow.bytes;
    flow.had.seconds += seconds;
    constexpr double remembered = 31.0 / 32;
    flow.seconds = flow.seconds * remembered + seconds;
    flow.of_bytes = flow.of_bytes * remembered + static_cast<double>(flow.bytes);
    double const cost = how_.cost == chunk_cost::bytes ? static_cast<double>(flow.bytes) : seconds * 1e9;
    flow.balance += cost - static_cast<double>(flow.charged);
  }
  void serve_next() {
    busy_ = false;
    auto const next = queue_.take();
    if (!next) return;
    place_in_line& flow =
        **std::find_if(flows_.begin(), flows_.end(), [&](auto const* f) { return f->number == next->flow; });
    busy_ = true;
    flow.waits = false;
    flow.serves = true;
    flow.charged = next->cost;
    flow.ahead -= static_cast<double>(next->cost);
    flow.since = clock::now();
    flow.granted.notify_one();
  }

  double estimate_of(place_in_line const& flow) const {
    constexpr double first_guess = 1e-9;  // seconds a byte
    auto const bytes = static_cast<double>(flow.bytes);
    if (how_.cost == chunk_cost::bytes) return bytes;
    return bytes * (flow.of_bytes > 0 ? flow.seconds / flow.of_bytes : first_guess) * 1e9;
  }
  index_t turns_ahead(place_in_line const& flow) const {
    constexpr double most = 256;
    if (how_.cost == chunk_cost::seconds && flow.of_bytes == 0) return 1;
    double largest = 0;
    for (auto const* f : flows_)
      if (f->waits || f->serves) largest = std::max(largest, f->estimate);
    return 1 + static_cast<index_t>(std::min(most, std::ceil(2 * largest / std::max(flow.estimate, 1.0))));
  }
  /// A turn is charged so much that with it the flow has paid for what it has had, and for as many chunks like this one
  /// as it has turns; but from half to twice of what a chunk costs: what one cost unexpectedly is paid bit by bit,
  /// for a flow whose turns cost next to nothing would be through with them at once, and pass for one that has
  /// nothing to do.
  void add_turn(place_in_line& flow) {
    constexpr double most = 1e18;
    auto const turns = static_cast<double>(queue_.size(flow.number) + 1);
    double const wanted = flow.balance + turns * flow.estimate - flow.ahead;
    double const least = std::max(1.0, flow.estimate / 2), greatest = std::max(1.0, flow.estimate * 2);
    auto const charged =
        static_cast<index_t>(std::min(std::round(std::clamp(wanted, least, greatest)), most));
    queue_.offer(flow.number, charged);
    flow.ahead += static_cast<double>(charged);
  }
  void withdraw(place_in_line& flow) {
    queue_.withdraw(flow.number);
    flow.ahead = 0;
  }

  sharing how_;
  mutable std::mutex mutex_;
  fair_queue queue_;
  std::list<place_in_line*> flows_;
  bool busy_ = false;
};

}  // namespace

struct tenant::state {
  std::string name;
  tenant_limits limits;
  mutable std::mutex mutex;
  index_t in_use = 0;
};

tenant::tenant(std::string name, tenant_limits limits) : state_(std::make_shared<state>()) {
  require(limits.memory >= 0 && limits.threads >= 0, "a tenant's limits are not negative");
  state_->name = std::move(name);
  state_->limits = limits;
}
std::string const& tenant::name() const { return state_->name; }
tenant_limits const& tenant::limits() const { return state_->limits; }
index_t tenant::memory_in_use() const {
  std::lock_guard const lock(state_->mutex);
  return state_->in_use;
}

scheduler::memory_part::memory_part(job_terms const& terms) : terms_(terms) {
  if (!terms.of) return;
  auto& owner = *terms.of->state_;
  std::lock_guard const lock(owner.mutex);
  if (terms.memory > owner.limits.memory - owner.in_use)
    throw out_of_memory("tenant " + owner.name + ": a job asks for " + std::to_string(terms.memory) +
                        " bytes, the limit is " + std::to_string(owner.limits.memory) +
                        " and other jobs have " + std::to_string(owner.in_use) +
                        "; lower job_terms::memory, or run fewer jobs at once");
  owner.in_use += terms.memory;
}
scheduler::memory_part::~memory_part() {
  if (!terms_.of) return;
  auto& owner = *terms_.of->state_;
  std::lock_guard const lock(owner.mutex);
  owner.in_use -= terms_.memory;
}

struct scheduler::state {
  std::vector<host::stream_options> options;
  std::list<served_device> devices;
  std::mutex mutex;
  std::list<std::shared_ptr<job>> jobs;
};

/// A job: its place before each device, and its thread.
class scheduler::job final : public host::chunk_turns {
 public:
  job(state& of, double weight) : places_(of.devices.size()) {
    devices_.reserve(places_.size());
    try {
      for (auto& device : of.devices) {
        device.join(places_[devices_.size()], weight);
        devices_.push_back(&device);
      }
    } catch (...) {
      leave();
      throw;
    }
  }
  ~job() override {
    join();
    leave();  // where it never began
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  void start(std::vector<host::stream_options> options, std::function<void(flow const&)> work,
             job_terms const& terms) {
    int const most = terms.of ? terms.of->limits().threads : 0;
    std::vector<host::stream> streams;
    for (auto& o : options) {
      if (most > 0) o.threads = o.threads > 0 ? std::min(o.threads, most) : most;
      streams.emplace_back(o);
    }
    flow mine(prorata::team<host::stream>(std::move(streams)), this, terms.memory);
    try {
      thread_ = std::thread([this, mine = std::move(mine), work = std::move(work)] {
        work(mine);  // a packaged task: what it throws, its future has
        leave();
      });
    } catch (std::system_error const& e) {
      throw out_of_memory("a job's thread cannot start: " + e.code().message() +
                          "; run fewer jobs at once, or raise the limit of threads");
    }
  }

  std::shared_ptr<host::chunk_turn> offer(int rank, index_t bytes) override {
    auto const k = static_cast<std::size_t>(rank);
    auto mine = std::make_shared<turn>(*devices_[k], places_[k]);
    mine->number = devices_[k]->offer(places_[k], bytes);
    return mine;
  }

  void set_weight(double weight) {
    std::lock_guard const lock(mutex_);
    if (left_) return;
    for (std::size_t k = 0; k < devices_.size(); ++k) devices_[k]->set_weight(places_[k], weight);
  }
  std::vector<service> served() const {
    std::lock_guard const lock(mutex_);
    std::vector<service> all;
    for (std::size_t k = 0; k < devices_.size(); ++k)
      all.push_back(left_ ? places_[k].had : devices_[k]->served(places_[k]));
    return all;
  }
  bool has_left() const {
    std::lock_guard const lock(mutex_);
    return left_;
  }

 private:
  struct turn final : host::chunk_turn {
    turn(served_device& d, place_in_line& p) : device(d), place(p) {}
    ~turn() override { device.end_turn(place, number); }
    void wait() override { device.wait(place); }
    served_device& device;
    place_in_line& place;
    std::uint64_t number = 0;
  };

  void leave() noexcept {
    std::lock_guard const lock(mutex_);
    if (std::exchange(left_, true)) return;
    for (std::size_t k = 0; k < devices_.size(); ++k) devices_[k]->leave(places_[k]);
  }

  std::vector<place_in_line> places_;
  std::vector<served_device*> devices_;
  mutable std::mutex mutex_;
  bool left_ = false;
  std::thread thread_;
};

scheduler::scheduler(std::vector<host::stream_options> devices, sharing how)
    : state_(std::make_shared<state>()) {
  if (devices.empty()) devices.emplace_back();
  for (std::size_t k = 0; k < devices.size(); ++k) state_->devices.emplace_back(how);
  state_->options = std::move(devices);
}

scheduler::~scheduler() {
  for (auto const& one : state_->jobs) one->join();
}

std::shared_ptr<scheduler::job> scheduler::start(std::function<void(flow const&)> work,
                                                 job_terms const& terms) {
  require(terms.memory >= 0, "a job's memory is not negative");
  auto const fresh = std::make_shared<job>(*state_, terms.weight);
  std::list<std::shared_ptr<job>> ended;  // joined when the mutex is free
  std::lock_guard const lock(state_->mutex);
  for (auto at = state_->jobs.begin(); at != state_->jobs.end();) {
    auto const next = std::next(at);
    if ((*at)->has_left()) ended.splice(ended.end(), state_->jobs, at);
    at = next;
  }
  state_->jobs.push_back(fresh);
  try {
    fresh->start(state_->options, std::move(work), terms);
  } catch (...) {
    state_->jobs.pop_back();
    throw;
  }
  return fresh;
}

void scheduler::set_weight(job& of, double weight) { of.set_weight(weight); }
std::vector<scheduler::service> scheduler::served(job const& of) { return of.served(); }

}  // namespace prorata
