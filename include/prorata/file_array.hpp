// file_array: an array in a file, as large as the disk bears, for the verbs that read arrays.
#pragma once

#include <host/io/decoded.hpp>
#include <host/io/file_column.hpp>
#include <host/run/chunked_run.hpp>
#include <host/run/file_load.hpp>
#include <memory>
#include <prorata/elements.hpp>
#include <prorata/error.hpp>
#include <prorata/machine.hpp>
#include <string>
#include <utility>
#include <vector>

namespace prorata {

/// How verbs run over arrays that do not lie in memory. No result depends on it.
struct run_options {
  index_t memory = index_t{1} << 30;  ///< bytes that a verb holds at a time, over all ranks
  index_t chunk = 0;                  ///< bytes that a rank reads at a time; 0: what suits the memory
  std::string temporary_folder{};     ///< of what does not fit the memory; empty: where the output goes
  bool guided = true;  ///< ranks take chunks as they become free, and shares are first guesses of their
                       ///< speed, where a verb needs no order and verifies nothing; false: exact shares
  double verify = 0;   ///< per cent of the chunks that a second rank computes, too, to compare
  host::run_observer* observer = nullptr;  ///< sees how far a verb is; outlives it
  host::chunk_turns* turns =
      nullptr;  ///< of a job that shares its devices with others (see scheduler); outlives it
};

namespace detail {
/// Opens PATH as a .npy file, the same one in all processes of a team.
std::shared_ptr<io::file_column const> open_npy(std::string const& path,
                                                prorata::team<host::stream> const& team);
}  // namespace detail

/// The array of a file over the ranks of a team of CPUs, as T: every rank reads its own share, a chunk at a time.
/// double serves files of all types, 64-bit integers those of integers and booleans, any other T those that store it
/// (float also half). Copies are the same file.
///   shape    n elements, numbered in C order
///   cost     opening reads the header; a verb reads the elements once, decoded where the file has them in another type
///            or byte order, and holds no more than run_options::memory of them, or a tile a rank
///   threads    as the team
///   processes  of a team of several, each reads what its own ranks have, within a run_options::memory of its own; the
///              file, what is written, and temporary files lie where all of them reach them (see host::shared_spill)
template <class T>
class file_array {
 public:
  using value_type = T;

  file_array(std::shared_ptr<io::file_column const> column, prorata::team<host::stream> team,
             prorata::partition cuts, run_options const& options)
      : column_(std::move(column)), team_(std::move(team)), partition_(std::move(cuts)), options_(options) {
    (void)io::decoded<T>(column_->array());  // refuses other types
    require(partition_.ranks() == team_.ranks(), "an array's partition has as many ranks as its team");
    require(partition_.n == column_->count(), "a file's partition has as many elements as the file");
    require(options_.verify >= 0 && options_.verify <= 100, "verify is a percentage from 0 to 100");
    require(options_.verify == 0 || team_.local_ranks() > 1,
            "verify compares two ranks of a process, and there is one");
  }

  index_t size() const { return column_->count(); }
  std::vector<index_t> const& shape() const { return column_->array().shape; }
  prorata::team<host::stream> const& team() const { return team_; }
  prorata::partition const& partition() const { return partition_; }
  run_options const& options() const { return options_; }
  io::file_column const& column() const { return *column_; }

 private:
  std::shared_ptr<io::file_column const> column_;
  prorata::team<host::stream> team_;
  prorata::partition partition_;
  run_options options_;
};

/// Opens the array of a .npy file, cut among the ranks as `cuts` says, or equally.
///   example  double const total = sum(prorata::open<double>("x.npy"));
///   throws   input_error (no such file, not .npy), usage_error (its elements are no T; or stored in Fortran order,
///            whose elements would be numbered otherwise)
template <class T>
file_array<T> open(std::string const& path, team<host::stream> team, partition cuts,
                   run_options const& options = {}) {
  auto column = detail::open_npy(path, team);
  return {std::move(column), std::move(team), std::move(cuts), options};
}
template <class T>
file_array<T> open(std::string const& path, team<host::stream> team = cpu_team(),
                   run_options const& options = {}) {
  auto column = detail::open_npy(path, team);
  std::vector<double> const equal(static_cast<std::size_t>(team.ranks()), 1.0);
  auto cuts = partition_by_weights(column->count(), equal);
  return {std::move(column), std::move(team), std::move(cuts), options};
}

namespace detail {

/// Of verbs whose chunks have no result of their own to compare.
///   throws  usage_error where verification is asked for
template <class T>
void refuse_verification(file_array<T> const& x, char const* verb) {
  require(
      x.options().verify == 0,
      std::string(verb) + ": verification compares results of chunks, and here they have none; leave it out");
}

/// Who sees a verb over x; somebody always does.
host::run_observer& observer_of(run_options const& options);

/// One verb over files that are cut alike, as the options of the first one say.
class file_run {
 public:
  template <class T, class... U>
  explicit file_run(file_array<T> const& x, file_array<U> const&... more)
      : passes(
            x.team(), x.partition(),
            chunk_of(x.options(),
                     (io::size_of(x.column().array().type) + ... + io::size_of(more.column().array().type)),
                     x.team().local_ranks()),
            {&x.column(), &more.column()...}, limits_of(x.options()), observer_of(x.options())) {
    require_alike(x, more...);
  }

  host::chunked_run passes;

 private:
  static index_t chunk_of(run_options const& options, index_t element_bytes, int ranks);
  static host::run_limits limits_of(run_options const& options);
};

}  // namespace detail

/// As for arrays in memory: partial results of chunks join in the order of their elements, so that the bits are the
/// same.
///   memory  run_options of the first array
///   throws  also input_error where a file cannot be read, or was changed meanwhile; out_of_memory where the memory
///           does not hold a chunk of every rank; device_error where verification finds two results
template <class R, class F, class T, class... U>
typename R::result_type run_reduction(R const& reduction, F f, file_array<T> const& x,
                                      file_array<U> const&... more) {
  detail::file_run files(x, more...);
  require(x.size() > 0, "a reduction of no elements has no result");
  return files.passes.fold(reduction,
                           host::file_load<F, T, U...>(std::move(f), x.column(), more.column()...));
}

}  // namespace prorata
