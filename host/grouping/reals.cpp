// Groups of floats.
#include <host/grouping/grouping_of.hpp>

namespace prorata::host {

template <>
std::unique_ptr<grouping> grouping_of_values<addend::real>(group_plan const& plan) {
  return with_group_state_of<addend::real>(plan, [&](auto tag) -> std::unique_ptr<grouping> {
    return std::make_unique<grouping_of<typename decltype(tag)::type>>(plan);
  });
}

}  // namespace prorata::host
