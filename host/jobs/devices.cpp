// Parsing device lists and weights; measuring weights where "auto" asks for it.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <host/io/printable.hpp>
#include <host/jobs/devices.hpp>
#include <host/jobs/gpu/gpus.hpp>
#include <host/jobs/launched.hpp>
#include <host/jobs/texts.hpp>
#include <host/reduce.hpp>
#include <prorata/error.hpp>
#include <prorata/normalize.hpp>
#include <prorata/reductions.hpp>

namespace prorata::jobs {

namespace {

[[noreturn]] void refuse_device(std::string_view word) {
  throw usage_error("--devices: '" + io::printable(word, 60) +
                    "' is not a device; use cpu, gpu, gpu:N or sim:SPEED,SPEED, each with *COUNT; a sim: "
                    "device's SPEED may "
                    "be followed by ~PERCENT of noise, and by @SECONDSs=SPEED or @SECONDSs=fail");
}

template <class N>
bool read_number(std::string_view text, N& value) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

/// Cuts "*4" off a word; 1 where there is none.
int count_of(std::string_view& word, std::string_view whole) {
  auto const star = word.find('*');
  if (star == word.npos) return 1;
  int count = 0;
  if (!read_number(word.substr(star + 1), count) || count < 1 || count > 1024) refuse_device(whole);
  word = word.substr(0, star);
  return count;
}

void add(std::vector<device_spec>& devices, device_spec device, int count) {
  for (int k = 0; k < count; ++k) {
    devices.push_back(device);
    if (count > 1) devices.back().name += '#' + std::to_string(k);
  }
}

/// Whether text is a speed of a `sim:` device, into `speed`.
bool read_speed(std::string_view text, double& speed) {
  return read_number(text, speed) && speed > 0 && speed <= 1e6;
}

/// Reads "4", "4~5%", "4@2s=1@3s=fail": a speed, noise, and what becomes of it.
device_spec sim_device(std::string_view word, std::string_view whole) {
  device_spec device{.name = "sim:" + std::string(word)};
  auto const part_up_to = [&word](std::size_t end) {
    auto const part = word.substr(0, end);
    word.remove_prefix(std::min(end, word.size()));
    return part;
  };
  if (!read_speed(part_up_to(word.find_first_of("~@")), device.speed)) refuse_device(whole);
  if (word.starts_with('~')) {
    word.remove_prefix(1);
    auto percent = part_up_to(word.find('@'));
    if (percent.ends_with('%')) percent.remove_suffix(1);
    if (!read_number(percent, device.jitter) || !(device.jitter >= 0 && device.jitter < 100))
      refuse_device(whole);
    device.jitter /= 100;
  }
  while (word.starts_with('@')) {
    word.remove_prefix(1);
    auto time = part_up_to(word.find('='));
    double const unit = time.ends_with("ms") ? 1e-3 : 1;
    if (!time.ends_with('s') || !word.starts_with('=')) refuse_device(whole);
    time.remove_suffix(unit < 1 ? 2 : 1);
    word.remove_prefix(1);
    auto const what = part_up_to(word.find('@'));
    speed_from change{0, {}};
    double speed = 0;
    if (!read_number(time, change.seconds) || !(change.seconds >= 0) || change.seconds > 1e9)
      refuse_device(whole);
    change.seconds *= unit;
    if (!device.changes.empty() && change.seconds <= device.changes.back().seconds) refuse_device(whole);
    if (what != "fail") {
      if (what != "0" && !read_speed(what, speed)) refuse_device(whole);
      change.speed = speed;
    }
    device.changes.push_back(change);
  }
  if (!word.empty()) refuse_device(whole);
  if (!device.changes.empty() && device.changes.back().speed == 0.0)
    throw usage_error("--devices: '" + io::printable(whole, 60) +
                      "' stands still at the end, and would never be done; "
                      "say what comes after it, as in 4@1s=0@2s=4 or 4@1s=0@2s=fail");
  return device;
}

double measured_speed(device_spec const& device, std::vector<device_spec> const& all, int threads) {
  struct load {
    float const* data;
    float operator()(index_t i) const { return data[i]; }
  };
  constexpr index_t n = 4 << 20;
  static std::vector<float> const data(static_cast<std::size_t>(n), 1.25f);
  host::stream stream(stream_options_of(device, all, threads));
  ordered<plus<float>> const reduction;
  std::vector<std::byte> partial(static_cast<std::size_t>(reduction.bytes({0, n, n})));
  double best = 1e9;
  for (int round = 0; round < 4; ++round) {
    auto const start = std::chrono::steady_clock::now();
    host::reduce_piece(stream, reduction, piece{0, n, n}, load{data.data()}, partial.data());
    stream.sync();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return static_cast<double>(n) / best;
}

/// Those of all processes of the job, of which these are this process's.
std::vector<device_spec> devices_of_job(std::vector<device_spec> const& mine) {
  auto const& processes = all_processes();
  if (processes.alone()) return mine;
  struct described {
    device_kind kind;
    int number;
    double speed;
    char name[48];
  };
  std::vector<described> some;
  for (auto const& d : mine) {
    some.push_back({d.kind, d.number, d.speed, {}});
    auto const name = d.name + "@" + std::to_string(processes.number());
    name.copy(some.back().name, sizeof some.back().name - 1);
  }
  std::vector<device_spec> all;
  for (auto const& d : processes.gather(std::move(some))) all.push_back({d.kind, d.number, d.speed, d.name});
  return all;
}

std::vector<double> weights_of(std::vector<device_spec> const& devices, std::vector<device_spec> const& mine,
                               job_options const& o, job_ranks::learned_weights const& learned) {
  std::vector<double> weights;
  using kind = weight_choice::kind;
  auto const how = o.weights.how;
  require(o.times.empty() || learned,
          "--times is for commands that hand out chunks: stats, reduce, map, scan, select, histogram, "
          "quantile, topk, "
          "unique, groupby; leave it out");
  require(o.times.empty() || how == kind::measured,
          "--times is what --weights auto learns; name both, or leave it out");
  if (auto known = how == kind::measured && learned ? learned(devices) : std::nullopt) {
    weights = std::move(*known);
  } else if (how == kind::by_speed) {
    for (auto const& d : devices) weights.push_back(d.speed);
  } else if (how == kind::equal) {
    weights.assign(devices.size(), 1.0);
  } else if (how == kind::measured) {
    for (auto const& d : mine)
      weights.push_back(d.kind == device_kind::gpu ? gpu_speed(d.number)
                                                   : measured_speed(d, devices, o.threads));
    weights = all_processes().gather(std::move(weights));
  } else {
    weights = o.weights.given;
    if (weights.size() != devices.size())
      throw usage_error("--weights has " + std::to_string(weights.size()) + " numbers for " +
                        std::to_string(devices.size()) + " devices");
  }
  require_weights(weights, true);
  return weights;
}

}  // namespace

std::vector<device_spec> parse_devices(std::string_view text) {
  std::vector<device_spec> devices;
  // counting GPUs wakes the driver: only where one may be meant
  int const gpus = text.empty() || text.find("gpu") != text.npos ? gpu_count() : 0;
  auto const gpu = [&](int number) {
    if (number >= gpus)
      throw device_error("gpu:" + std::to_string(number) + " is not there: " + gpu_absence());
    return device_spec{device_kind::gpu, number, 1, "gpu:" + std::to_string(number)};
  };
  if (text.empty()) {
    for (int g = 0; g < gpus; ++g) add(devices, gpu(g), 1);
    if (devices.empty()) add(devices, {device_kind::cpu, 0, 1, "cpu"}, 1);
    return devices;
  }
  bool in_sim = false;
  for (std::string_view const whole : split_at_commas(text)) {
    std::string_view word = whole;
    if (word.starts_with("sim:")) {
      in_sim = true;
      word.remove_prefix(4);
    } else if (!word.empty() && (word.front() < '0' || word.front() > '9')) {
      in_sim = false;
    }
    int const count = count_of(word, whole);
    if (in_sim) {
      add(devices, sim_device(word, whole), count);
    } else if (word == "cpu") {
      add(devices, {device_kind::cpu, 0, 1, "cpu"}, count);
    } else if (word == "gpu") {
      if (gpus == 0) throw device_error("--devices gpu: " + gpu_absence());
      for (int g = 0; g < gpus; ++g) add(devices, gpu(g), count);
    } else if (int number = 0;
               word.starts_with("gpu:") && read_number(word.substr(4), number) && number >= 0) {
      add(devices, gpu(number), count);
    } else {
      refuse_device(whole);
    }
  }
  if (devices.size() > 1024) throw usage_error("--devices: at most 1024 devices");
  auto const [slowest, fastest] = std::minmax_element(
      devices.begin(), devices.end(), [](auto const& a, auto const& b) { return a.speed < b.speed; });
  if (fastest->speed / slowest->speed > 1e6)
    throw usage_error("--devices: " + slowest->name + " would be more than a million times slower than " +
                      fastest->name);
  return devices;
}

std::vector<std::string> names_of(std::vector<device_spec> const& devices) {
  std::vector<std::string> names;
  for (auto const& d : devices) names.push_back(d.name);
  return names;
}

job_ranks::job_ranks(job_options const& o, learned_weights const& learned)
    : own(parse_devices(o.devices)),
      devices(devices_of_job(own)),
      weights(weights_of(devices, own, o, learned)),
      first(static_cast<int>(all_processes().before(std::ssize(own)))) {}

std::vector<double> job_ranks::own_weights() const {
  auto const begin = weights.begin() + first;
  std::vector<double> mine(begin, begin + std::ssize(own));
  if (std::count(mine.begin(), mine.end(), 0.0) == std::ssize(mine)) mine.assign(mine.size(), 1.0);
  return mine;
}

host::process_shares job_ranks::shares(partition const& cuts) const {
  return {all_processes(), cuts, first, static_cast<int>(own.size())};
}

std::vector<index_t> caps_of(job_options const& o, std::size_t devices) {
  std::vector<index_t> caps;
  if (o.cap.empty()) return caps;
  for (auto const word : split_at_commas(o.cap)) caps.push_back(parse_index(word, "--cap"));
  if (caps.size() == 1) caps.assign(devices, caps.front());
  if (caps.size() != devices)
    throw usage_error("--cap has " + std::to_string(caps.size()) + " numbers for " + std::to_string(devices) +
                      " devices");
  return caps;
}

partition cuts_of(index_t n, std::vector<double> const& weights, job_options const& o, index_t granularity,
                  std::vector<index_t> const& room) {
  partition_options p{.granularity = granularity, .method = o.method, .caps = caps_of(o, weights.size())};
  if (p.caps.empty()) {
    p.caps = room;
  } else {
    for (std::size_t r = 0; r < room.size(); ++r) p.caps[r] = std::min(p.caps[r], room[r]);
  }
  return partition_by_weights(n, weights, p);
}

host::stream_options stream_options_of(device_spec const& device, std::vector<device_spec> const& all,
                                       int threads) {
  if (device.kind == device_kind::gpu) return {.threads = threads, .slowdown = 1, .name = device.name};
  double fastest = 0;
  for (auto const& d : all) {
    if (d.kind != device_kind::cpu) continue;
    fastest = std::max(fastest, d.speed);
    for (auto const& change : d.changes) fastest = std::max(fastest, change.speed.value_or(0));
  }
  host::stream_options options{.threads = threads,
                               .slowdown = std::max(1.0, fastest / device.speed),
                               .name = device.name,
                               .jitter = device.jitter};
  for (auto const& change : device.changes)  // 1 / 0: it stands still
    options.changes.push_back({change.seconds, change.speed ? std::max(1.0, fastest / *change.speed) : 0});
  return options;
}

}  // namespace prorata::jobs
