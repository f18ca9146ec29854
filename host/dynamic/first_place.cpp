// A search along the dimension that is stored together: the first hit there has the lowest index.
#include <cmath>
#include <host/dynamic/first_place.hpp>
#include <host/run/key_source.hpp>
#include <mutex>

namespace prorata::dynamic {

namespace {

index_t first_in_c_order(host::chunked_run& run, io::file_column const& in, index_t i) {
  auto const search = [&]<class K>(host::key_source<K> const& source) {
    K const wanted = source.fetch(i);
    index_t const height = in.array().shape.front();
    index_t lowest = in.c_order_index(i);
    std::mutex comparing;
    run.run("place", [&](piece p) {
      index_t mine = in.count();
      source.each_block(p.begin, p.end, [&](K const* keys, index_t first, index_t n) {
        for (index_t j = 0; j < n; ++j) {
          if (keys[j] != wanted) continue;
          mine = std::min(mine, in.c_order_index(first + j));
          j = ((first + j) / height + 1) * height - first - 1;  // on to the next column
        }
      });
      std::lock_guard const lock(comparing);
      lowest = std::min(lowest, mine);
    });
    return lowest;
  };
  bool const nan = host::with_keys(in, direction::ascending, [&]<class K>(host::key_source<K> const& source) {
    return std::isnan(source.number(source.fetch(i)));
  });
  return host::with_keys(in, direction::ascending, nan ? host::alike::equal : host::alike::same_bits, search);
}

}  // namespace

index_t first_place(host::chunked_run& run, io::file_column const& column, index_t i) {
  return column.reordered() ? first_in_c_order(run, column, i) : i;
}

}  // namespace prorata::dynamic
