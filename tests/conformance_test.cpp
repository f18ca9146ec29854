// The host backend, held to what every backend must do.
#include "conformance.hpp"

namespace prorata::conformance {

struct host_streams {
  using stream_type = host::stream;
  static std::vector<host::stream> streams(int count) {
    std::vector<host::stream> all;
    for (int k = 0; k < count; ++k) all.emplace_back(host::stream_options{k + 1, 1.0, "cpu"});
    return all;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(host, backend_conformance, host_streams);

}  // namespace prorata::conformance
