// Loading NVRTC and the driver's module functions, and keeping what was compiled.
#include <cuda.h>
#include <dlfcn.h>
#include <nvrtc.h>

#include <cstdlib>
#include <kernels/device.hpp>
#include <kernels/launch_shape.hpp>
#include <kernels/nvrtc.hpp>
#include <map>
#include <mutex>
#include <tuple>

namespace prorata::cuda {

namespace {

/// The functions of libnvrtc that we call.
struct nvrtc_library {
  decltype(&nvrtcGetErrorString) get_error_string;
  decltype(&nvrtcCreateProgram) create_program;
  decltype(&nvrtcDestroyProgram) destroy_program;
  decltype(&nvrtcCompileProgram) compile_program;
  decltype(&nvrtcGetProgramLogSize) get_program_log_size;
  decltype(&nvrtcGetProgramLog) get_program_log;
  decltype(&nvrtcGetCUBINSize) get_cubin_size;
  decltype(&nvrtcGetCUBIN) get_cubin;

  nvrtc_library() {
    char const* const variable = std::getenv("PRORATA_NVRTC");
    void* handle = nullptr;
    if (variable != nullptr && *variable != '\0') {
      handle = dlopen(variable, RTLD_NOW | RTLD_LOCAL);
    } else {
      for (char const* name : {"libnvrtc.so.13", "libnvrtc.so"})
        if (handle == nullptr) handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    }
    if (handle == nullptr)
      throw device_error(std::string("NVRTC cannot be loaded (") + dlerror() +
                         "); expressions on GPUs need it: set PRORATA_NVRTC to the path of libnvrtc.so");
    find(handle, "nvrtcGetErrorString", get_error_string);
    find(handle, "nvrtcCreateProgram", create_program);
    find(handle, "nvrtcDestroyProgram", destroy_program);
    find(handle, "nvrtcCompileProgram", compile_program);
    find(handle, "nvrtcGetProgramLogSize", get_program_log_size);
    find(handle, "nvrtcGetProgramLog", get_program_log);
    find(handle, "nvrtcGetCUBINSize", get_cubin_size);
    find(handle, "nvrtcGetCUBIN", get_cubin);
  }

  void check(nvrtcResult r, char const* verb) const {
    if (r != NVRTC_SUCCESS) throw device_error(std::string(verb) + ": " + get_error_string(r));
  }

 private:
  template <class F>
  static void find(void* handle, char const* symbol, F& function) {
    function = reinterpret_cast<F>(dlsym(handle, symbol));
    if (function == nullptr)
      throw device_error(std::string("libnvrtc has no ") + symbol + "; set PRORATA_NVRTC to a newer one");
  }
};

/// A program being compiled.
struct program {
  program(nvrtc_library const& l, std::string const& source) : library(l) {
    library.check(library.create_program(&native, source.c_str(), "kernel.cu", 0, nullptr, nullptr),
                  "nvrtcCreateProgram");
  }
  ~program() { library.destroy_program(&native); }
  program(program const&) = delete;
  program& operator=(program const&) = delete;

  std::string log() const {
    std::size_t size = 0;
    if (library.get_program_log_size(native, &size) != NVRTC_SUCCESS || size == 0) return {};
    std::string text(size, '\0');
    if (library.get_program_log(native, text.data()) != NVRTC_SUCCESS) return {};
    while (!text.empty() && (text.back() == '\0' || text.back() == '\n')) text.pop_back();
    return text;
  }

  nvrtc_library const& library;
  nvrtcProgram native = nullptr;
};

std::vector<char> compile(nvrtc_library const& library, std::string const& source, int major, int minor,
                          std::span<char const* const> options) {
  program p(library, source);
  std::string const architecture = "--gpu-architecture=sm_" + std::to_string(major) + std::to_string(minor);
  std::vector<char const*> all(options.begin(), options.end());
  all.push_back(architecture.c_str());
  if (nvrtcResult const r = library.compile_program(p.native, static_cast<int>(all.size()), all.data());
      r != NVRTC_SUCCESS)
    throw device_error(std::string("compiling a kernel: ") + library.get_error_string(r) + "\n" + p.log());
  std::size_t size = 0;
  library.check(library.get_cubin_size(p.native, &size), "nvrtcGetCUBINSize");
  std::vector<char> cubin(size);
  library.check(library.get_cubin(p.native, cubin.data()), "nvrtcGetCUBIN");
  return cubin;
}

/// The driver's functions, through the runtime: libcuda belongs to the driver and is never linked.
struct driver {
  decltype(&cuModuleLoadData) module_load_data;
  decltype(&cuModuleGetFunction) module_get_function;
  decltype(&cuLaunchKernel) launch_kernel;
  decltype(&cuGetErrorString) get_error_string;

  driver() {
    find("cuModuleLoadData", module_load_data);
    find("cuModuleGetFunction", module_get_function);
    find("cuLaunchKernel", launch_kernel);
    find("cuGetErrorString", get_error_string);
  }

  void check(CUresult r, char const* verb) const {
    if (r == CUDA_SUCCESS) return;
    // the driver's numbers are the runtime's: a sticky error is one here, too
    cuda::check(static_cast<cudaError_t>(r));
    throw device_error(verb);
  }

 private:
  template <class F>
  static void find(char const* symbol, F& function) {
    void* address = nullptr;
    cudaDriverEntryPointQueryResult found{};
    cuda::check(cudaGetDriverEntryPointByVersion(symbol, &address, 12000, cudaEnableDefault, &found));
    if (found != cudaDriverEntryPointSuccess || address == nullptr)
      throw device_error(std::string("the CUDA driver has no ") + symbol + "; a newer driver is needed");
    function = reinterpret_cast<F>(address);
  }
};

}  // namespace

std::vector<char> compile_cubin(std::string const& source, int major, int minor,
                                std::span<char const* const> options) {
  return compile(nvrtc_library{}, source, major, minor, options);
}

struct kernel_cache::state {
  using key = std::tuple<std::string, int, int, std::string>;                 // source, architecture, options
  using loaded_key = std::tuple<std::vector<char> const*, std::string, int>;  // cubin, name, device

  std::vector<char> const& cubin(std::string const& source, int major, int minor,
                                 std::span<char const* const> options) {
    std::string joined;
    for (char const* option : options) joined.append(option).push_back('\n');
    key const k{source, major, minor, std::move(joined)};
    if (auto const at = cubins.find(k); at != cubins.end()) return at->second;
    if (!nvrtc) nvrtc = std::make_unique<nvrtc_library>();
    return cubins.emplace(k, compile(*nvrtc, source, major, minor, options)).first->second;
  }

  /// Loads a kernel into the current device's context. Modules are never unloaded: they go with the context,
  /// and work queued with them may still run.
  CUfunction function(std::vector<char> const& cubin, char const* name, int device) {
    loaded_key const k{&cubin, name, device};
    if (auto const at = functions.find(k); at != functions.end()) return at->second;
    if (!calls) calls = std::make_unique<driver>();
    CUmodule module = nullptr;
    calls->check(calls->module_load_data(&module, cubin.data()), "cuModuleLoadData");
    CUfunction f = nullptr;
    calls->check(calls->module_get_function(&f, module, name), "cuModuleGetFunction");
    functions.emplace(k, f);
    return f;
  }

  mutable std::mutex mutex;
  std::unique_ptr<nvrtc_library> nvrtc;
  std::unique_ptr<driver> calls;
  std::map<key, std::vector<char>> cubins;  // a map's values stay where they are
  std::map<loaded_key, CUfunction> functions;
};

kernel_cache::kernel_cache() : state_(std::make_unique<state>()) {}
kernel_cache::~kernel_cache() = default;

std::vector<char> const& kernel_cache::cubin(std::string const& source, int major, int minor,
                                             std::span<char const* const> options) {
  std::lock_guard const lock(state_->mutex);
  return state_->cubin(source, major, minor, options);
}

std::size_t kernel_cache::size() const {
  std::lock_guard const lock(state_->mutex);
  return state_->cubins.size();
}

void kernel_cache::launch(stream& s, std::string const& source, char const* name, index_t n,
                          std::span<void* const> arguments, std::span<char const* const> options) {
  if (n <= 0) return;
  device_guard const on(s.device());
  int const major = s.attribute(cudaDevAttrComputeCapabilityMajor);
  int const minor = s.attribute(cudaDevAttrComputeCapabilityMinor);
  check(cudaFree(nullptr));  // the runtime's context of this device exists and is the driver's current one
  std::lock_guard const lock(state_->mutex);
  CUfunction const f = state_->function(state_->cubin(source, major, minor, options), name, s.device());
  constexpr loop_tuning tuning{256, 8, 4};
  auto const shape = shape_for(n, tuning, s.multiprocessors());
  state_->calls->check(state_->calls->launch_kernel(f, shape.blocks, 1, 1, shape.threads, 1, 1, 0, s.native(),
                                                    const_cast<void**>(arguments.data()), nullptr),
                       "cuLaunchKernel");
}

}  // namespace prorata::cuda
