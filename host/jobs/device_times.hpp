// What --weights auto learns: how long devices needed in earlier jobs of one kind, kept in a file.
#pragma once

#include <host/io/job_files.hpp>
#include <host/jobs/devices.hpp>
#include <map>
#include <optional>
#include <prorata/balance.hpp>
#include <string>
#include <vector>

namespace prorata::jobs {

/// Models of time by device, machine, version of the program and kind of work, as JSON in --times FILE, or else in
/// $XDG_CACHE_HOME/prorata/times.json or ~/.cache/prorata/times.json, which nothing depends on.
class device_times {
 public:
  /// Reads the file, and begins its next version, so that a bad name does not cost a job.
  ///   threads  of a CPU device
  ///   work     what is done, and with what
  ///   throws   input_error where --times names a file of something else; what writing it throws. Of the default place
  ///            nothing is an error
  device_times(io::job_files& files, job_options const& o, int threads, std::string work);

  /// Weights by which n elements end together; nothing where a device has not been seen at this work.
  std::optional<std::vector<double>> weights(std::vector<device_spec> const& devices, index_t n) const;

  /// A job is done: each device did so many elements in so many seconds, in about so many passes. Takes the models
  /// into the file, which appears with the job's outputs.
  struct worked {
    index_t elements;
    double seconds;
  };
  void learn(std::vector<device_spec> const& devices, std::vector<worked> const& by_device, index_t n);

 private:
  std::string key(device_spec const& device) const;
  void read(std::string const& path, bool named);

  std::string machine_, work_;
  int threads_;
  std::map<std::string, time_model> models_;  // by key
  io::atomic_file* file_ = nullptr;           // null: nowhere to keep it
};

}  // namespace prorata::jobs
