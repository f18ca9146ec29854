// The file of what was learned: an array of models, each with its key and its samples.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <host/io/printable.hpp>
#include <host/jobs/device_times.hpp>
#include <nlohmann/json.hpp>
#include <prorata/error.hpp>

namespace prorata::jobs {

namespace {

constexpr char const* kind_of_file = "prorata times";
constexpr std::size_t most_models = 4096;  // the file stays small, whatever is done

/// Where times are kept that nobody names a file for; empty: there is no such place.
std::string default_place() {
  auto const from = [](char const* variable) {
    char const* const value = std::getenv(variable);
    return std::string(value != nullptr && *value == '/' ? value : "");
  };
  std::string folder = from("XDG_CACHE_HOME");
  if (folder.empty() && !from("HOME").empty()) folder = from("HOME") + "/.cache";
  if (folder.empty()) return {};
  std::error_code failed;
  std::filesystem::create_directories(folder + "/prorata", failed);
  return failed ? "" : folder + "/prorata/times.json";
}

std::string machine_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace

device_times::device_times(io::job_files& files, job_options const& o, int threads, std::string work)
    : machine_(machine_name()), work_(std::move(work)), threads_(threads) {
  bool const named = !o.times.empty();
  std::string const path = named ? o.times : default_place();
  if (path.empty()) return;
  read(path, named);
  if (named) {
    file_ = &files.write(path);
    return;
  }
  try {
    file_ = &files.write(path);
  } catch (error const&) {}  // a place that cannot be written is no place
}

void device_times::read(std::string const& path, bool named) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown)) return;  // a pipe would keep this waiting
  std::ifstream in(path, std::ios::binary);
  if (!in) return;  // it will be made, or the failure to write it says why
  try {
    auto const all = nlohmann::json::parse(in);
    if (all.at("kind") != kind_of_file) throw usage_error("another kind of file");
    for (auto const& one : all.at("models")) {
      std::vector<time_model::sample> samples;
      for (auto const& s : one.at("samples"))
        samples.push_back({s.at(0).get<double>(), s.at(1).get<double>(), s.at(2).get<index_t>()});
      models_.insert_or_assign(one.at("of").get<std::string>(), time_model(std::move(samples)));
    }
  } catch (nlohmann::json::exception const&) {
    if (named)
      throw input_error(io::printable(path) + ": --times: not a file of times; name another, or a new one");
    models_.clear();
  } catch (usage_error const&) {
    if (named)
      throw input_error(io::printable(path) + ": --times: not a file of times; name another, or a new one");
    models_.clear();
  }
}

std::string device_times::key(device_spec const& device) const {
  std::string const threads =
      device.kind == device_kind::cpu ? ", " + std::to_string(threads_) + " threads" : "";
  return device.name + threads + " of " + machine_ + ", prorata " + version_string + ": " + work_;
}

std::optional<std::vector<double>> device_times::weights(std::vector<device_spec> const& devices,
                                                         index_t n) const {
  std::vector<time_model> models;
  for (auto const& d : devices) {
    auto const found = models_.find(key(d));
    if (found == models_.end() || found->second.empty()) return {};
    models.push_back(found->second);
  }
  if (n == 0) return {};
  std::vector<double> weights;
  for (index_t const share : equal_finish(n, models)) weights.push_back(static_cast<double>(share));
  return weights;
}

void device_times::learn(std::vector<device_spec> const& devices, std::vector<worked> const& by_device,
                         index_t n) {
  if (file_ == nullptr || n == 0) return;
  index_t all = 0;
  for (auto const& w : by_device) all += w.elements;
  index_t const passes = std::max<index_t>(1, (all + n / 2) / n);
  for (std::size_t d = 0; d < devices.size(); ++d) {
    auto const& w = by_device[d];
    if (w.elements < passes || !(w.seconds > 0)) continue;
    models_[key(devices[d])].learn(w.elements / passes, w.seconds / static_cast<double>(passes));
  }
  while (models_.size() > most_models) models_.erase(models_.begin());
  nlohmann::json list = nlohmann::json::array();
  for (auto const& [of, model] : models_) {
    nlohmann::json samples = nlohmann::json::array();
    for (auto const& s : model.samples()) samples.push_back({s.elements, s.seconds, s.runs});
    list.push_back({{"of", of}, {"samples", std::move(samples)}});
  }
  std::string const text = nlohmann::json{{"kind", kind_of_file}, {"models", std::move(list)}}.dump(
                               1, ' ', false, nlohmann::json::error_handler_t::replace) +
                           "\n";
  file_->write_text(text);
}

}  // namespace prorata::jobs
