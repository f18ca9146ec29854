// What jobs are asked, as texts, and what the dynamic floor makes of names and texts. Bins by rule are NumPy 2.4's.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <host/dynamic/element_text.hpp>
#include <host/dynamic/group_columns.hpp>
#include <host/dynamic/histogram.hpp>
#include <host/jobs/devices.hpp>
#include <host/jobs/notes.hpp>
#include <host/jobs/partitions.hpp>
#include <host/jobs/texts.hpp>
#include <host/pictures/amounts.hpp>
#include <limits>
#include <prorata/error.hpp>

namespace prorata::jobs {

namespace {

TEST(Texts, sizes_are_powers_of_1024) {
  for (auto const& [text, bytes] :
       std::initializer_list<std::pair<char const*, index_t>>{{"1", 1},
                                                              {"4096", 4096},
                                                              {"64k", 65536},
                                                              {"64KiB", 65536},
                                                              {"1.5g", 1610612736},
                                                              {"2TB", index_t{2} << 40}}) {
    EXPECT_EQ(parse_bytes(text, "--x").bytes, bytes) << text;
    EXPECT_EQ(parse_bytes(text, "--x").text, text);
  }
  for (char const* text : {"", "0", "-1", "k", "1kk", "1 k", "1e30", "nan", "9999999T", "1x"})
    EXPECT_THROW(parse_bytes(text, "--x"), usage_error) << text;
}

TEST(Texts, weights_are_numbers_or_a_word) {
  using kind = weight_choice::kind;
  EXPECT_EQ(parse_weights("equal").how, kind::equal);
  EXPECT_EQ(parse_weights("auto").how, kind::measured);
  auto const given = parse_weights("4,0.5,0");
  EXPECT_EQ(given.how, kind::given);
  EXPECT_EQ(given.given, (std::vector<double>{4, 0.5, 0}));
  for (char const* text : {"", "4,", ",4", "4;5", "Equal", "1,x"})
    EXPECT_THROW(parse_weights(text), usage_error) << text;
}

TEST(Texts, names_of_methods_and_kinds_read_back) {
  for (auto const m : {apportionment::hamilton, apportionment::webster, apportionment::dhondt})
    EXPECT_EQ(parse_method(name_of(m)), m);
  for (auto const s : {sharing::contiguous, sharing::cyclic, sharing::block_cyclic, sharing::hash,
                       sharing::range, sharing::lpt})
    EXPECT_EQ(parse_sharing(name_of(s)), s);
  EXPECT_THROW(parse_method("hare"), usage_error);
  EXPECT_THROW(parse_sharing("block"), usage_error);
  EXPECT_EQ(parse_index("7", "--x", 7), 7);
  EXPECT_THROW(parse_index("6", "--x", 7), usage_error);
  EXPECT_THROW(parse_index("9223372036854775808", "--x"), usage_error);
}

TEST(Texts, a_list_of_devices_says_what_they_are_and_become) {
  auto const list = parse_devices("cpu*2,sim:4~5%@2s=1@500000ms=fail,1*2");
  ASSERT_EQ(list.size(), 5U);
  EXPECT_EQ(names_of(list), (std::vector<std::string>{"cpu#0", "cpu#1", "sim:4~5%@2s=1@500000ms=fail",
                                                      "sim:1#0", "sim:1#1"}));
  EXPECT_EQ(list[2].speed, 4);
  EXPECT_EQ(list[2].jitter, 0.05);
  ASSERT_EQ(list[2].changes.size(), 2U);
  EXPECT_EQ(list[2].changes[0].seconds, 2);
  EXPECT_EQ(list[2].changes[0].speed, 1.0);
  EXPECT_EQ(list[2].changes[1].seconds, 500);
  EXPECT_FALSE(list[2].changes[1].speed);
  for (char const* text : {"cpu,", "cpu*0", "cpu*1025", "sim:", "sim:0", "sim:1@2=3", "sim:1@2s=1@1s=1",
                           "sim:4@1s=0", "tpu", "sim:1~100%", "sim:1,2000001"})
    EXPECT_THROW(parse_devices(text), usage_error) << text;
  EXPECT_THROW(parse_devices("gpu:0"), device_error);  // there is none in this test
}

TEST(Notes, are_kept_until_they_are_taken) {
  take_notes();
  note("one");
  note("two");
  EXPECT_EQ(take_notes(), (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(take_notes().empty());
}

TEST(Pictures, a_table_has_its_texts_to_the_right) {
  EXPECT_EQ(pictures::table({{"key", "1", "-20"}, {"n", "300", "4"}}),
            "   key    n\n     1  300\n   -20    4\n");
  EXPECT_EQ(pictures::table({}), "");
  EXPECT_EQ(pictures::bytes_text(1), "1 byte");
  EXPECT_EQ(pictures::bytes_text(1536), "1.50 KiB");
}

/// The element as T, if the text is one.
template <class T>
std::optional<T> read(char const* text) {
  auto const bytes = dynamic::element_in(text, io::dtype_of<T>);
  if (!bytes) return {};
  T x;
  std::memcpy(&x, bytes->data(), sizeof x);
  return x;
}

template <class T>
void expect_ends_of_integers() {
  auto const least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  EXPECT_EQ(read<T>(std::to_string(least).c_str()), least);
  EXPECT_EQ(read<T>(std::to_string(most).c_str()), most);
  EXPECT_FALSE(read<T>((std::to_string(most) + "0").c_str()));
  EXPECT_FALSE(read<T>("-99999999999999999999"));
  for (char const* text : {"", "1.5", "1 ", "x"}) EXPECT_FALSE(read<T>(text)) << text;
}

TEST(ElementText, an_element_is_what_its_type_has) {
  expect_ends_of_integers<std::int8_t>();
  expect_ends_of_integers<std::uint16_t>();
  expect_ends_of_integers<std::int64_t>();
  expect_ends_of_integers<std::uint64_t>();
  EXPECT_FALSE(read<std::uint8_t>("256"));
  EXPECT_FALSE(read<std::uint8_t>("-1"));
  EXPECT_EQ(read<double>("1e308"), 1e308);
  EXPECT_FALSE(read<float>("1e39"));
  EXPECT_EQ(read<float>("-inf"), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(to_float(*read<half>("65504")), 65504);
  EXPECT_FALSE(read<half>("65536"));
  EXPECT_TRUE(*read<boolean8>("1"));
  EXPECT_FALSE(read<boolean8>("2"));
  double absent = 0;
  std::memcpy(&absent, dynamic::absent_element(io::dtype::f64).data(), sizeof absent);
  EXPECT_TRUE(std::isnan(absent));
  EXPECT_EQ(dynamic::absent_element(io::dtype::i32), dynamic::stored_element{});
}

TEST(Histogram, bins_by_rule_are_those_of_numpy) {
  using dynamic::bin_count;
  auto const three = [](index_t n, double low, double high, double range, bool integers, bool floats) {
    std::vector<index_t> bins;
    for (auto const rule : {bin_count::sqrt, bin_count::sturges, bin_count::rice})
      bins.push_back(dynamic::bins_by_rule(rule, n, low, high, range, integers, floats));
    return bins;
  };
  using all = std::vector<index_t>;
  double const most = 999.0 / 7;  // of arange(1000) / 7
  EXPECT_EQ(three(1000, 0, most, most, false, false), (all{32, 11, 20}));
  EXPECT_EQ(three(1000, 0, most, 200, false, false), (all{45, 16, 29}));
  float const third = 776.0f / 3;  // of arange(777) / 3, as float32
  EXPECT_EQ(three(777, 0, third, third, false, true), (all{28, 11, 19}));
  EXPECT_EQ(three(8, 1, 8, 7, false, false), (all{3, 4, 4}));
  EXPECT_EQ(three(5, 1, 1, 0, false, false), (all{1, 1, 1}));
  EXPECT_EQ(three(1000, 0, 4, 4, true, false), (all{4, 4, 4}));         // arange(1000) % 5
  EXPECT_EQ(three(1000, 0, 299, 299, true, false), (all{32, 11, 20}));  // arange(1000) % 300
  EXPECT_EQ(three(0, 0, 0, 10, false, false), (all{1, 1, 1}));
  EXPECT_THROW(three(1000, 1, std::nextafter(1, 2), 1e10, false, false), usage_error);
}

TEST(GroupColumns, names_say_what_is_added_up) {
  auto const columns = dynamic::columns_named("count,std,max");
  ASSERT_EQ(columns.size(), 4U);
  EXPECT_STREQ(columns[0].name, "key");
  EXPECT_TRUE(columns[2].root);
  EXPECT_FALSE(columns[1].needs_values());
  EXPECT_EQ(dynamic::wants_of(columns).moments, 2);
  EXPECT_TRUE(dynamic::wants_of(columns).extremes);
  EXPECT_EQ(dynamic::wants_of(dynamic::columns_named("sum")).moments, 1);
  EXPECT_EQ(dynamic::wants_of(dynamic::columns_named("count")).moments, 0);
  auto const type = [](char const* name, addend kind) {
    return dynamic::type_of(dynamic::columns_named(name).back(), io::dtype::i8, io::dtype::f32, kind);
  };
  EXPECT_EQ(type("sum", addend::real), io::dtype::f64);
  EXPECT_EQ(type("sum", addend::signed_integer), io::dtype::i64);
  EXPECT_EQ(type("sum", addend::unsigned_integer), io::dtype::u64);
  EXPECT_EQ(type("min", addend::real), io::dtype::f32);
  EXPECT_EQ(type("count", addend::real), io::dtype::i64);
  for (char const* list : {"", "sum,", "key", "median"})
    EXPECT_THROW(dynamic::columns_named(list), usage_error) << list;
}

}  // namespace
}  // namespace prorata::jobs
