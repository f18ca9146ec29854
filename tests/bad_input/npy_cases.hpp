// Damaged, hostile and merely odd .npy files, each with what must be said about it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace prorata::bad_input {

/// One file: `reason` is part of the error message, or empty when the file is legal and must load.
struct npy_case {
  std::string name;
  std::string contents;
  std::string reason;
};

/// A file of the given version around `header`, exactly as it stands, followed by `data` zero bytes.
inline std::string npy(std::string const& header, std::size_t data = 0, int major = 1) {
  std::string out = std::string("\x93NUMPY", 6) + static_cast<char>(major) + '\0';
  for (int shift = 0; shift < (major == 1 ? 16 : 32); shift += 8)
    out += static_cast<char>(header.size() >> shift & 0xff);
  return out + header + std::string(data, '\0');
}

inline std::string dictionary(std::string const& descr, std::string const& order, std::string const& shape) {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}
inline std::string with_shape(std::string const& shape) { return dictionary("'<f8'", "False", shape); }
inline std::string with_descr(std::string const& descr) { return dictionary(descr, "False", "(3,)"); }

inline std::string prefix(unsigned char major, unsigned char minor, std::string const& rest) {
  return std::string("\x93NUMPY", 6) + static_cast<char>(major) + static_cast<char>(minor) + rest;
}

/// The numbers are those of the list of bad inputs the project was designed against.
inline std::vector<npy_case> npy_cases() {
  using namespace std::string_literals;
  std::string const good = with_shape("(3,)");
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1, ";
  std::vector<npy_case> cases{
      {"01_empty", "", "the file is empty"},
      {"02_five_bytes", "\x93NUMP", "ends inside the magic string"},
      {"03_magic_only", "\x93NUMPY", "ends inside the magic string"},
      {"03_magic_and_version", prefix(1, 0, ""), "ends before the header's length"},
      {"04_wrong_magic", "\x92NUMPY\1\0"s + npy(good).substr(8), "magic string \\x93NUMPY is missing"},
      {"04_zip", "PK\3\4"s + std::string(100, 'x'), "magic string"},
      {"05_version_0_0", prefix(0, 0, npy(good, 24).substr(8)), "format version 0.0 is unknown"},
      {"05_version_1_1", prefix(1, 1, npy(good, 24).substr(8)), "format version 1.1 is unknown"},
      {"05_version_4_0", prefix(4, 0, npy(good, 24).substr(8)), "format version 4.0 is unknown"},
      {"05_version_255_255", prefix(255, 255, npy(good, 24).substr(8)), "format version 255.255 is unknown"},
      {"06_length_beyond_file", prefix(1, 0, "\x00\x20{'descr'"s), "the header claims 8192 bytes"},
      {"06_length_one_byte_beyond_file", prefix(1, 0, "\x09\x00{'descr'"s),
       "the header claims 9 bytes, the file has 8 more"},
      {"07_length_4_gib", prefix(2, 0, "\xf0\xff\xff\xff"s), "the header claims 4294967280 bytes"},
      {"08_no_newline_no_padding", npy("{'descr':'<f8','fortran_order':False,'shape':(3,)}", 24), ""},
      {"09_header_10001", npy(good + std::string(10001 - good.size(), ' '), 24), ""},
      {"09_header_65535", npy(good + std::string(65535 - good.size(), ' '), 24), ""},
      {"09_header_65536", npy(good + std::string(65536 - good.size(), ' '), 24, 2), "more than 65535"},
      {"10_nested_parentheses", npy(with_shape(std::string(60000, '(')), 24), "not a plain integer"},
      {"10_nested_brackets", npy("{'descr': " + std::string(60000, '['), 24), "structured and sub-array"},
      {"10_nested_braces", npy(std::string(60000, '{'), 24), "expected a key in quotes"},
      {"11_missing_key", npy("{'descr': '<f8', 'fortran_order': False}\n", 24), "the key 'shape' is missing"},
      {"11_extra_key", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1}", 24),
       "unknown key 'more'"},
      {"11_duplicate_key", npy("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", 24),
       "duplicate key 'descr'"},
      {"11_no_keys", npy("{}", 24), "the key 'descr' is missing"},
      {"11_not_a_dictionary", npy("['descr']", 24), "not a dictionary"},
      {"11_two_dictionaries", npy(good + good, 24), "unexpected text after the dictionary"},
      {"11_two_commas", npy("{'descr': '<f8',, 'fortran_order': False, 'shape': (3,)}", 24),
       "expected a key"},
      {"11_no_comma", npy("{'descr': '<f8' 'fortran_order': False, 'shape': (3,)}", 24),
       "expected ',' or '}'"},
      {"11_no_colon", npy("{'descr' '<f8', 'fortran_order': False, 'shape': (3,)}", 24), "expected ':'"},
      {"11_open_quote", npy("{'descr: 8", 24), "a quote is not closed"},
      {"11_open_brace", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)", 24),
       "expected ',' or '}'"},
      {"12_other_order", npy("{'shape': (3,), 'fortran_order': False, 'descr': '<f8'}", 24), ""},
      {"12_trailing_comma_and_spaces",
       npy(" { 'shape' : ( 3 , ) , 'fortran_order' : False , 'descr' : '<f8' , } \n", 24), ""},
      {"12_python2_long", npy(with_shape("(3L,)"), 24), ""},
      {"12_double_quotes", npy("{\"descr\": \"<f8\", \"fortran_order\": False, \"shape\": (3,)}", 24), ""},
      {"13_shape_integer", npy(with_shape("5"), 40), "'shape' must be a tuple"},
      {"13_shape_list", npy(with_shape("[5]"), 40), "'shape' must be a tuple"},
      {"13_shape_parenthesised", npy(with_shape("(5)"), 40), "one dimension is written (3,)"},
      {"13_shape_comma_alone", npy(with_shape("(,)"), 40), "not a plain integer"},
      {"13_shape_negative", npy(with_shape("(-1,)"), 40), "a dimension is negative"},
      {"13_shape_true", npy(with_shape("(True,)"), 40), "not a plain integer"},
      {"13_shape_float", npy(with_shape("(1.0,)"), 40), "not a plain integer"},
      {"13_shape_numpy_scalar", npy(with_shape("(np.int64(3),)"), 40), "not a plain integer"},
      {"13_shape_hex", npy(with_shape("(0x10,)"), 200), "not a plain integer"},
      {"13_shape_text", npy(with_shape("('a',)"), 40), "not a plain integer"},
      {"13_shape_leading_zero", npy(with_shape("(03,)"), 40), "begins with 0"},
      {"13_shape_underscore", npy(with_shape("(1_0,)"), 80), "not a plain integer"},
      {"13_shape_only_L", npy(with_shape("(L,)"), 40), "not a plain integer"},
      {"14_product_wraps_to_zero", npy(with_shape("(4294967296, 4294967296)"), 24), "more than 2^63-1 bytes"},
      {"14_product_2_65", npy(with_shape("(4611686018427387904, 8)"), 24), "more than 2^63-1 bytes"},
      {"14_dimension_2_63", npy(with_shape("(9223372036854775808,)"), 24), "larger than 2^63-1"},
      {"14_dimension_2_64", npy(with_shape("(18446744073709551616,)"), 24), "larger than 2^63-1"},
      {"14_product_wraps_small", npy(with_shape("(3, 4611686018427387904, 4611686018427387904)"), 24),
       "more than 2^63-1 bytes"},
      {"14_bytes_wrap", npy(with_shape("(2305843009213693952,)"), 24), "more than 2^63-1 bytes"},
      {"15_shape_empty", npy(with_shape("()"), 8), ""},
      {"15_shape_0", npy(with_shape("(0,)")), ""},
      {"15_shape_5_0", npy(with_shape("(5, 0)")), ""},
      {"15_shape_0_huge", npy(with_shape("(0, 9223372036854775807)")), ""},
      {"15_shape_huge_0_huge", npy(with_shape("(9223372036854775807, 9223372036854775807, 0)")), ""},
      {"15_dimensions_64", npy(with_shape(many.substr(0, many.size() - 3) + ")"), 8), ""},
      {"15_dimensions_65", npy(with_shape(many + ")"), 8), "more than 64 dimensions"},
      {"16_fortran_2d", npy(dictionary("'<f8'", "True", "(2, 3)"), 48), ""},
      {"16_fortran_0d", npy(dictionary("'<f8'", "True", "()"), 8), ""},
      {"16_fortran_text", npy(dictionary("'<f8'", "'False'", "(3,)"), 24), "must be True or False"},
      {"16_fortran_number", npy(dictionary("'<f8'", "1", "(3,)"), 24), "must be True or False"},
      {"16_fortran_none", npy(dictionary("'<f8'", "None", "(3,)"), 24), "must be True or False"},
      {"17_big_endian", npy(with_descr("'>f4'"), 12), ""},
      {"17_native", npy(with_descr("'=i8'"), 24), ""},
      {"17_no_order", npy(with_descr("'f4'"), 12), ""},
      {"17_bool_other_bytes", npy(with_descr("'|b1'")) + "\x00\x02\xff"s, ""},
      {"17_half", npy(with_descr("'<f2'"), 6), ""},
      {"17_complex", npy(with_descr("'<c16'"), 48), "complex numbers"},
      {"17_unicode", npy(with_descr("'<U10'"), 120), ": text"},
      {"17_bytes_0", npy(with_descr("'|S0'")), ": text"},
      {"17_void", npy(with_descr("'|V8'"), 24), "raw bytes"},
      {"17_datetime", npy(with_descr("'<M8[ns]'"), 24), "dates"},
      {"17_structured", npy(with_descr("[('a', '<f4'), ('b', '<i4')]"), 24), "structured"},
      {"17_sub_array", npy(with_descr("('<f4', (2,))"), 24), "sub-array"},
      {"17_pickle", npy(with_descr("'|O'")) + "cos\nsystem\n(S'true'\ntR.", "never unpickled"},
      {"17_junk", npy(with_descr("'<f8junk'"), 24), "'<f8junk' is not supported"},
      {"17_float128", npy(with_descr("'<f16'"), 48), "'<f16' is not supported"},
      {"17_two_orders", npy(with_descr("'<<f8'"), 24), "is not supported"},
      {"17_empty", npy(with_descr("''"), 24), "is not supported"},
      {"17_escape", npy(with_descr("'\\x3cf8'"), 24), "escape or control character"},
      {"18_one_byte_short", npy(good, 23), "file seems truncated: 1 bytes missing"},
      {"18_one_byte_long", npy(good, 25), ""},
      {"18_three_arrays", npy(good, 24) + npy(good, 24) + npy(good, 24), ""},
      {"20_claims_1_tb", npy(with_shape("(137438953472,)"), 100),
       "file seems truncated: 1099511627676 bytes missing"},
      {"21_nul", npy(good.substr(0, 5) + '\0' + good.substr(5), 24), "escape or control character"},
      {"21_nul_after", npy(good + '\0', 24), "unexpected text after the dictionary"},
      {"21_latin1", npy(with_descr("'\xe9'"), 24), "'\\xe9' is not supported"},
      {"21_invalid_utf8", npy("{'\xff\xfe': 3}", 24, 3), "unknown key '\\xff\\xfe'"},
      {"21_crlf", npy("{'descr': '<f8',\r\n'fortran_order': False, 'shape': (3,)}\r\n", 24), ""},
      {"22_code", npy("__import__('os').system('x')", 24), "not a dictionary"},
      {"22_code_in_shape", npy(with_shape("(__import__('os').system('x'),)"), 24), "not a plain integer"},
      {"22_code_in_key", npy("{__import__('os'): 1}", 24), "expected a key in quotes"}};
  for (int const version : {2, 3})
    cases.push_back({"00_version_" + std::to_string(version), npy(good, 24, version), ""});
  return cases;
}

}  // namespace prorata::bad_input
