// Newline-JSON: a block's records are those of its lines, one at a time, whatever is wrong with some of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <host/feeds/json_lines.hpp>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace prorata;
using namespace prorata::events;

row_schema schema_of_test() {
  row_schema schema;
  schema.names = {"t", "k", "v", "a name of more than fifteen bytes", "\xc3\xa9"};
  schema.columns = 5, schema.key = 1;
  schema.numbers = {2}, schema.texts = {3, 4};
  return schema;
}

/// What a text's records are, a line each, with the numbers of their lines from `first` on.
std::vector<std::string> records_of(record_parser& parser, std::string_view text, index_t first) {
  std::string room(text_margin, '"');  // what lies around a block must not count
  room.append(text).append(text_margin, '"');
  row_batch rows;
  EXPECT_TRUE(parser.parse(std::string_view(room).substr(text_margin, text.size()), rows));
  std::vector<std::string> found;
  for (index_t r = 0; r < rows.size(); ++r) {
    auto const row = static_cast<std::size_t>(r);
    std::string record = std::to_string(rows.times[row]) + '|' + std::string(rows.keys[row].view()) + '|' +
                         std::to_string(std::bit_cast<std::uint64_t>(rows.numbers[0][row]));
    for (auto const& texts : rows.texts) record.append("|").append(texts[row].view());
    found.push_back(record.append("|").append(parser.line(rows, r)));
  }
  for (auto const& m : rows.malformed) found.push_back(std::to_string(first + m.line) + ": " + m.reason);
  EXPECT_EQ(rows.lines_of_text, std::count(text.begin(), text.end(), '\n'));
  if (rows.size() > 0) {
    EXPECT_EQ(rows.first, rows.times.front());
    EXPECT_EQ(rows.least, *std::min_element(rows.times.begin(), rows.times.end()));
    EXPECT_EQ(rows.largest, *std::max_element(rows.times.begin(), rows.times.end()));
  }
  return found;
}

TEST(JsonLines, OfABlockAreThoseOfItsLines) {
  char const* const names[] = {"t",  "k",       "v", "a name of more than fifteen bytes",      "\xc3\xa9",
                               "t2", "\\u0074", "o", "another name of more than fifteen bytes"};
  char const* const values[] = {"1",
                                "-5",
                                "12.5",
                                "\"x\"",
                                "\"\"",
                                "\"a \\\"b\\\\\"",
                                "\"\\u00e9\\n\"",
                                "null",
                                "true",
                                "[1,{\"t\":[]}]",
                                "{\"k\":\"}\"}",
                                "1e3",
                                "01",
                                "\"7\"",
                                "1700000000000",
                                "\"a,b:{}\""};
  std::string_view const bytes = "{}[]:,\"\\ \t\r\nx0-.e\x01\xc3\x00";
  std::mt19937_64 random(5);
  auto const some = [&](auto const& list) { return list[random() % std::size(list)]; };
  auto const parser = feeds::json_lines_parser(schema_of_test());
  index_t good = 0, wrong = 0;
  for (int run = 0; run < 30000; ++run) {
    std::vector<std::string> lines;
    for (auto left = random() % 6; left > 0; --left) {
      std::string line = "{\"t\" :" + std::to_string(random() % 2000);
      for (auto members = random() % 6; members > 0; --members)
        line.append(random() % 4 == 0 ? " , \"" : ",\"")
            .append(some(names))
            .append("\":")
            .append(some(values));
      line += random() % 8 == 0 ? "} \r" : "}";
      if (random() % 8 == 0) line.clear();
      // Some bytes are others, or too many, or gone.
      for (auto changes = random() % 8 == 0 ? 1 + random() % 3 : 0; changes > 0 && !line.empty(); --changes) {
        auto const at = static_cast<std::ptrdiff_t>(random() % line.size());
        if (random() % 3 == 0)
          line.erase(line.begin() + at);
        else if (random() % 2 == 0)
          line.insert(line.begin() + at, some(bytes));
        else
          line[static_cast<std::size_t>(at)] = some(bytes);
      }
      for (std::size_t from = 0; from <= line.size();) {  // a line feed may have come in
        std::size_t const end = std::min(line.find('\n', from), line.size());
        lines.push_back(line.substr(from, end - from));
        from = end + 1;
      }
    }
    std::string block;
    std::vector<std::string> apart, malformed;
    for (std::size_t k = 0; k < lines.size(); ++k) {
      block += lines[k] + '\n';
      for (auto& record : records_of(*parser, lines[k] + '\n', static_cast<index_t>(k)))
        (record.find('|') == record.npos || record.find(": ") < record.find('|') ? malformed : apart)
            .push_back(std::move(record));
    }
    good += std::ssize(apart), wrong += std::ssize(malformed);
    apart.insert(apart.end(), malformed.begin(), malformed.end());
    ASSERT_EQ(records_of(*parser, block, 0), apart) << "run " << run << ":\n" << block;
  }
  EXPECT_GT(good, 3000);
  EXPECT_GT(wrong, 500);
}

}  // namespace
