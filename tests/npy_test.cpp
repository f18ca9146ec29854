// Headers good and bad, dtypes, raw layouts; files written are the ones NumPy writes.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <host/io/job_files.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <host/io/raw.hpp>
#include <prorata/error.hpp>
#include <sstream>

#include "bad_input/npy_cases.hpp"
#include "numpy_interpreter.hpp"
#include "temporary_directory.hpp"

namespace {

using namespace prorata;
using namespace prorata::io;
using prorata::bad_input::npy_case;

array_file parse(std::string const& contents) {
  auto const bytes = std::as_bytes(std::span(contents));
  return parse_npy(bytes.first(std::min<std::size_t>(bytes.size(), npy_head_bytes)),
                   static_cast<index_t>(contents.size()), "a.npy");
}

template <class Error, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (Error const& error) { return error.what(); }
  return "(nothing was thrown)";
}

class npy_file : public testing::TestWithParam<npy_case> {};

TEST_P(npy_file, loads_or_says_why_not) {
  npy_case const& one = GetParam();
  if (one.reason.empty()) {
    array_file file;
    ASSERT_NO_THROW(file = parse(one.contents));
    EXPECT_EQ(file.data_bytes, file.count * size_of(file.type));
    EXPECT_EQ(file.data_offset + file.data_bytes + file.trailing_bytes,
              static_cast<index_t>(one.contents.size()));
    return;
  }
  std::string const message = message_of<input_error>([&] { parse(one.contents); });
  EXPECT_NE(message.find(one.reason), std::string::npos) << message;
  EXPECT_TRUE(message.starts_with("a.npy: ")) << message;
  EXPECT_NE(message.find("byte"), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_LT(message.size(), 300u);
}

INSTANTIATE_TEST_SUITE_P(bad_input, npy_file, testing::ValuesIn(prorata::bad_input::npy_cases()),
                         [](auto const& info) { return info.param.name; });

TEST(npy, every_prefix_of_a_file_is_refused) {
  std::string const whole = prorata::bad_input::npy(prorata::bad_input::with_shape("(3,)"), 24);
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_THROW(parse(whole.substr(0, n)), input_error) << n;
  EXPECT_EQ(parse(whole).count, 3);
}

TEST(npy, reads_what_the_header_says) {
  using namespace prorata::bad_input;
  array_file const f = parse(bad_input::npy(dictionary("'>i2'", "True", "(2, 3, 4)"), 50));
  EXPECT_EQ(f.type, dtype::i16);
  EXPECT_TRUE(f.swapped);
  EXPECT_TRUE(f.fortran_order);
  EXPECT_EQ(f.shape, (std::vector<index_t>{2, 3, 4}));
  EXPECT_EQ(f.count, 24);
  EXPECT_EQ(f.data_bytes, 48);
  EXPECT_EQ(f.trailing_bytes, 2);
  EXPECT_FALSE(parse(bad_input::npy(with_descr("'>b1'"), 3)).swapped);
  EXPECT_FALSE(parse(bad_input::npy(with_descr("'<f8'"), 24)).swapped);
  EXPECT_EQ(parse(bad_input::npy(with_shape("()"), 8)).count, 1);
  EXPECT_EQ(parse(bad_input::npy(with_shape("(0, 9223372036854775807)"))).count, 0);
  EXPECT_EQ(parse(bad_input::npy(with_descr("'|?'"), 3)).type, dtype::boolean);
}

TEST(npy, offsets_in_messages_point_into_the_file) {
  std::string const contents = prorata::bad_input::npy(prorata::bad_input::with_shape("(1, -7)"), 40);
  std::string const message = message_of<input_error>([&] { parse(contents); });
  EXPECT_NE(message.find("at byte " + std::to_string(contents.find("-7")) + ":"), std::string::npos)
      << message;
}

TEST(npy, a_size_lie_costs_no_memory) {
  std::string head = prorata::bad_input::npy(prorata::bad_input::with_shape("(1099511627776,)"));
  array_file const file = parse_npy(std::as_bytes(std::span(head)),
                                    static_cast<index_t>(head.size()) + (1LL << 43), "sparse.npy");
  EXPECT_EQ(file.data_bytes, 1LL << 43);
}

TEST(npy, written_headers_are_read_back) {
  for (auto const& known : dtypes)
    for (bool const swapped : {false, true})
      for (std::vector<index_t> const& shape : std::vector<std::vector<index_t>>{
               {}, {0}, {7}, {1000000007}, {3, 4}, {0, 5, 6}, std::vector<index_t>(64, 1)}) {
        std::string const header = npy_header(known.type, shape, shape.size() > 1, swapped);
        EXPECT_EQ(header.size() % 64, 0u);
        EXPECT_EQ(header.back(), '\n');
        auto const file =
            parse_npy(std::as_bytes(std::span(header)),
                      static_cast<index_t>(header.size()) + count_of(shape) * known.size, "a.npy");
        EXPECT_EQ(file.type, known.type);
        EXPECT_EQ(file.swapped, swapped && known.size > 1);
        EXPECT_EQ(file.shape, shape);
        EXPECT_EQ(file.fortran_order, shape.size() > 1);
        EXPECT_EQ(file.trailing_bytes, 0);
      }
}

TEST(npy, agrees_with_numpy_both_ways) {
  std::string const python = prorata::tests::numpy_interpreter();
  temporary_directory const dir;
  std::ofstream(dir / "make.py") << R"(
import sys, numpy as np
out = open(sys.argv[1] + '/list', 'w')
n = 0
for code in 'b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8'.split():
    for order in '<>':
        for shape in [(), (0,), (5,), (3, 4), (2, 3, 4), (0, 7), (123456,)]:
            for fortran in (False, True):
                for version in ((1, 0), (2, 0), (3, 0)):
                    a = np.zeros(shape, np.dtype(order + code), order='F' if fortran else 'C')
                    name = '%s/%d.npy' % (sys.argv[1], n)
                    n += 1
                    with open(name, 'wb') as f: np.lib.format.write_array(f, a, version)
                    is_f = a.flags.f_contiguous and not a.flags.c_contiguous
                    print(name, a.dtype.name, int(a.dtype.byteorder == '>'), int(is_f), a.size, version[0], len(shape), *shape, file=out)
)";
  ASSERT_EQ(std::system((python + " " + (dir / "make.py").string() + " " + dir.path().string()).c_str()), 0);
  std::ifstream list(dir / "list");
  std::string line;
  int checked = 0;
  while (std::getline(list, line)) {
    std::istringstream words(line);
    std::string path, name;
    int swapped, fortran, version;
    index_t count;
    std::size_t rank;
    words >> path >> name >> swapped >> fortran >> count >> version >> rank;
    std::vector<index_t> shape(rank);
    for (auto& extent : shape) words >> extent;
    input_file const input = job_files().read(path);
    array_file const file = read_npy(input);
    EXPECT_STREQ(name_of(file.type), name.c_str()) << line;
    EXPECT_EQ(file.swapped, swapped == 1) << line;
    EXPECT_EQ(file.fortran_order, fortran == 1) << line;
    EXPECT_EQ(file.count, count) << line;
    EXPECT_EQ(file.shape, shape) << line;
    EXPECT_EQ(file.trailing_bytes, 0) << line;
    if (version == 1) {  // and we write the same header, byte for byte
      std::string theirs(static_cast<std::size_t>(file.data_offset), '\0');
      input.read(0, std::as_writable_bytes(std::span(theirs)));
      EXPECT_EQ(npy_header(file.type, shape, file.fortran_order, file.swapped), theirs) << line;
    }
    ++checked;
  }
  EXPECT_EQ(checked, 12 * 2 * 7 * 2 * 3);
}

TEST(raw, takes_the_length_from_the_file) {
  array_file const file = describe_raw("a.raw", 4010, {parse_dtype("f4"), {}, 10});
  EXPECT_EQ(file.count, 1000);
  EXPECT_EQ(file.shape, std::vector<index_t>{1000});
  EXPECT_EQ(file.data_offset, 10);
  EXPECT_EQ(describe_raw("a.raw", 0, {parse_dtype("f8"), {}, 0}).count, 0);
  EXPECT_EQ(describe_raw("a.raw", 24, {parse_dtype(">f8"), parse_shape("3,1"), 0}).swapped, true);
}

std::string raw_message(index_t bytes, raw_layout const& layout) {
  return message_of<error>([&] { describe_raw("a.raw", bytes, layout); });
}

TEST(raw, bad_input_23_size_is_no_multiple) {
  EXPECT_NE(raw_message(4003, {parse_dtype("f4"), {}, 0}).find("3 bytes left over"), std::string::npos);
}
TEST(raw, bad_input_24_wrong_declared_count) {
  EXPECT_NE(raw_message(80, {parse_dtype("f8"), parse_shape("11"), 0}).find("truncated: 8 bytes missing"),
            std::string::npos);
  EXPECT_NE(raw_message(80, {parse_dtype("f8"), parse_shape("9"), 0}).find("8 bytes longer than described"),
            std::string::npos);
}
TEST(raw, bad_input_25_offset_beyond_the_end) {
  EXPECT_NE(raw_message(80, {parse_dtype("f8"), {}, 81}).find("beyond the end"), std::string::npos);
  EXPECT_NE(raw_message(80, {parse_dtype("f8"), parse_shape("0"), 81}).find("beyond the end"),
            std::string::npos);
  EXPECT_NE(raw_message(80, {parse_dtype("u1"), {}, INT64_MAX}).find("beyond the end"), std::string::npos);
}
TEST(raw, bad_input_26_negative_or_overflowing) {
  EXPECT_THROW(parse_shape("-1"), usage_error);
  EXPECT_THROW(parse_shape("9223372036854775808"), usage_error);
  EXPECT_THROW(parse_shape("99999999999999999999999999"), usage_error);
  EXPECT_THROW(parse_count("-5", "--offset"), usage_error);
  EXPECT_THROW(describe_raw("a", 80, {parse_dtype("f8"), {}, -1}), usage_error);
  EXPECT_THROW(describe_raw("a", 80, {parse_dtype("f8"), parse_shape("4611686018427387904,2"), 0}),
               usage_error);
  EXPECT_THROW(describe_raw("a", 80, {parse_dtype("f8"), parse_shape("2305843009213693952"), 0}),
               usage_error);
  for (char const* text :
       {"", ",", "1,", ",1", "1,,2", "1.5", " 1", "0x10", "1e3", "1_0", "+1", "1;2", "2x3"})
    EXPECT_THROW(parse_shape(text), usage_error) << text;
  EXPECT_EQ(parse_shape("1000,20"), (std::vector<index_t>{1000, 20}));
  EXPECT_EQ(parse_count("9223372036854775807", "--offset"), INT64_MAX);
}
TEST(raw, bad_input_27_dtype_typo) {
  std::string const message = message_of<usage_error>([] { parse_dtype("flaot32"); });
  EXPECT_NE(message.find("unknown dtype 'flaot32'; use one of b1 i1"), std::string::npos) << message;
  for (char const* text : {"", "<", "f", "f16", "F4", "c8", "i4 ", "<<f4", "f4\n"})
    EXPECT_THROW(parse_dtype(text), usage_error);
}

TEST(dtype, names_parse_back) {
  for (auto const& known : dtypes) {
    EXPECT_EQ(&describe(known.type), &known);
    EXPECT_EQ(parse_dtype(known.code), (element_type{known.type, false}));
    EXPECT_EQ(parse_dtype(known.name), (element_type{known.type, false}));
    EXPECT_EQ(parse_dtype(std::string(">") + known.code).swapped, known.size > 1);
    EXPECT_EQ(parse_dtype(descr(known.type)).type, known.type);
    visit(known.type, [&](auto tag) {
      using T = typename decltype(tag)::type;
      EXPECT_EQ(static_cast<index_t>(sizeof(T)), known.size);
      EXPECT_EQ(dtype_of<T>, known.type);
    });
  }
}

TEST(dtype, swaps_bytes) {
  for (index_t const size : {1, 2, 4, 8}) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(size) * 3);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    auto expected = bytes;
    for (int i = 0; i < 3; ++i) std::reverse(expected.begin() + i * size, expected.begin() + (i + 1) * size);
    swap_bytes(bytes.data(), 3, size);
    EXPECT_EQ(bytes, expected);
  }
}

TEST(printable, shows_what_a_terminal_must_not_see) {
  EXPECT_EQ(printable("plain %s%n \xc3\xa9"), "plain %s%n \xc3\xa9");
  EXPECT_EQ(printable("a\nb\x1b[31m"), "a\\x0ab\\x1b[31m");
  EXPECT_EQ(printable("\xff\xc0\xaf\xed\xa0\x80"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xe0\x82\xa9\xf0\x82\x82\xac"), "\\xe0\\x82\\xa9\\xf0\\x82\\x82\\xac")
      << "longer than need be";
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");
  EXPECT_EQ(printable("\\"), "\\x5c");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xf0\x9f\x98\x80 \xf0\x9f"), "\xf0\x9f\x98\x80 \\xf0\\x9f");
}

}  // namespace
