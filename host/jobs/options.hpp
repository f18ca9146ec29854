// What a job is asked beside its inputs and its work.
#pragma once

#include <host/io/raw.hpp>
#include <host/pictures/terminal.hpp>
#include <optional>
#include <prorata/apportion.hpp>
#include <string>
#include <vector>

namespace prorata::jobs {

/// A size in bytes, and how it was said.
struct byte_size {
  index_t bytes;
  std::string text;
};

/// Weights of ranks: the speeds that their devices pretend to have; equal ones; measured, or learned from earlier jobs;
/// or given.
struct weight_choice {
  enum class kind { by_speed, equal, measured, given } how = kind::by_speed;
  std::vector<double> given{};
};

/// Whether devices take chunks as they become free, or those of their shares. By default the first, where nothing asks
/// for shares that are known before.
enum class schedule { by_default, guided, fixed };

/// Fields are called as the command's options are, and what is wrong with them is said of these.
struct job_options {
  std::string devices;  ///< parse_devices
  weight_choice weights;
  apportionment method = apportionment::hamilton;
  std::string cap;    ///< the most a device may get: of elements, or of costs where they have some (caps_of)
  std::string costs;  ///< the file of them
  byte_size memory{index_t{1} << 30, "1G"};
  index_t chunk = 0;  ///< bytes; 0: as many as fit and make a chunk no faster
  int threads = 0;    ///< of a device; 0: every core
  double verify = 0;  ///< per cent of the chunks that a second device does again
  jobs::schedule schedule = jobs::schedule::by_default;
  std::string times;               ///< the file of what `measured` learns; empty: the user's
  std::string trace, report;       ///< files for pictures of the job
  std::vector<std::string> words;  ///< how the job was asked for, which its page says
  pictures::shown progress = pictures::shown::on_a_terminal;
  std::optional<io::raw_layout> raw_inputs;  ///< what files without a header hold
};

}  // namespace prorata::jobs
