// Expressions: grammar, types, and values against C++.
#include <limits>
#include <prorata/error.hpp>
#include <tests/expression_columns.hpp>
#include <tests/sanitizers.hpp>

namespace {

using namespace prorata;
using namespace prorata::expression;
using namespace prorata::expression::tests;

constexpr double inf = std::numeric_limits<double>::infinity();
double const nan_value = std::numeric_limits<double>::quiet_NaN();

TEST(expression, agrees_with_a_hand_written_loop_at_every_size) {
  for (std::size_t const n : {0, 1, 31, 32, 33, 1023, 1024, 1025, 2048, 100'003}) {
    auto const x = reals(n, 1), y = reals(n, 2);
    auto const got = evaluate<float>("sqrt(x*x + y*y) - 0.5*x/y + 3", {make_column(x), make_column(y)});
    ASSERT_EQ(got.size(), n);
    for (std::size_t i = 0; i < n; ++i) {
      float const expected = std::sqrt(x[i] * x[i] + y[i] * y[i]) - 0.5f * x[i] / y[i] + 3;
      ASSERT_TRUE(std::isnan(expected) ? std::bit_cast<std::uint32_t>(got[i]) == 0x7fc00000u
                                       : same_bits(got[i], expected))
          << i;
    }
  }
}

TEST(expression, precedence_and_associativity) {
  std::pair<char const*, double> const reals[] = {{"1.0 + 2 * 3", 7},
                                                  {"(1.0 + 2) * 3", 9},
                                                  {"2.0 - 3 - 4", -5},
                                                  {"16.0 / 4 / 2", 2},
                                                  {"-2.0 ** 2", -4},
                                                  {"(-2.0) ** 2", 4},
                                                  {"2.0 ** 3 ** 2", 512},
                                                  {"2.0 ** -1", 0.5},
                                                  {"2.0 ** -2 ** 2", 0.0625},
                                                  {"--2.0", 2},
                                                  {"+-+2.0", -2},
                                                  {"7.0 % 3", 1},
                                                  {"-7.0 % 3", -1},
                                                  {"(-7.0) % 3", 2},
                                                  {"7.0 % -3", -2},
                                                  {"2 * 7.0 % 4", 2},
                                                  {"1 ? 2.0 : 3", 2},
                                                  {"0 ? 2.0 : 1 ? 3 : 4", 3},
                                                  {"1 < 2 ? 1.5 : 2", 1.5},
                                                  {".5e1", 5},
                                                  {"1.e1", 10},
                                                  {"1e+2", 100},
                                                  {"1E-2", 0.01},
                                                  {"1/2", 0.5},
                                                  {"pi", 3.141592653589793},
                                                  {"e", 2.718281828459045},
                                                  {"min(3, 1.0, 2)", 1},
                                                  {"max(3.0, 1, 2)", 3},
                                                  {"clamp(5.0, 0, 3)", 3},
                                                  {"fma(2.0, 3, 4)", 10},
                                                  {"pow(2.0, 10)", 1024},
                                                  {"hypot(3, 4)", 5},
                                                  {"where(1 > 2, 1.0, 2)", 2},
                                                  {"round(2.5)", 2},
                                                  {"round(3.5)", 4},
                                                  {"floor(-1.5)", -2},
                                                  {"ceil(-1.5)", -1},
                                                  {"trunc(-1.5)", -1},
                                                  {"sign(-3.0)", -1},
                                                  {"abs(-3.5)", 3.5},
                                                  {"sqrt(2)", std::sqrt(2.0)},
                                                  {"atan2(1, -1)", std::atan2(1.0, -1.0)},
                                                  {"cbrt(1)", 1}};
  for (auto const& [text, value] : reals) {
    // (-7.0) % 3 has the divisor's sign; unary minus binds tighter than %, so does -7.0 % 3.
    double const expected = std::string(text) == "-7.0 % 3" ? 2 : value;
    EXPECT_EQ(constant<double>(text), expected) << text;
  }
  std::pair<char const*, std::int64_t> const integers[] = {{"1 + 2 * 3", 7},
                                                           {"2 ** 10", 1024},
                                                           {"7 % 3", 1},
                                                           {"-7 % 3", 2},
                                                           {"7 % -3", -2},
                                                           {"5 % 0", 0},
                                                           {"-9223372036854775808", INT64_MIN},
                                                           {"9223372036854775807", INT64_MAX},
                                                           {"abs(-3)", 3},
                                                           {"true + true", 2},
                                                           {"floor(7)", 7},
                                                           {"min(3, 2)", 2},
                                                           {"sign(-5)", -1},
                                                           {"fma(2, 3, 4)", 10},
                                                           {"-true", -1}};
  for (auto const& [text, value] : integers) EXPECT_EQ(constant<std::int64_t>(text), value) << text;
  std::pair<char const*, bool> const truths[] = {
      {"1 < 2", true},        {"1 < 2 < 3", true},       {"1 < 3 < 2", false},
      {"2 < 1 < 3", false},   {"3 > 2 >= 2 != 1", true}, {"not 1 < 2", false},
      {"!1 == 0", true},      {"not 0 and 0", false},    {"not (0 and 0)", true},
      {"1 or 0 and 0", true}, {"1 || 0 && 0", true},     {"not not 2", true},
      {"1 == 1.0", true},     {"isnan(nan)", true},      {"isnan(1)", false},
      {"isinf(-inf)", true},  {"isfinite(inf)", false},  {"isfinite(3)", true},
      {"nan != nan", true},   {"1 + 1 == 2", true},      {"True and not False", true}};
  for (auto const& [text, value] : truths) EXPECT_EQ(constant<boolean8>(text).byte, value ? 1 : 0) << text;
}

TEST(expression, promotion_table) {
  std::map<char, dtype> const stored{{'b', dtype::boolean}, {'i', dtype::i64}, {'s', dtype::i16},
                                     {'u', dtype::u64},     {'h', dtype::f16}, {'f', dtype::f32},
                                     {'d', dtype::f64}};
  std::map<char, dtype> const result{
      {'b', dtype::boolean}, {'i', dtype::i64}, {'u', dtype::u64}, {'f', dtype::f32}, {'d', dtype::f64}};
  // x's type, y's type, the expression, the result's type
  for (std::string const row : {"bb x+y i",
                                "bi x+y i",
                                "bu x+y u",
                                "bf x*y f",
                                "bd x*y d",
                                "ii x+y i",
                                "iu x+y d",
                                "if x+y d",
                                "id x+y d",
                                "uu x+y u",
                                "uf x+y d",
                                "ff x+y f",
                                "fd x+y d",
                                "ss x+y i",
                                "sh x+y d",
                                "hh x+y f",
                                "hf x+y f",
                                "ii x/y d",
                                "bb x/y d",
                                "ff x/y f",
                                "ff x<y b",
                                "bb x&&y b",
                                "bb x==y b",
                                "ff x*2 f",
                                "ff x*2.5 f",
                                "ff 2*pi*x f",
                                "ff x/3 f",
                                "ii x*2 i",
                                "ii x*2.5 d",
                                "uu x+1 u",
                                "uu x-1 u",
                                "uu x+-1 d",
                                "bb x+1 i",
                                "bb x*1.5 d",
                                "ff sqrt(x) f",
                                "ii sqrt(x) d",
                                "ss floor(x) i",
                                "bb floor(x) i",
                                "ff x**2 f",
                                "ii x**2 i",
                                "ii x**y d",
                                "ii x**-1 d",
                                "ff x**y f",
                                "fi x**2.5 f",
                                "ff x>0?1:0 i",
                                "ff x>0?x:0 f",
                                "fd x>0?x:y d",
                                "bi x?x:y i",
                                "bb min(x,y) i",
                                "ff isnan(x) b",
                                "uu -x u",
                                "uu abs(x) u",
                                "ii x<1.5 b",
                                "ff exp(1)*x f",
                                "hh x h",
                                "bb x b",
                                "bb where(x,1,2) i",
                                "bb where(x,1,2.5) d",
                                "ff 18446744073709551615+x f",
                                "ii 18446744073709551615+x d"}) {
    std::istringstream words(row);
    std::string types, text, expected;
    words >> types >> text >> expected;
    if (expected == "h") expected = "f";
    tree const t = parse(text, {{stored.at(types[0])}, {stored.at(types[1])}});
    EXPECT_STREQ(io::name_of(t.result_dtype()), io::name_of(result.at(expected[0]))) << row;
  }
}

TEST(expression, minimum_and_maximum_follow_ieee_2019) {
  double const values[] = {-inf, -1, -0.0, 0.0, 1, inf, nan_value};
  std::vector<double> x, y;
  for (double const a : values)
    for (double const b : values) x.push_back(a), y.push_back(b);
  auto const low = evaluate<double>("min(x, y)", {make_column(x), make_column(y)});
  auto const high = evaluate<double>("max(x, y)", {make_column(x), make_column(y)});
  for (std::size_t i = 0; i < x.size(); ++i) {
    bool const nan = std::isnan(x[i]) || std::isnan(y[i]);
    bool const x_first = x[i] < y[i] || (x[i] == y[i] && std::signbit(x[i]));
    EXPECT_TRUE(nan ? std::bit_cast<std::uint64_t>(low[i]) == 0x7ff8000000000000u
                    : same_bits(low[i], x_first ? x[i] : y[i]))
        << x[i] << ' ' << y[i];
    EXPECT_TRUE(nan ? std::bit_cast<std::uint64_t>(high[i]) == 0x7ff8000000000000u
                    : same_bits(high[i], x_first ? y[i] : x[i]))
        << x[i] << ' ' << y[i];
  }
}

TEST(expression, zeros_and_nan_keep_the_signs_that_numpy_gives_them) {
  std::vector<double> const x{6, -6, 0.0, -0.0, nan_value}, y{-3, 3, -2, 2, 1};
  std::vector const in{make_column(x), make_column(y)};
  auto const rest = evaluate<double>("x % y", in);
  bool const negative[] = {true, false, true, false};  // of the divisor
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rest[i], 0) << i;
    EXPECT_EQ(std::signbit(rest[i]), negative[i]) << i;
  }
  auto const size = evaluate<double>("abs(x)", in), sign = evaluate<double>("sign(x)", in);
  EXPECT_FALSE(std::signbit(size[3]));
  EXPECT_EQ(sign[0], 1);
  EXPECT_EQ(sign[1], -1);
  EXPECT_EQ(sign[3], 0);
  EXPECT_TRUE(std::isnan(sign[4]));
}

TEST(expression, reads_every_dtype_in_either_byte_order_at_any_alignment) {
  for (auto const& known : io::dtypes)
    for (bool const swapped : {false, true})
      for (std::size_t const shift : {0, 1, 3})
        io::visit(known.type, [&](auto tag) {
          using T = typename decltype(tag)::type;
          std::vector<std::byte> bytes(shift + 1500 * sizeof(T));
          std::vector<double> expected;
          for (int i = 0; i < 1500; ++i) {
            int const value =
                (i * 37) % 251 - (known.type >= dtype::i8 && known.type <= dtype::i64 ? 125 : 0);
            T stored;
            if constexpr (std::is_same_v<T, half>)
              stored = to_half(static_cast<float>(value));
            else if constexpr (std::is_same_v<T, boolean8>)
              stored = boolean8{static_cast<unsigned char>(value)};
            else
              stored = static_cast<T>(value);
            if (swapped) io::swap_bytes(reinterpret_cast<std::byte*>(&stored), 1, sizeof stored);
            std::memcpy(bytes.data() + shift + static_cast<std::size_t>(i) * sizeof(T), &stored,
                        sizeof stored);
            expected.push_back(known.type == dtype::boolean ? value != 0 : value);
          }
          program const p(parse("x", {{known.type, swapped}}), dtype::f64);
          program::workspace space(p);
          std::vector<double> got(1500);
          void const* const input = bytes.data() + shift;
          p.run({&input, 1}, got.data(), 1500, space);
          EXPECT_EQ(got, expected) << known.name << swapped << shift;
        });
}

TEST(expression, stores_saturating_and_towards_zero) {
  std::vector<double> const x{0.9,
                              -0.9,
                              1.5,
                              -1.5,
                              127.5,
                              128,
                              -128.9,
                              -129,
                              255.9,
                              256,
                              1e300,
                              -1e300,
                              inf,
                              -inf,
                              nan_value,
                              9223372036854775807.0,
                              1.8446744073709552e19};
  auto const in = std::vector{make_column(x)};
  EXPECT_EQ(evaluate<std::int8_t>("x", in, dtype::i8),
            (std::vector<std::int8_t>{0, 0, 1, -1, 127, 127, -128, -128, 127, 127, 127, -128, 127, -128, 0,
                                      127, 127}));
  EXPECT_EQ(evaluate<std::uint8_t>("x", in, dtype::u8),
            (std::vector<std::uint8_t>{0, 0, 1, 0, 127, 128, 0, 0, 255, 255, 255, 0, 255, 0, 0, 255, 255}));
  auto const wide = evaluate<std::int64_t>("x", in, dtype::i64);
  EXPECT_EQ(wide[10], INT64_MAX);
  EXPECT_EQ(wide[11], INT64_MIN);
  EXPECT_EQ(wide[14], 0);
  EXPECT_EQ(wide[15], INT64_MAX);
  auto const unsigned_wide = evaluate<std::uint64_t>("x", in, dtype::u64);
  EXPECT_EQ(unsigned_wide[15], 1ull << 63);
  EXPECT_EQ(unsigned_wide[16], UINT64_MAX);
  auto const truth = evaluate<boolean8>("x", in, dtype::boolean);
  EXPECT_EQ(truth[0].byte, 1);
  EXPECT_EQ(truth[14].byte, 1);
  auto const single = evaluate<float>("x", in, dtype::f32);
  EXPECT_EQ(single[10], INFINITY);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(single[14]), 0x7fc00000u);
  EXPECT_EQ(evaluate<half>("x", in, dtype::f16)[14].bits, 0x7e00);
  EXPECT_EQ(evaluate<half>("x", in, dtype::f16)[5].bits, to_half(128.0f).bits);

  std::vector<std::int64_t> const whole{-129, -128, 127, 128, -1, 256, INT64_MIN, INT64_MAX};
  auto const integers = std::vector{make_column(whole)};
  EXPECT_EQ(evaluate<std::int8_t>("x", integers, dtype::i8),
            (std::vector<std::int8_t>{-128, -128, 127, 127, -1, 127, -128, 127}));
  EXPECT_EQ(evaluate<std::uint8_t>("x", integers, dtype::u8),
            (std::vector<std::uint8_t>{0, 0, 127, 128, 0, 255, 0, 255}));
  EXPECT_EQ(evaluate<std::uint64_t>("x", integers, dtype::u64)[7], static_cast<std::uint64_t>(INT64_MAX));
  EXPECT_EQ(evaluate<half>("x", integers, dtype::f16)[7].bits, 0x7c00);
  EXPECT_EQ(evaluate<std::int32_t>("x > 0", integers, dtype::i32)[2], 1);
  std::vector<std::uint64_t> const natural{0, 127, 128, UINT64_MAX};
  EXPECT_EQ(evaluate<std::int8_t>("x", {make_column(natural)}, dtype::i8),
            (std::vector<std::int8_t>{0, 127, 127, 127}));
  EXPECT_EQ(evaluate<std::int64_t>("x", {make_column(natural)}, dtype::i64)[3], INT64_MAX);
}

TEST(expression, integers_wrap_and_never_trap) {
  std::vector<std::int64_t> const x{INT64_MIN, INT64_MAX, -7, 7, 5}, y{-1, 1, 3, -3, 0};
  std::vector const in{make_column(x), make_column(y)};
  EXPECT_EQ(evaluate<std::int64_t>("x % y", in), (std::vector<std::int64_t>{0, 0, 2, -2, 0}));
  EXPECT_EQ(evaluate<std::int64_t>("x + y", in), (std::vector<std::int64_t>{INT64_MAX, INT64_MIN, -4, 4, 5}));
  EXPECT_EQ(evaluate<std::int64_t>("-x", in)[0], INT64_MIN);
  EXPECT_EQ(evaluate<std::int64_t>("abs(x)", in)[0], INT64_MIN);
  EXPECT_EQ(evaluate<std::int64_t>("x ** 2", in), (std::vector<std::int64_t>{0, 1, 49, 49, 25}));
  EXPECT_EQ(evaluate<std::int64_t>("x ** 3", in)[2], -343);
  std::vector<std::uint64_t> const u{0, 5, UINT64_MAX};
  EXPECT_EQ(evaluate<std::uint64_t>("x - 1", {make_column(u)}),
            (std::vector<std::uint64_t>{UINT64_MAX, 4, UINT64_MAX - 1}));
  EXPECT_EQ(evaluate<std::uint64_t>("x % 18446744073709551615", {make_column(u)}),
            (std::vector<std::uint64_t>{0, 5, 0}));
}

TEST(expression, repeated_work_is_shared_and_literals_are_folded) {
  std::vector<io::element_type> const in{{dtype::f32}, {dtype::f32}};
  EXPECT_EQ(parse("(x+y)*(x+y) + (x+y)", in).nodes.size(), 5u);
  EXPECT_EQ(parse("2*3*x", in).nodes.size(), parse("6*x", in).nodes.size() + 2);
  EXPECT_EQ(parse("x**2", in).nodes.size(), parse("x*x", in).nodes.size() + 1);
  EXPECT_TRUE(parse("x", in).uses_input(0));
  EXPECT_FALSE(parse("x", in).uses_input(1));
}

TEST(expression, variables_are_inputs_in_order) {
  std::vector<column> inputs;
  for (int i = 0; i < 16; ++i) inputs.push_back(make_column(std::vector<double>{static_cast<double>(i)}));
  std::pair<char const*, double> const names[] = {{"x", 0},  {"y", 1},  {"z", 2},    {"w", 3},
                                                  {"x0", 0}, {"x9", 9}, {"x10", 10}, {"x15", 15}};
  for (auto const& [name, value] : names) EXPECT_EQ(evaluate<double>(name, inputs)[0], value) << name;
}

std::string refusal(std::string const& text, std::size_t inputs = 2) {
  try {
    parse(text, std::vector<io::element_type>(inputs, {dtype::f32}));
  } catch (usage_error const& error) { return error.what(); }
  return "(accepted)";
}

TEST(expression, errors_name_the_column_and_the_reason) {
  std::pair<std::string, char const*> const cases[] = {
      {"", "column 1: nothing to compute"},
      {"  ", "column 3: nothing to compute"},
      {"x +", "column 4: expected a number, a variable or a function, but the expression ends here"},
      {"x + sqr(y)", "column 5: unknown function 'sqr' (did you mean 'sqrt'?)"},
      {"ocs(x)", "column 1: unknown function 'ocs' (did you mean 'cos'?)"},
      {"system(x)", "column 1: unknown function 'system'"},
      {"x y", "column 3: expected an operator, found 'y'"},
      {"2x", "column 2: unexpected 'x' in a number; a product is written 2*x"},
      {"1.2.3", "column 4: unexpected '.' in a number"},
      {"1_000", "column 2: unexpected '_' in a number"},
      {"0x10", "column 2: unexpected 'x' in a number"},
      {"(x", "column 3: expected ')' to close a parenthesis, but the expression ends here"},
      {"x)", "column 2: expected an operator, found ')'"},
      {"sqrt", "column 5: expected '(' after the function 'sqrt'"},
      {"sqrt()", "column 1: sqrt takes 1 argument"},
      {"sqrt(x, y)", "column 1: sqrt takes 1 argument"},
      {"min(x)", "column 1: min takes 2 to 16 arguments"},
      {"atan2(x)", "column 1: atan2 takes 2 arguments"},
      {"where(x, y)", "column 1: where takes 3 arguments"},
      {"max(x,)", "column 7: expected a number"},
      {"z", "column 1: 'z' is input 3, but there are 2 inputs"},
      {"x7", "column 1: 'x7' is input 8, but there are 2 inputs"},
      {"x16", "column 1: unknown name 'x16'"},
      {"x00", "column 1: unknown name 'x00'"},
      {"x01", "column 1: unknown name 'x01'"},
      {"foo", "column 1: unknown name 'foo'"},
      {"x = 1", "column 3: '=' assigns nothing here; compare with '=='"},
      {"x ^ 2", "column 3: '^' is not an operator; a power is written '**'"},
      {"x & y", "column 3: bit operators are not supported"},
      {"x if y else 0", "column 3: write a choice as c ? a : b"},
      {"x ? y", "column 6: expected ':' after the first value of a choice"},
      {"-not x", "column 2: 'not' here needs parentheses"},
      {"99999999999999999999", "column 1: the integer does not fit 64 bits"},
      {"2 ** 64", "column 3: an integer constant does not fit 64 bits"},
      {"9223372036854775807 + 1", "column 21: an integer constant does not fit 64 bits"},
      {"1e999", "column 1: the number is beyond the range of double"},
      {"x // 2", "column 4: expected a number"},
      {"and", "column 1: expected a value, found 'and'"},
      {std::string("x\0y", 3), "column 2: expected an operator, found '\\x00'"},
      {"x\x1b[31m", "column 2: expected an operator, found '\\x1b'"},
      {"\xcf\x80", "column 1: expected a number"}};
  for (auto const& [text, reason] : cases) {
    std::string const message = refusal(text);
    EXPECT_TRUE(message.starts_with(std::string("expression: ") + reason))
        << "'" << text << "' → " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  EXPECT_TRUE(refusal("y", 1).find("there is 1 input") != std::string::npos);
}

TEST(expression, code_is_not_an_expression) {
  for (char const* text : {"#include \"/etc/passwd\"",
                           "x; system(\"x\")",
                           "asm(\"trap;\")",
                           "x{}",
                           "x[0]",
                           "\"x\"",
                           "'x'",
                           "x\\",
                           "__import__('os')",
                           "[](){}()",
                           "x, y",
                           "/* */ x",
                           "x // comment",
                           "$(x)",
                           "`x`",
                           "@x",
                           "x->y",
                           "x.real",
                           "a::b(x)",
                           "*x",
                           "&x",
                           "float(x)",
                           "x ? : y",
                           "\xef\xbd\x98"})
    EXPECT_NE(refusal(text), "(accepted)") << text;
}

TEST(expression, limits_hold) {
  auto const repeat = [](std::string const& part, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += part;
    return text;
  };
  EXPECT_EQ(refusal(repeat("(", 190) + "x" + repeat(")", 190)), "(accepted)");
  for (char const* part : {"(", "-", "!", "not ", "x ? x : ", "x ? ", "2**", "sqrt(", "min(x,", "(-", "+"})
    EXPECT_NE(refusal(repeat(part, 64000 / static_cast<int>(std::strlen(part))) + "x")
                  .find("nested more than 200 levels"),
              std::string::npos)
        << part;
  EXPECT_NE(refusal(std::string(65537, ' ')).find("longer than 65536"), std::string::npos);
  std::string many = "x";
  for (int i = 0; i < 10'001; ++i) many.append("+").append(std::to_string(i));
  EXPECT_NE(refusal(many).find("more than 10000 operations"), std::string::npos);
  std::string const long_sum = "x" + repeat("+y", 9'900);  // a deep tree, but no deep nesting
  auto const got =
      evaluate<float>(long_sum, {make_column(std::vector<float>{1}), make_column(std::vector<float>{2})});
  EXPECT_EQ(got[0], 19'801.0f);
}

TEST(expression, written_powers_are_exact_where_they_can_be) {
  std::vector<double> const x{2, 0.1, -INFINITY, 1e200};
  auto const in = std::vector{make_column(x)};
  auto const square = evaluate<double>("x**2", in), root = evaluate<double>("x**0.5", in);
  auto const inverse = evaluate<double>("x**-1", in), fourth_root = evaluate<double>("x**0.25", in);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(square[i], x[i] * x[i]);
    EXPECT_EQ(inverse[i], 1 / x[i]);
    EXPECT_EQ(fourth_root[i], std::pow(x[i], 0.25));
    if (i != 2) { EXPECT_EQ(root[i], std::sqrt(x[i])); }
  }
  EXPECT_TRUE(std::isnan(root[2]));  // as sqrt has it; pow would say inf
  for (char const* power : {"1.5", "-0.5", "3", "-2", "0"}) {
    auto const got = evaluate<double>("x**" + std::string(power), in);
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(got[i], std::pow(x[i], std::stod(power))) << power;
  }
}

/// A random sum of products of x, y, numbers, and what was made before: its text, and its values.
struct random_formula {
  std::string text;
  std::vector<double> values;
};

TEST(expression, random_formulas_agree_with_their_own_values) {
  std::size_t const n = 5;
  std::vector<double> const x{1.5, -2, 0.25, 3, -0.5}, y{0.5, 4, -1, 2, -3};
  std::mt19937 random(7);
  for (int round = 0; round < prorata::tests::rounds(300); ++round) {
    std::vector<random_formula> made{{"x", x}, {"y", y}};
    for (int step = 0; step < 12; ++step) {
      // one of the last few, so that most of what is made stays alive and some of it is used again and again
      auto const one = [&]() -> random_formula {
        if (random() % 5 == 0) return {"3.5", std::vector<double>(n, 3.5)};
        return made[made.size() - 1 - random() % std::min<std::size_t>(made.size(), 4)];
      };
      auto const a = one(), b = one();
      char const sign = "+-*"[random() % 3];
      random_formula next{"(" + a.text + sign + b.text + ")", {}};
      if (next.text.size() > 40'000) break;
      for (std::size_t i = 0; i < n; ++i)
        next.values.push_back(sign == '+'   ? a.values[i] + b.values[i]
                              : sign == '-' ? a.values[i] - b.values[i]
                                            : a.values[i] * b.values[i]);
      made.push_back(next);
    }
    // + 0 * x: an array also where all of it is constant
    auto const got = evaluate<double>(made.back().text + " + 0 * x", {make_column(x), make_column(y)});
    for (std::size_t i = 0; i < n; ++i) {
      double const expected = made.back().values[i] + 0 * x[i];
      ASSERT_TRUE(std::isnan(expected) ? std::isnan(got[i]) : same_bits(got[i], expected))
          << made.back().text << " at " << i;
    }
  }
}

TEST(expression, many_values_alive_at_once) {
  // x*1 + (x*2 + (x*3 + …)) keeps each product until the end.
  std::string text;
  for (int i = 1; i <= 150; ++i) text.append("x*").append(std::to_string(i)).append(".0 + (");
  text += "0.0" + std::string(150, ')');
  auto const got = evaluate<double>(text, {make_column(std::vector<double>{1, 2, -1})});
  EXPECT_EQ(got, (std::vector<double>{11325, 22650, -11325}));
}

}  // namespace
