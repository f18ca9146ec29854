// Opening files as arrays.
#include <algorithm>
#include <host/io/job_files.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <prorata/file_array.hpp>

namespace prorata::detail {

std::shared_ptr<io::file_column const> open_npy(std::string const& path,
                                                prorata::team<host::stream> const& team) {
  host::processes const all(team);
  io::job_files files(all.alone() ? nullptr : &all);
  auto column = std::make_shared<io::file_column>(files.read(path), io::read_npy);
  auto const& array = column->array();
  auto const long_dimensions =
      std::count_if(array.shape.begin(), array.shape.end(), [](index_t n) { return n > 1; });
  require(!array.fortran_order || long_dimensions < 2,
          io::printable(path) +
              ": is stored in Fortran order; store it in C order, as numpy.ascontiguousarray does");
  return column;
}

host::run_observer& observer_of(run_options const& options) {
  static host::run_observer nobody;  // it has no state
  return options.observer != nullptr ? *options.observer : nobody;
}

index_t file_run::chunk_of(run_options const& options, index_t element_bytes, int ranks) {
  host::chunk_request wanted;
  wanted.bytes = options.chunk;
  wanted.memory = options.memory;
  auto const chunk = host::elements_of_chunk(wanted, element_bytes, ranks);
  if (!chunk)
    throw out_of_memory("chunks of that size of every rank do not fit the memory; make them smaller");
  return *chunk;
}

host::run_limits file_run::limits_of(run_options const& options) {
  host::run_limits limits;
  limits.memory = options.memory;
  limits.guided = options.guided;
  limits.verify = options.verify;
  limits.turns = options.turns;
  return limits;
}

}  // namespace prorata::detail
