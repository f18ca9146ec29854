// Elements converted as GPUs convert them, against the loads that the host uses: all types, both byte orders.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <host/dynamic/column_load.hpp>
#include <host/jobs/inputs.hpp>
#include <host/run/gpu/forms.hpp>
#include <host/run/gpu/words.hpp>
#include <random>

#include "../temporary_directory.hpp"

namespace {

using namespace prorata;
using namespace prorata::jobs;
using namespace prorata::dynamic;
using namespace prorata::host;
using io::dtype;

constexpr index_t n = 4099;

/// Random bytes, then every pattern of two bytes' worth of exponents: NaN, infinities and subnormals among
/// them.
std::vector<std::byte> random_bytes(index_t size) {
  std::mt19937_64 random(static_cast<unsigned>(size));
  std::vector<std::byte> bytes(static_cast<std::size_t>(n * size));
  for (auto& b : bytes) b = static_cast<std::byte>(random());
  for (std::size_t k = 0; k < 64; ++k) bytes[k] = std::byte{0};
  for (std::size_t k = 64; k < 128; ++k) bytes[k] = std::byte{0xff};
  return bytes;
}

template <class T>
bool same(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

/// f(in, stored) for random elements of every type and byte order: a file, and the same in memory.
template <class F>
void with_every_type(F const& f) {
  temporary_directory const folder;
  for (auto const& known : io::dtypes)
    for (char const order : {'<', '>'}) {
      auto const bytes = random_bytes(known.size);
      std::string const path = (folder.path() / "x.bin").string();
      std::ofstream(path, std::ios::binary)
          .write(reinterpret_cast<char const*>(bytes.data()), n * known.size);
      job_options o;
      auto const dtype = std::string(1, order) + known.code;
      o.raw_inputs = io::raw_layout{io::parse_dtype(dtype), {}};
      io::job_files files;
      input const in(files, path, o);
      stored_elements const stored{bytes.data(), in.array().type, in.array().swapped};
      SCOPED_TRACE(dtype);
      f(in, stored);
    }
}

/// All that a load gives, block by block.
template <class Load>
auto elements_of(Load const& load) {
  std::vector<typename Load::value_type> all;
  auto const room = std::make_unique<typename Load::room>();
  while (std::ssize(all) < n) {
    index_t const first = std::ssize(all);
    index_t last = n;
    auto const block = load.block(first, last, *room);
    for (index_t i = first; i < last; ++i) all.push_back(block(i));
  }
  return all;
}

template <class As>
void expect_the_host_loads() {
  with_every_type([](input const& in, stored_elements const& stored) {
    with_load<As>(in, [&]<class Load>(Load const& load) {
      using T = typename Load::value_type;
      auto const x = elements_of(load);
      for (index_t i = 0; i < n; ++i)
        ASSERT_TRUE(same(x[static_cast<std::size_t>(i)], element_as<T>(stored, i))) << "element " << i;
    });
  });
}

TEST(gpu_elements, are_those_of_the_host) {
  expect_the_host_loads<as_itself>();
  expect_the_host_loads<as_wide>();
  expect_the_host_loads<as_real>();
}

TEST(gpu_elements, of_64_bits_are_the_same_for_both_signs) {
  std::uint64_t const x[] = {0, 1, 0x8000000000000000, ~std::uint64_t{0}};
  for (index_t i = 0; i < 4; ++i)
    for (auto const type : {dtype::i64, dtype::u64})
      EXPECT_EQ(static_cast<std::uint64_t>(element_as<std::int64_t>({x, type, false}, i)), x[i]);
}

TEST(gpu_elements, are_reversed) {
  EXPECT_EQ(reversed(std::uint16_t{0x0102}), 0x0201);
  EXPECT_EQ(reversed(std::uint32_t{0x01020304}), 0x04030201u);
  EXPECT_EQ(reversed(std::uint64_t{0x0102030405060708}), 0x0807060504030201u);
}

TEST(gpu_elements, take_forms) {
  double const a[] = {3.0, 0.0, NAN}, b[] = {0.5, 7.0, 1.0};
  stored_elements const x{a, dtype::f64, false}, y{b, dtype::f64, false};
  EXPECT_EQ(gathered_product<double>({x, y})(0), 1.5);
  EXPECT_EQ(gathered_factors({x, y})(0).x, 3.0);
  EXPECT_EQ(gathered_factors({x, y})(0).y, 0.5);
  EXPECT_EQ(gathered_weight({x, y})(1).weight, 7.0);
  EXPECT_EQ(gathered_weight({x, y})(1).value, 0.0);
  EXPECT_EQ(gathered_nonzero({x})(1), 0);
  EXPECT_EQ(gathered_nonzero({x})(2), 1);
}

TEST(gpu_elements, make_the_words_of_the_host) {
  auto const edges = bin_edges::even({-3, 100, 7}, false);
  with_every_type([&](input const& in, stored_elements const& stored) {
    auto const expect = [&](gpu_word word, auto const& expected) {
      with_words(word, stored, edges.rule(), [&](auto const& load) {
        for (index_t i = 0; i < n; ++i) ASSERT_EQ(load(i), expected(i)) << "element " << i;
      });
    };
    with_load<as_itself>(in, [&](auto const& load) {
      auto const all = elements_of(load);
      auto const x = [&](index_t i) { return all[static_cast<std::size_t>(i)]; };
      expect(gpu_word::key, [&](index_t i) { return encoded_key(x(i)); });
      expect(gpu_word::value, [&](index_t i) { return encoded_value(x(i)); });
      expect(gpu_word::slot, [&](index_t i) { return encoded_key(edges.rule()(x(i))); });
    });
  });
}

TEST(gpu_elements, ready_ones_are_not_converted) {
  EXPECT_TRUE(is_ready(gpu_form::value, gpu_value::f64, dtype::f64, false));
  EXPECT_TRUE(is_ready(gpu_form::value, gpu_value::i64, dtype::u64, false));
  EXPECT_FALSE(is_ready(gpu_form::value, gpu_value::f64, dtype::f64, true));
  EXPECT_FALSE(is_ready(gpu_form::value, gpu_value::f64, dtype::f32, false));
  EXPECT_FALSE(is_ready(gpu_form::product, gpu_value::f64, dtype::f64, false));
}

}  // namespace
