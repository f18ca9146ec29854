// Verbs of whole arrays, held to what models.hpp says of them on every team there is. One source for both
// compilers: g++ makes teams of host ranks of it, nvcc teams of GPUs, of shards of one, and of GPU and CPU.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <prorata/exchange.hpp>
#include <prorata/transform.hpp>
#include <string>
#include <tests/arrays/models.hpp>
#include <tests/scattered.hpp>
#include <tests/splits.hpp>
#ifdef __CUDACC__
#include <tests/cuda/gpu_teams.cuh>
#else
#include <tests/arrays/host_teams.hpp>
#endif

namespace prorata::conformance {

using tests::scattered;
using tests::stirred;

/// A few values, scattered; of floats also both zeros, infinity, and NaNs of both signs.
template <class T>
struct repeated {
  index_t distinct;
  PRORATA_HD T operator()(index_t i) const {
    auto const k = static_cast<int>(stirred(i, 5) % static_cast<std::uint64_t>(distinct));
    if constexpr (std::is_floating_point_v<T>) {
      using limits = std::numeric_limits<T>;
      if (k == 0) return T{0};
      if (k == 1) return -T{0};
      if (k == 2) return limits::infinity();
      if (k == 3) return limits::quiet_NaN();
      if (k == 4) return -limits::quiet_NaN();
    }
    return static_cast<T>(k) - static_cast<T>(7);
  }
};

/// An array of what f makes of each index, bit for bit: `generate` has one NaN only.
template <class S, class F, class T = std::invoke_result_t<F, index_t>>
distributed_array<T, S> made(team<S> const& team, partition const& cuts, F f) {
  distributed_array<T, S> x(team, cuts);
  for (auto const& p : x.parts()) transform_index(*p.stream, p.begin, p.end(), f, p.data);
  return x;
}

/// x → slope·x + offset. Composing two is associative, and not commutative.
struct affine {
  std::uint32_t slope, offset;
};
struct composed {
  PRORATA_HD affine operator()(affine const& a, affine const& b) const {
    return {a.slope * b.slope, a.offset * b.slope + b.offset};
  }
};
struct affine_at {
  PRORATA_HD affine operator()(index_t i) const {
    return {static_cast<std::uint32_t>(2 * i + 1), static_cast<std::uint32_t>(stirred(i))};
  }
};

/// What a verb answered, all of it: named lists of elements.
class answer {
 public:
  template <class T>
  void add(std::string name, std::vector<T> const& list) {
    auto const* const from = reinterpret_cast<std::byte const*>(list.data());
    columns_.push_back({std::move(name), sizeof(T), {from, from + list.size() * sizeof(T)}});
  }
  template <class T, class S>
  void add(std::string name, distributed_array<T, S> const& x) {
    std::vector<T> list(static_cast<std::size_t>(x.size()));
    if (x.team().local_ranks() == x.team().ranks()) {
      copy_out(x, std::span<T>(list));
    } else {  // the elements of all processes
      std::vector<T const*> mine;
      std::vector<index_t> sizes;
      for (auto const& part : x.parts()) mine.push_back(part.data);
      for (int r = 0; r < x.team().ranks(); ++r) sizes.push_back(x.partition().size(r));
      list = all_gatherv_to_host<T>(x.team(), std::span<T const* const>(mine), sizes);
    }
    add(std::move(name), list);
  }
  void add(std::string name, partition const& cuts) { add(std::move(name), cuts.cuts); }
  /// Expected to a few units in the last place only.
  void add_near(std::string name, std::vector<double> const& list) {
    add(std::move(name), list);
    columns_.back().near = true;
  }

  /// Empty where both are the same, bit for bit; or the first difference.
  static std::string difference(answer const& found, answer const& expected) {
    if (found.columns_.size() != expected.columns_.size()) return "another number of columns";
    for (std::size_t c = 0; c < found.columns_.size(); ++c) {
      auto const &a = found.columns_[c], &b = expected.columns_[c];
      if (a.bytes.size() != b.bytes.size())
        return a.name + " has " + std::to_string(a.bytes.size() / a.element) + " elements instead of " +
               std::to_string(b.bytes.size() / a.element);
      if (b.near) {
        if (auto const k = first_apart(a.bytes, b.bytes); k >= 0)
          return a.name + " is far off at element " + std::to_string(k);
        continue;
      }
      for (std::size_t k = 0; k < a.bytes.size(); ++k)
        if (a.bytes[k] != b.bytes[k])
          return a.name + " differs at element " + std::to_string(k / a.element) + " of " +
                 std::to_string(a.bytes.size() / a.element);
    }
    return {};
  }

 private:
  struct column {
    std::string name;
    std::size_t element;
    std::vector<std::byte> bytes;
    bool near = false;
  };
  std::vector<column> columns_;

  static index_t first_apart(std::vector<std::byte> const& found, std::vector<std::byte> const& expected) {
    for (std::size_t k = 0; k < found.size(); k += sizeof(double)) {
      double a, b;
      std::memcpy(&a, found.data() + k, sizeof a), std::memcpy(&b, expected.data() + k, sizeof b);
      if (!(std::abs(a - b) <= 0x1p-50 * std::abs(b)) && !(a != a && b != b))
        return static_cast<index_t>(k / sizeof a);
    }
    return -1;
  }
};

/// Equal shares, unequal ones, cuts between no tiles with a rank that has nothing, and all on the last rank.
inline std::vector<partition> splits_of(index_t n, int ranks) {
  std::vector<double> equal, unequal;
  std::vector<index_t> ragged{0}, last(static_cast<std::size_t>(ranks), 0);
  for (int r = 0; r < ranks; ++r) {
    equal.push_back(1);
    unequal.push_back(r * r + 1);
    ragged.push_back(r + 1 == ranks ? n : r == 1 ? ragged.back() : n * (r + 1) / (ranks + 2));
  }
  last.push_back(n);
  return {partition_by_weights(n, equal), partition_by_weights(n, unequal), partition_by_cuts(ragged),
          partition_by_cuts(last)};
}

/// A provider has `stream_type`, `streams()`, one for each rank of this process and none where the devices
/// are missing, and `devices()`, their team; large(n) is how many elements its largest arrays have where
/// others have n.
template <class Provider>
struct arrays : testing::Test {
  void SetUp() override {
    if (Provider::streams().empty()) GTEST_SKIP() << "no GPU on this machine";
  }

  /// check(team, cuts) → answer, which must not depend on either: it is model(n), and the same bits of each.
  template <class Check, class Model>
  void is_as(Model const& model, Check const& check, std::vector<index_t> const& sizes = usual) {
    for_all(
        check, [&](index_t n, int) { return model(n); }, sizes);
  }
  /// The same where the answer depends on how many ranks there are, though not on what each holds at first:
  /// model(n, ranks).
  template <class Check, class Model>
  void is_laid_out_as(Model const& model, Check const& check, std::vector<index_t> const& sizes = usual) {
    for_all(check, model, sizes);
  }

 private:
  using stream_type = typename Provider::stream_type;
  inline static std::vector<index_t> const usual{
      0, 1, 33, 1025, Provider::large(40007), Provider::large(300007)};

  template <class Check, class Model>
  void for_all(Check const& check, Model const& model, std::vector<index_t> const& sizes) {
    auto const devices = Provider::devices();
    for (index_t const n : sizes) {
      auto const expected = model(n, devices.ranks());
      std::vector<answer> found;
      for (partition const& cuts : splits_of(n, devices.ranks())) {
        found.push_back(check(devices, cuts));
        EXPECT_EQ(answer::difference(found.back(), expected), "") << told(cuts);
        EXPECT_EQ(answer::difference(found.back(), found.front()), "") << told(cuts);
      }
    }
  }

  static std::string told(partition const& cuts) {
    std::string text = "cuts";
    for (index_t const cut : cuts.cuts) text += ' ' + std::to_string(cut);
    return text;
  }
};

TYPED_TEST_SUITE(arrays, providers);

}  // namespace prorata::conformance
