// The host backend's sorting, held to what every backend must do.
#include "sort_conformance.hpp"

namespace prorata::conformance {

struct host_streams {
  using stream_type = host::stream;
  static std::vector<host::stream> streams(int) {
    std::vector<host::stream> one;
    one.emplace_back(host::stream_options{.threads = 2});
    return one;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(host, sort_conformance, host_streams);

}  // namespace prorata::conformance
