// Two GPUs that are really host streams, behind the doors of the command line: everything but the kernels
// themselves runs as it does on GPUs. Expressions' kernels are compiled as C++.
#include <dlfcn.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <host/algorithms/team_sorter_on.hpp>
#include <host/expression/cuda_source.hpp>
#include <host/jobs/gpu/gpus.hpp>
#include <host/jobs/sorters.hpp>
#include <host/run/gpu/forms.hpp>
#include <host/run/gpu/kernel_of.hpp>
#include <host/run/gpu/scan_of.hpp>
#include <host/run/gpu/slot_rank.hpp>
#include <map>
#include <mutex>
#include <prorata/host.hpp>

namespace prorata::jobs {

namespace {

using namespace host;

/// The printed kernel of an expression as a function of one thread.
class printed_kernels {
 public:
  void (*find(std::string const& source))(long long, void* const*) {
    std::lock_guard const lock(mutex_);
    auto& kernel = kernels_[source];
    if (kernel == nullptr) kernel = compile(source);
    return kernel;
  }

 private:
  using function = void (*)(long long, void* const*);

  static function compile(std::string const& source) {
    std::string folder = (std::filesystem::temp_directory_path() / "prorata-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw device_error("no temporary folder");
    std::ofstream text(folder + "/kernel.cpp");
    text << "#include <math.h>\n#define __host__\n#define __device__\n#define __global__\n"
            "struct dimension { unsigned x; } static const gridDim{1}, blockDim{1}, blockIdx{0}, "
            "threadIdx{0};\n"
         << source << call_of(source);
    text.close();
    std::string const command = std::string(PRORATA_TEST_CXX) +
                                " -std=c++20 -w -O1 -ffp-contract=off -shared -fPIC -o " + folder +
                                "/kernel.so " + folder + "/kernel.cpp";
    if (std::system(command.c_str()) != 0) throw device_error(command);
    void* const library = ::dlopen((folder + "/kernel.so").c_str(), RTLD_NOW);
    std::filesystem::remove_all(folder);
    if (library == nullptr) throw device_error(::dlerror());
    return reinterpret_cast<function>(::dlsym(library, "call"));
  }

  /// A door of one type to kernels of any number of arrays.
  static std::string call_of(std::string const& source) {
    std::size_t const begin = source.find("(long long n") + 1;
    std::string const list = source.substr(begin, source.find(')', begin) - begin);
    std::string text = std::string("extern \"C\" void call(long long n, void* const* arrays) {\n  ") +
                       expression::cuda_kernel_name + "(n";
    int k = 0;
    for (std::size_t comma = list.find(','); comma != list.npos; comma = list.find(',', comma + 1)) {
      std::size_t const star = list.find('*', comma);
      text +=
          ", static_cast<" + list.substr(comma + 1, star - comma) + ">(arrays[" + std::to_string(k++) + "])";
    }
    return text + ");\n}\n";
  }

  std::mutex mutex_;
  std::map<std::string, function> kernels_;
};

std::shared_ptr<std::byte> aligned_memory(std::size_t bytes) {
  return {static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)), std::free};
}

/// Groups as a GPU has them: only so many rows at a time, and nothing is done before their overflow is resolved.
class pretended_groups {
 public:
  pretended_groups(host::stream& s, group_plan const& plan, index_t rows) : s_(&s), plan_(plan), rows_(rows) {
    if (rows > most_rows) throw out_of_memory("a pretended GPU has room for 100,000 rows");
    keys_ = {s, rows};
    values_ = {s, rows};
  }
  std::uint64_t* keys() const { return keys_.data(); }
  std::uint64_t* values() const { return values_.data(); }
  void fill_table() {}
  bool resolve_overflow() {
    made_ = host::start_groups(*s_, plan_, 0, rows_, words{keys()}, words{values()}, false);
    return true;
  }
  index_t records() const { return made_.records(); }
  void copy_records(std::byte* out) const { host::read_records(*s_, made_, out); }

 private:
  static constexpr index_t most_rows = 100'000;
  struct words {
    std::uint64_t const* from;
    std::uint64_t operator()(index_t i) const { return from[i]; }
  };

  host::stream* s_;
  group_plan plan_;
  index_t rows_;
  buffer<std::uint64_t, host::stream> keys_, values_;
  host::groups made_;
};

struct pretended_verbs {
  using stream = host::stream;
  std::shared_ptr<printed_kernels> kernels;

  static kernel_on<stream> kernel_of(gpu_reduction r) {
    for (auto const find : {ordered_kernel_on<stream>, unordered_kernel_on<stream>, exact_kernel_on<stream>})
      if (auto const k = find(r); k.fold != nullptr) return k;
    throw device_error("not a kernel");
  }

  static void gather(stream& s, gpu_form form, gpu_value value, stored_elements const& a,
                     stored_elements const& b, index_t count, void* out) {
    with_form(form, value, a, b, [&]<class X>(auto const& load, io::type_tag<X>) {
      s.enqueue([=] {
        for (index_t i = 0; i < count; ++i) {
          X x = load(i);
          if constexpr (std::is_same_v<X, double>) {  // widened NaN has other payloads on GPUs
            if (std::isnan(x) && a.type != io::dtype::f64) x = std::bit_cast<double>(~std::uint64_t{0} >> 1);
          }
          static_cast<X*>(out)[i] = x;
        }
      });
    });
  }

  static scan_kernel_on<stream> scan_kernel_of(gpu_scan const& job) {
    return scan_kernel_on_device<stream>(job);
  }

  static void store(stream& s, io::dtype wide, void const* from, io::dtype to, index_t count, void* out) {
    with_stored(wide, from, to, [&]<class X>(auto const& load, io::type_tag<X>) {
      host::transform_index(s, 0, count, load, static_cast<X*>(out));
    });
  }

  static void count_in_bins(stream& s, bin_rule const& rule, double const* elements, index_t count,
                            index_t* counts) {
    host::histogram_index(s, rule, 0, count, element_load<identity, double>(identity{}, 0, elements), counts);
  }
  template <class Key>
  static void count_in_digits(stream& s, digit_rule<Key> const& rule, Key const* keys, index_t count,
                              index_t* counts) {
    host::count_digits(s, 0, count, element_load<identity, Key>(identity{}, 0, keys), rule, counts);
  }

  using groups = pretended_groups;
  static void gather_words(stream& s, gpu_word word, stored_elements const& a, bin_rule const& rule,
                           index_t count, std::uint64_t* out) {
    with_words(word, a, rule, [&](auto const& load) { host::transform_index(s, 0, count, load, out); });
  }

  void map(stream& s, gpu_map const& job, index_t count, std::vector<void const*> inputs, void* out) const {
    auto const kernel = kernels->find(job.source);
    s.enqueue([=] {
      std::vector<void*> arrays;
      for (auto const* in : inputs) arrays.push_back(const_cast<void*>(in));
      arrays.push_back(out);
      kernel(count, arrays.data());
    });
  }

  /// Slots of more than 1 MiB do not fit: ranks have to halve theirs.
  static std::shared_ptr<std::byte> pinned(std::size_t bytes) {
    if (bytes > (1 << 20)) throw out_of_memory("a pretended GPU has room for 1 MiB a slot");
    return aligned_memory(bytes);
  }
};

}  // namespace

int gpu_count() { return 2; }
std::string gpu_absence() { return "there are two pretended GPUs"; }
std::vector<gpu_info> gpu_list() {
  return {{0, "pretended", 1 << 30, gpu_free_bytes(0), 1, "0.0", "none"},
          {1, "pretended", 1 << 30, gpu_free_bytes(1), 1, "0.0", "none"}};
}
/// Less than some tests sort: arrays have to go by ranges.
index_t gpu_free_bytes(int) {
  char const* const free = std::getenv("PRORATA_TEST_GPU_FREE");
  return free != nullptr ? std::atoll(free) : 24 << 20;
}
double gpu_speed(int) { return 1e9; }

template <class U>
std::unique_ptr<team_sorter<U>> open_gpu_sorter(std::vector<device_spec> const& devices,
                                                sorting_shares shares, int threads) {
  std::vector<host::stream> streams;
  for (auto const& d : devices) streams.emplace_back(stream_options_of(d, devices, threads));
  return std::make_unique<host::team_sorter_on<host::stream, U>>(
      std::move(shares), team<host::stream>(std::move(streams)), aligned_memory);
}
template std::unique_ptr<team_sorter<std::uint32_t>> open_gpu_sorter(std::vector<device_spec> const&,
                                                                     sorting_shares, int);
template std::unique_ptr<team_sorter<std::uint64_t>> open_gpu_sorter(std::vector<device_spec> const&,
                                                                     sorting_shares, int);

}  // namespace prorata::jobs

std::vector<std::unique_ptr<prorata::host::gpu_rank>> prorata::host::open_gpu_ranks(
    std::vector<std::optional<int>> const& gpus, index_t slot_bytes) {
  jobs::pretended_verbs const verbs{std::make_shared<jobs::printed_kernels>()};
  std::vector<std::unique_ptr<gpu_rank>> ranks;
  for (auto const& number : gpus) {
    auto const open = [&] {
      return stream({.threads = 1, .slowdown = 1, .name = "gpu:" + std::to_string(*number)});
    };
    ranks.push_back(
        number ? std::make_unique<slot_rank<jobs::pretended_verbs>>(open(), open(), open(), slot_bytes, verbs)
               : nullptr);
  }
  return ranks;
}
