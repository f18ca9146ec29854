// copy_if, partition_copy and indices_where on any team: the host's bits.
#include <prorata/select.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

struct positive {
  template <class T>
  PRORATA_HD bool operator()(T const& x) const {
    return x > T{0};
  }
};
struct rare {
  template <class T>
  PRORATA_HD bool operator()(T const&, std::int32_t flag) const {
    return flag == 3;
  }
};

template <class F>
auto all_selections(F f) {
  return [=](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, f);
    auto const flags = made(team, cuts, repeated<std::int32_t>{9});  // -7 … 1: one in nine is 0
    auto room = made(team, cuts, f);
    answer a;
    a.add("copy_if", copy_if(x, positive{}));
    a.add("copy_if of two", copy_if(x, rare{}, flags));
    a.add("copy_if_into", copy_if_into(room, x, positive{}));
    a.add("copy_flagged", copy_flagged(x, flags));
    a.add("indices_where", indices_where(x, positive{}));
    a.add("indices of flags", indices_where(flags));
    auto const halves = partition_copy(x, positive{});
    a.add("kept", halves.kept), a.add("rest", halves.rest);
    auto const flagged = partition_flagged(x, flags);
    a.add("flagged", flagged.kept), a.add("not flagged", flagged.rest);
    return a;
  };
}

TYPED_TEST(arrays, select_floats) { this->has_host_bits(all_selections(repeated<float>{400})); }
TYPED_TEST(arrays, select_doubles) { this->has_host_bits(all_selections(scattered<double>{})); }
TYPED_TEST(arrays, select_integers) { this->has_host_bits(all_selections(scattered<std::int32_t>{})); }

}  // namespace
}  // namespace prorata::conformance
