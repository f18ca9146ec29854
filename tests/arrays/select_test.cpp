// copy_if, partition_copy and indices_where on any team: what the standard library's algorithms leave.
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
    return flag == -3;
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

template <class F>
auto modelled_selections(F f) {
  return [=](index_t n) {
    auto const x = model::list(f, n);
    auto const flags = model::list(repeated<std::int32_t>{9}, n);
    std::vector<index_t> kept, rest, of_flag_3, flagged, not_flagged;
    for (index_t i = 0; i < n; ++i) {
      auto const k = static_cast<std::size_t>(i);
      (x[k] > 0 ? kept : rest).push_back(i);
      (flags[k] != 0 ? flagged : not_flagged).push_back(i);
      if (flags[k] == -3) of_flag_3.push_back(i);
    }
    answer a;
    a.add("copy_if", model::picked(x, kept));
    a.add("copy_if of two", model::picked(x, of_flag_3));
    a.add("copy_if_into", model::picked(x, kept));
    a.add("copy_flagged", model::picked(x, flagged));
    a.add("indices_where", kept);
    a.add("indices of flags", flagged);
    a.add("kept", model::picked(x, kept)), a.add("rest", model::picked(x, rest));
    a.add("flagged", model::picked(x, flagged)), a.add("not flagged", model::picked(x, not_flagged));
    return a;
  };
}

TYPED_TEST(arrays, select_floats) {
  this->is_as(modelled_selections(repeated<float>{400}), all_selections(repeated<float>{400}));
}
#ifndef PRORATA_TEST_ONE_TYPE
TYPED_TEST(arrays, select_doubles) {
  this->is_as(modelled_selections(scattered<double>{}), all_selections(scattered<double>{}));
}
TYPED_TEST(arrays, select_integers) {
  this->is_as(modelled_selections(scattered<std::int32_t>{}), all_selections(scattered<std::int32_t>{}));
}
#endif

}  // namespace
}  // namespace prorata::conformance
