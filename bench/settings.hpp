// settings: what a run of prorata-bench was told, and what all its contests share.
#pragma once

#include <bench/arrays.hpp>
#include <bench/contest.hpp>
#include <bench/machine.hpp>
#include <bench/peers/numpy.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <prorata/array.hpp>
#include <prorata/host.hpp>
#include <string>
#include <vector>

namespace prorata::bench {

struct settings {
  index_t bytes = index_t{1} << 30;  ///< of one array
  int rounds = 15;
  std::uint64_t seed = 42;
  std::string folder = "/tmp";  ///< where files of `bytes` bytes may be written
  bool spoil = false;
};

/// The shared state of a run.
struct hall {
  explicit hall(settings s)
      : told(std::move(s)), memory(told.bytes, told.seed, told.spoil), python(memory), cpu(one_stream()) {}

  /// One of the arrays as prorata sees it.
  template <class T>
  auto borrowed(int which) const {
    return std::make_shared<distributed_array<T, host::stream>>(borrow(cpu, memory.get<T>(which)));
  }

  void add(std::string name, std::function<contest()> make) {
    add_contest(std::move(name), told.rounds, std::move(make), results);
  }

  settings told;
  double load_before = load();
  arrays memory;
  numpy python;
  team<host::stream> cpu;
  std::vector<contest_result> results;

 private:
  static std::vector<host::stream> one_stream() {
    std::vector<host::stream> streams;
    streams.emplace_back();
    return streams;
  }
};

/// NumPy as a contestant that does `verb` once a turn: judge(the values it answers).
template <class Judge>
contestant numpy_entry(
    hall& h, std::string const& verb, char const* dtype, Judge judge, std::function<void()> prepare = [] {}) {
  auto const ask = [&h, verb, dtype, prepare] {
    prepare();
    return h.python.ask(verb, dtype);
  };
  return {"NumPy", role::peer, [=] { return verdict{judge(ask().values)}; }, [=] { return ask().seconds; }};
}

/// Everywhere no slower than any other library.
inline std::vector<bar> const as_fast_as_any{{bar::fastest_peer, 1.0}};

// One function per verb: registers its contests.
void add_ceilings(hall& h);
void add_reductions(hall& h);
void add_transforms(hall& h);
void add_writes(hall& h);
void add_exact(hall& h);
void add_scans(hall& h);
void add_sorts(hall& h);
void add_pairs(hall& h);
void add_merges(hall& h);
void add_runs(hall& h);
void add_out_of_core(hall& h);
void add_histograms(hall& h);
void add_groups(hall& h);
void add_selections(hall& h);
void add_uniques(hall& h);
void add_weights(hall& h);
void add_costs(hall& h);
void add_sharing(hall& h);
void add_exchanges(hall& h);
void add_hash_maps(hall& h);
void add_streams(hall& h);

/// The short name of an element type.
template <class T>
inline constexpr char const* type_name = std::is_integral_v<T> ? (sizeof(T) == 4 ? "i32" : "i64")
                                         : sizeof(T) == 4      ? "f32"
                                                               : "f64";

}  // namespace prorata::bench
