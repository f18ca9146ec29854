// Setting up a job: devices, cuts, and chunks that fit the memory budget.
#include <host/io/emergency.hpp>
#include <host/io/printable.hpp>
#include <host/jobs/costs.hpp>
#include <host/jobs/launched.hpp>
#include <host/jobs/limits.hpp>
#include <host/jobs/notes.hpp>
#include <host/jobs/session.hpp>
#include <host/pictures/html_page.hpp>
#include <nlohmann/json.hpp>
#include <utility>

namespace prorata::jobs {

namespace {

/// Where the inputs are cut: by --costs, or else by the weights alone.
partition cuts_for(io::job_files& files, job_options const& o, index_t n, std::vector<double> const& weights,
                   std::vector<double>& loads) {
  if (o.costs.empty()) return cuts_of(n, weights, o);
  auto const file = open_costs(files, o);
  dynamic::element_costs const costs(*file);
  if (costs.count() != n)
    throw input_error(io::printable(o.costs) + ": has " + std::to_string(costs.count()) + " costs for " +
                      std::to_string(n) + " elements");
  auto cut = cut_by_costs(costs, weights, o, tile);
  loads = std::move(cut.loads);
  return std::move(cut.parts);
}

/// Whether devices take chunks as they become free: by default where nothing asks for shares that are known before.
///   throws  usage_error where something does, and o.schedule asks for the other
bool is_guided(job_options const& o, std::vector<device_spec> const& devices, bits computed) {
  bool const several_kinds = std::any_of(devices.begin(), devices.end(),
                                         [&](auto const& d) { return d.kind != devices.front().kind; });
  char const* const asks_for_shares = !o.costs.empty() ? "--costs asks for shares"
                                      : !o.cap.empty() ? "--cap asks for shares"
                                      : o.verify != 0  ? "--verify compares the chunks of shares"
                                      : computed == bits::differ_by_kind && several_kinds
                                          ? "GPUs and CPUs have other last bits of exp and its like"
                                          : nullptr;
  if (o.schedule == schedule::guided && asks_for_shares != nullptr)
    throw usage_error(std::string("--schedule guided gives chunks to whoever is free, and ") +
                      asks_for_shares + "; leave one of them out");
  return o.schedule != schedule::fixed && asks_for_shares == nullptr;
}

/// What --weights auto learns from, and goes by: a job of one process.
std::optional<device_times> times_of(io::job_files& files, job_options const& o,
                                     std::vector<io::file_column const*> const& inputs, std::string work) {
  if (o.weights.how != weight_choice::kind::measured) return {};
  require(o.times.empty() || all_processes().alone(),
          "--times is for one process, and there are several; leave it out");
  if (!all_processes().alone()) return {};
  for (auto const* in : inputs) work += ' ' + std::string(io::name_of(in->array().type));
  return std::optional<device_times>(std::in_place, files, o, threads_of(o), std::move(work));
}

}  // namespace

session::session(io::job_files& files, job_options const& o, std::vector<io::file_column const*> inputs,
                 index_t bytes_per_element, std::string label, bits computed)
    : options_(o),
      times_(times_of(files, o, inputs, label)),
      ranks_(o,
             [&](std::vector<device_spec> const& devices) -> std::optional<std::vector<double>> {
               return times_ ? times_->weights(devices, inputs.front()->count()) : std::nullopt;
             }),
      cuts_(cuts_for(files, o, inputs.front()->count(), weights(), loads_)),
      bytes_per_element_(bytes_per_element),
      work_(ranks_.own.size()),
      spent_(ranks_.own.size()),
      label_(std::move(label)) {
  if (all_processes().first()) io::emergency::doing(label_);  // until the first pass begins
  require(o.verify >= 0 && o.verify <= 100, "--verify is a percentage from 0 to 100");
  auto const& own = ranks_.own;
  require(o.verify == 0 || own.size() > 1,
          "--verify compares two devices, and there is one; name more, as in --devices gpu:0,cpu or cpu*2");
  // bytes: above that a larger chunk is no faster; on GPUs each one begins and ends without overlap
  bool const has_gpus =
      std::any_of(own.begin(), own.end(), [](auto const& d) { return d.kind == device_kind::gpu; });
  host::chunk_request const wanted{
      .bytes = o.chunk, .enough = has_gpus ? 256 << 20 : 32 << 20, .memory = o.memory.bytes};
  auto const chunk = host::elements_of_chunk(wanted, bytes_per_element_, static_cast<int>(own.size()));
  if (!chunk)
    throw usage_error("--chunk: " + std::to_string(own.size()) + " chunks of it do not fit --memory " +
                      o.memory.text);
  constexpr index_t slot = 16 << 20;  // bytes: copies of that size run at the link's speed
  index_t most = 0;
  for (int rank = ranks_.first; rank < ranks_.first + std::ssize(own); ++rank) {
    most = std::max(most, cuts_.size(rank));
    own_bytes_ += cuts_.size(rank) * bytes_per_element_;
  }
  std::vector<std::optional<int>> gpu_numbers;
  for (auto const& d : own)
    gpu_numbers.push_back(d.kind == device_kind::gpu ? std::optional(d.number) : std::nullopt);
  auto gpus =
      host::open_gpu_ranks(gpu_numbers, std::min(slot, std::min(*chunk, most) * bytes_per_element_ / 4));
  for (auto const& [name, path] : {std::pair("--trace", &o.trace), {"--report", &o.report}})
    require(path->empty() || all_processes().alone(),
            std::string(name) + " draws the ranks of one process, and there are several; leave it out");
  if (!o.trace.empty()) trace_file_ = &files.write(o.trace);
  if (!o.report.empty()) report_file_ = &files.write(o.report);
  std::vector<host::stream> streams;
  int const threads = threads_of(o);
  for (auto const& d : own) streams.emplace_back(stream_options_of(d, devices(), threads));
  int const each = streams.front().threads();
  int const at_once = std::max(1, std::min(std::max(2 * cores(), 8), borne_by_memory(o) / each));
  run_.emplace(team_of_job(std::move(streams)), cuts_, *chunk, std::move(inputs),
               host::run_limits{.memory = wanted.memory,
                                .guided = is_guided(o, devices(), computed),
                                .verify = o.verify,
                                .at_once = at_once},
               static_cast<host::run_observer&>(*this), std::move(gpus));
  start_ = clock::now();
  if (trace_file_ != nullptr || report_file_ != nullptr) events_.emplace();
}

void session::begins(char const* what) { begins_moving(what, own_bytes_); }

void session::begins_moving(char const* what, index_t bytes) {
  std::string const name = *what == '\0' || what == label_ ? label_ : label_ + ": " + what;
  progress_ = bar(options_.progress, name, bytes);
  if (events_) events_->begins(name, bytes);
}

void session::ends() {
  progress_.reset();
  if (events_) events_->ends();
}

void session::spent(int rank, host::time_spent const& seconds) {
  spent_[static_cast<std::size_t>(rank - ranks_.first)] = seconds;
}

void session::measured(int rank, double speed) {
  if (events_) events_->measured(rank, speed);
}

void session::done(int rank, char const* what, piece p, clock::time_point since) {
  progress_->add((p.end - p.begin) * bytes_per_element_);
  {
    std::lock_guard const lock(mutex_);
    auto& mine = work_[static_cast<std::size_t>(rank - ranks_.first)];
    ++mine.chunks;
    mine.elements += p.end - p.begin;
    mine.busy_seconds += std::chrono::duration<double>(clock::now() - since).count();
  }
  if (!events_) return;
  auto const local = static_cast<std::size_t>(rank - ranks_.first);
  auto const threads = static_cast<double>(team().streams()[local].threads());
  host::time_spent const part{spent_[local].reading / threads, spent_[local].writing / threads,
                              spent_[local].waiting};  // one thread waits for all
  events_->add(rank, what, p.begin, p.end, since, part);
}

std::vector<device_work> session::work() const { return all_processes().gather(work_); }

void session::lost(int rank, device_error const& error) {
  work_[static_cast<std::size_t>(rank - ranks_.first)].failed = true;
  note(devices()[static_cast<std::size_t>(rank)].name +
       " is out, and the others do its work: " + error.what());
}

device_error session::disagreement(int rank, int other, piece p) const {
  auto const& name = [&](int r) { return devices()[static_cast<std::size_t>(r)].name; };
  return device_error("--verify: " + name(rank) + " and " + name(other) + " disagree on elements " +
                      std::to_string(p.begin) + " to " + std::to_string(p.end) +
                      "; one of them computes wrongly");
}

void session::finish() {
  end_ = clock::now();
  if (times_) {
    std::vector<device_times::worked> by_device;
    for (auto const& w : work_) by_device.push_back({w.failed ? 0 : w.elements, w.busy_seconds});
    times_->learn(devices(), by_device, cuts_.n);
  }
  if (events_) events_->ends();
  if (trace_file_ != nullptr) trace_file_->write_text(pictures::trace_text(*events_, names_of(devices())));
}

void session::describe(nlohmann::json const& said) {
  if (report_file_ == nullptr) return;
  report_file_->write_text(
      pictures::html_page({options_.words, said, *events_, names_of(devices()), weights()}));
}

}  // namespace prorata::jobs
