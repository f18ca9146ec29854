// prorata devices: what this machine has.
#include <fmt/core.h>
#include <unistd.h>

#include <fstream>
#include <host/cli/command_line.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/jobs/gpu/gpus.hpp>
#include <nlohmann/json.hpp>
#include <thread>

namespace prorata::cli {

namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  info.exceptions(std::ios::badbit);  // else memory that runs out looks like the end of the file
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "processor";
}

}  // namespace

void devices_command(command_line& command, io::job_files&) {
  bool json = false;
  command.flag("--json", json);
  command.parse();
  auto const memory = static_cast<index_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  auto const gpus = gpu_list();
  unsigned const cores = std::thread::hardware_concurrency();
  if (json) {
    auto list = nlohmann::json::array();
    list.push_back(
        {{"device", "cpu"}, {"name", processor_name()}, {"cores", cores}, {"memory_bytes", memory}});
    for (auto const& g : gpus)
      list.push_back({{"device", "gpu:" + std::to_string(g.number)},
                      {"name", g.name},
                      {"multiprocessors", g.multiprocessors},
                      {"memory_bytes", g.memory_bytes},
                      {"free_bytes", g.free_bytes},
                      {"capability", g.capability},
                      {"bus", g.bus}});
    print("{}\n", nlohmann::json{{"devices", list}}.dump());
    return;
  }
  print("cpu     {}, {} cores, {}\n", processor_name(), cores, bytes_text(memory));
  for (auto const& g : gpus)
    print("gpu:{}   {}, {} SMs, compute capability {}, {} ({} free), {}\n", g.number, g.name,
          g.multiprocessors, g.capability, bytes_text(g.memory_bytes), bytes_text(g.free_bytes), g.bus);
  if (gpus.empty()) print("no GPU: {}\n", gpu_absence());
}

}  // namespace prorata::cli
