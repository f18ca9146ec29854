// Reads what the kernel and the headers say about machine and build.
#include <sys/utsname.h>
#include <tbb/version.h>
#include <unistd.h>

#include <bench/build_facts.hpp>
#include <bench/machine.hpp>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <prorata/config.hpp>
#include <string>
#include <thread>

namespace prorata::bench {
namespace {

std::string first_line_of(std::string const& path, std::string const& key = "") {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) != 0) continue;
    auto const colon = key.empty() ? std::string::npos : line.find(": ");
    return colon == std::string::npos ? line : line.substr(colon + 2);
  }
  return "unknown";
}

std::string now() {
  std::time_t const seconds = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace

double load() {
  double average = 0;
  return getloadavg(&average, 1) == 1 ? average : 0;
}

nlohmann::ordered_json describe_machine() {
  utsname kernel{};
  uname(&kernel);
  nlohmann::ordered_json j;
  j["date"] = now();
  j["commit"] = build_facts::commit;
  j["dirty"] = build_facts::dirty;
#if defined(__clang__)
  j["compiler"] = "clang " __VERSION__;
#else
  j["compiler"] = "g++ " __VERSION__;
#endif
  j["flags"] = build_facts::flags;
  j["cpu"] = first_line_of("/proc/cpuinfo", "model name");
  j["cores"] = std::thread::hardware_concurrency();
  for (int k : {0, 2, 3}) {  // 1 holds instructions; sysconf would count every slice of a shared cache
    std::string const cache = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(k) + "/";
    j["caches"]["L" + first_line_of(cache + "level")] = first_line_of(cache + "size");
  }
  j["memory_bytes"] = static_cast<index_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  j["huge_pages"] = first_line_of("/sys/kernel/mm/transparent_hugepage/enabled");
  j["kernel"] = kernel.release;
  j["versions"] = {{"oneTBB", TBB_VERSION_STRING}, {"Thrust", build_facts::cccl}};
  return j;
}

}  // namespace prorata::bench
