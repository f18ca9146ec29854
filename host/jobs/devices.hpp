// The devices a command was given, and their weights.
#pragma once

#include <functional>
#include <host/jobs/options.hpp>
#include <host/run/processes.hpp>
#include <host/stream.hpp>
#include <optional>
#include <prorata/partition.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::jobs {

enum class device_kind { cpu, gpu };

/// A device's speed from a moment on, in seconds since it was opened: 0, it stands still; nothing, it has failed.
struct speed_from {
  double seconds;
  std::optional<double> speed;
};

/// One rank's device. `speed`, and what comes of it, is what `sim:` asked for; 1 otherwise.
struct device_spec {
  device_kind kind = device_kind::cpu;
  int number = 0;  ///< which GPU
  double speed = 1;
  std::string name;
  double jitter = 0;  ///< a part
  std::vector<speed_from> changes{};
};

/// Reads a list such as "cpu", "cpu*4", "gpu", "gpu:0*2,cpu", "sim:1,2,4~5%,8@2s=4@3s=fail"; empty means every GPU,
/// else cpu.
///   throws  usage_error (not a device list), device_error (no such GPU)
std::vector<device_spec> parse_devices(std::string_view text);

std::vector<std::string> names_of(std::vector<device_spec> const& devices);

/// The ranks of the job: --devices of every process, and a weight for each: --weights, or "equal", or "auto"
/// (measured), by default the speeds of `sim:` devices and equal ones otherwise.
struct job_ranks {
  ///   learned  weights for --weights auto from earlier jobs, where there are any; without it they are measured, and
  ///            --times is refused
  ///   throws  as parse_devices; usage_error when the number of weights is not that of the ranks, or one is no weight
  using learned_weights = std::function<std::optional<std::vector<double>>(std::vector<device_spec> const&)>;
  explicit job_ranks(job_options const& o, learned_weights const& learned = {});

  std::vector<device_spec> own, devices;  ///< of this process, and of all
  std::vector<double> weights;            ///< of all
  int first;                              ///< of this process

  /// Weights of this process's ranks; equal ones where each is 0.
  std::vector<double> own_weights() const;
  /// How this process shares work that no rank is named for.
  host::process_shares shares(partition const& cuts) const;
};

/// --cap, a number a device; empty where it is not given.
///   throws  usage_error where there is another number of them
std::vector<index_t> caps_of(job_options const& o, std::size_t devices);

/// How n elements are cut among the devices, in whole tiles.
///   room    elements that fit each device; shares beyond it go to devices that have room. Empty: no limit
///   throws  infeasible when --cap and room hold fewer than n elements
partition cuts_of(index_t n, std::vector<double> const& weights, job_options const& o,
                  index_t granularity = 1024, std::vector<index_t> const& room = {});

/// A host stream that behaves as the device should, among the others.
host::stream_options stream_options_of(device_spec const& device, std::vector<device_spec> const& all,
                                       int threads);

}  // namespace prorata::jobs
