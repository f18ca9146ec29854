// By the keys that elements are ordered by.
#include <host/algorithms/selection.hpp>
#include <host/dynamic/order_statistics.hpp>

namespace prorata::dynamic {

std::vector<double> quantiles(host::chunked_run& run, io::file_column const& column,
                              std::vector<double> const& q, quantile_method method, index_t memory) {
  quantile_plan const plan(column.count(), q, method);
  std::vector<double> elements;
  host::with_keys(column, direction::ascending, [&]<class K>(host::key_source<K> const& source) {
    for (K const key : host::keys_at(run, source, direction::ascending, plan.places(), memory))
      elements.push_back(source.number(key));
  });
  return plan.finish(elements);
}

std::vector<placed_value> first_in_order(host::chunked_run& run, io::file_column const& column, direction way,
                                         index_t k, index_t memory) {
  std::vector<placed_value> found;
  host::with_keys(column, way, [&]<class K>(host::key_source<K> const& source) {
    for (auto const& one : host::least_keys(run, source, way, k, memory))
      found.push_back({number_at(column.array().type, source.elements({&one.key, 1}).data()), one.index});
  });
  return found;
}

}  // namespace prorata::dynamic
