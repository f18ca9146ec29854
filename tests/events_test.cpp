// Windows and watermarks against enumeration, numbers against the C library, the engine against itself on any threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <host/events/csv.hpp>
#include <host/events/stream_engine.hpp>
#include <host/io/job_files.hpp>
#include <prorata/windows.hpp>
#include <random>
#include <set>
#include <tests/temporary_directory.hpp>

namespace {

using namespace prorata;
using namespace prorata::events;

TEST(Windows, OnAGridAreThoseOfEnumeration) {
  for (std::int64_t size = 1; size <= 12; ++size)
    for (std::int64_t step = 1; step <= size; ++step) {
      window_rule const rule(window_kind::sliding, size, step);
      for (std::int64_t t = -40; t <= 40; ++t) {
        std::vector<std::int64_t> ends;  // of windows [k·step, k·step + size) that hold t
        for (std::int64_t k = -100; k <= 100; ++k)
          if (k * step <= t && t < k * step + size) ends.push_back(k * step + size);
        EXPECT_EQ(rule.first_end(t), ends.front()) << size << ' ' << step << ' ' << t;
        EXPECT_EQ(rule.last_end(t), ends.back()) << size << ' ' << step << ' ' << t;
        std::int64_t after = -1000 * step + size;
        while (after <= t) after += step;
        EXPECT_EQ(rule.end_after(t), after);
        // no window cuts a pane
        std::int64_t const pane = rule.pane_of(t);
        EXPECT_TRUE(pane <= t && t < pane + rule.pane());
        for (std::int64_t u = pane; u < pane + rule.pane(); ++u) EXPECT_EQ(rule.first_end(u), ends.front());
      }
    }
  EXPECT_THROW(window_rule(window_kind::tumbling, 0), usage_error);
  EXPECT_THROW(window_rule(window_kind::sliding, 3, 4), usage_error);
  window_rule const largest(window_kind::tumbling, largest_event_time);
  EXPECT_EQ(largest.first_end(-largest_event_time), 0);
  EXPECT_EQ(largest.last_end(largest_event_time), 2 * largest_event_time);
}

TEST(Watermark, KnowsOfManyRecordsWhatItKnowsOfEach) {
  std::mt19937_64 random(1);
  for (int run = 0; run < 3000; ++run) {
    watermark one(static_cast<std::int64_t>(random() % 5), 1 + static_cast<std::int64_t>(random() % 30)),
        all = one;
    for (int batch = 0; batch < 4; ++batch) {
      std::vector<std::int64_t> times(1 + random() % 6);
      for (auto& t : times) t = static_cast<std::int64_t>(random() % 60) - 30;
      std::int64_t before = one.largest();
      for (auto const t : times) {
        one.observe(t);
        EXPECT_TRUE(before == watermark::before_all || one.largest() >= before);
        before = one.largest();
      }
      if (!all.observe_all(times.front(), *std::max_element(times.begin(), times.end())))
        for (auto const t : times) all.observe(t);
      ASSERT_EQ(one.value(), all.value()) << "run " << run;
    }
  }
}

TEST(Text, NumbersAreThoseOfTheCLibrary) {
  std::mt19937_64 random(2);
  auto ref = [room = std::string()](std::string const& text) mutable {
    room.assign(text_margin, '7')
        .append(text)
        .append(text_margin, '7');  // digits in the margins must not count
    return text_ref{room.data() + text_margin, static_cast<std::uint32_t>(text.size())};
  };
  for (int run = 0; run < 200000; ++run) {
    std::string text;
    if (random() % 4 == 0) text += '-';
    for (auto digits = random() % 18; digits > 0; --digits) text += static_cast<char>('0' + random() % 10);
    if (random() % 2 == 0) text += '.';
    for (auto digits = random() % 8; digits > 0; --digits) text += static_cast<char>('0' + random() % 10);
    if (random() % 8 == 0) text += "e" + std::to_string(static_cast<int>(random() % 40) - 20);
    if (random() % 20 == 0 && !text.empty()) text[random() % text.size()] = "x-.e /:"[random() % 7];
    double found;
    char* end;
    double const expected = std::strtod(text.c_str(), &end);
    bool const is_number = !text.empty() && end == text.c_str() + text.size() &&
                           text.find('x') == text.npos && text.find_first_of(" /:") == text.npos;
    if (text.find(' ') != text.npos || text.empty()) continue;
    if (text.find('e') != text.npos && (std::isinf(expected) || expected == 0))
      continue;  // a double may not hold it
    ASSERT_EQ(parse_number(ref(text), found), is_number) << text;
    if (is_number) {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(found), std::bit_cast<std::uint64_t>(expected)) << text;
    }
    std::int64_t whole;
    bool const is_whole = is_number && text.find_first_of(".e") == text.npos && std::abs(expected) < 9e18;
    if (std::abs(expected) >= 9e18) continue;
    ASSERT_EQ(parse_integer(ref(text), whole), is_whole) << text;
    if (is_whole) { ASSERT_EQ(whole, std::strtoll(text.c_str(), nullptr, 10)); }
  }
  double found;
  EXPECT_TRUE(parse_number(ref("  "), found) && is_missing(found));
  EXPECT_TRUE(parse_number(ref(" 1.5\t"), found) && found == 1.5);
  EXPECT_FALSE(parse_number(ref("1e999"), found));
}

TEST(Keys, HaveNumbersByTheirTextsAndAnOrder) {
  key_table table;
  std::vector<std::string> texts;
  for (int k = 0; k < 5000; ++k)
    texts.push_back(std::string(static_cast<std::size_t>(k % 40), 'a') + std::to_string(k));
  std::string room;
  for (int round = 0; round < 2; ++round)
    for (std::uint32_t k = 0; k < texts.size(); ++k) {
      room.assign(text_margin, 'x').append(texts[k]).append(text_margin, 'x');
      ASSERT_EQ(table.find_or_add({room.data() + text_margin, static_cast<std::uint32_t>(texts[k].size())}),
                k);
    }
  byte_writer to;
  table.save(to);
  key_table copy;
  byte_reader from(to.bytes);
  copy.load(from);
  for (std::uint32_t k = 0; k < texts.size(); ++k) ASSERT_EQ(copy.text(k), texts[k]);
  char const* const order[] = {
      "-9223372036854775808", "-3", "0",  "7", "10", "9223372036854775807", "", "-0", "007",
      "9223372036854775808",  "a",  "aa", "b"};
  for (std::size_t a = 0; a < std::size(order); ++a)
    for (std::size_t b = 0; b < std::size(order); ++b)
      EXPECT_EQ(key_order(order[a]) < key_order(order[b]), a < b) << order[a] << ' ' << order[b];
}

/// Text in memory, in blocks of a size.
class text_source : public block_source {
 public:
  text_source(std::string text, std::size_t block) : text_(std::move(text)), block_(block) {}
  std::string const& name() const override { return name_; }
  std::string header() override { return text_.substr(0, (at_ = text_.find('\n') + 1) - 1); }
  bool next(text_block& block) override {
    if (at_ == text_.size()) return false;
    std::size_t const end = text_.find('\n', std::min(at_ + block_, text_.size() - 1)) + 1;
    block.offset = static_cast<index_t>(at_), block.bytes = static_cast<index_t>(end - at_);
    block.last = end == text_.size();
    at_ = end;
    return true;
  }
  void fill(text_block& block) override {
    block.room.assign(static_cast<std::size_t>(block.bytes) + 2 * text_margin, '\0');
    std::copy_n(text_.begin() + block.offset, block.bytes, block.room.begin() + text_margin);
  }
  void cut_again(text_block const& block) override { at_ = static_cast<std::size_t>(block.offset); }

 private:
  std::string text_, name_ = "text";
  std::size_t block_, at_ = 0;
};

std::string results_of(std::string const& text, window_rule const& rule, std::size_t block,
                       stream_limits const& limits) {
  text_source source(text, block);
  row_schema schema;
  schema.names = csv_fields(source.header());
  schema.columns = static_cast<std::uint32_t>(schema.names.size());
  schema.key = 1;
  aggregate_plan const plan(parse_aggregates("count,sum:v,p50:v,distinct:v"), schema);
  std::string found;
  stream_engine engine(
      rule, watermark(5), schema, plan, limits,
      [&](closed_window const& w) {
        found += std::to_string(w.bounds.begin) + ' ' + std::to_string(w.bounds.end) + ' ' + w.key +
                 w.answers + '\n';
      },
      [&](std::string_view line) { found.append("late ").append(line) += '\n'; });
  engine.run(source, [](bool) {});
  return found;
}

TEST(StreamEngine, GivesTheSameResultsOnAnyThreadsBlocksRoundsAndWeights) {
  std::mt19937_64 random(3);
  std::string text = "t,k,v\n";
  for (int k = 0; k < 6000; ++k)
    text += std::to_string(k / 3 - static_cast<int>(random() % 50 == 0 ? 100 : random() % 8)) + ',' +
            std::to_string(random() % 20) + ',' + std::to_string(random() % 1000) + "\n";
  for (window_rule const& rule :
       {window_rule(window_kind::tumbling, 50), window_rule(window_kind::sliding, 60, 20),
        window_rule(window_kind::session, 9), window_rule(window_kind::count, 7)}) {
    std::string const expected = results_of(text, rule, 1 << 20, {.threads = 1});
    EXPECT_GT(expected.size(), 1000u);
    EXPECT_NE(expected.find("late "), expected.npos);
    for (int const threads : {2, 4})
      for (std::size_t const block : {100, 3000})
        for (bool const weights : {false, true}) {
          stream_limits limits{.threads = threads, .round_blocks = 5};
          if (weights) limits.sub_streams = {{0, 3, 5.0}, {4, 10, 3.0}, {11, 15, 0.0}};
          EXPECT_EQ(results_of(text, rule, block, limits), expected)
              << threads << ' ' << block << ' ' << weights;
        }
  }
}

TEST(StreamEngine, ServesByNewWeightsWithinTwoBatchesAndWithoutWeightWhenNobodyElseWaits) {
  std::mt19937_64 random(4);
  std::string text = "t,k,v\n";
  index_t total[3] = {};
  for (int k = 0; k < 30000; ++k) {
    auto const key = random() % 90;
    ++total[key / 30];
    text += std::to_string(k) + ',' + std::to_string(key) + ",1\n";
  }
  struct change {
    std::size_t after;  // batches
    double weights[3];
  };
  double const shares[][3] = {{.5, .3, .2}, {.1, 0, .9}, {0, .5, .5}, {.2, .2, .6}, {0, 0, 1}};
  for (int run = 0; run < 8; ++run) {
    std::vector<change> changes{{0, {5, 3, 2}}};
    for (std::size_t after = 40 + random() % 60; changes.size() < 4; after += 40 + random() % 60) {
      auto const& s = shares[random() % std::size(shares)];
      changes.push_back({after, {s[0], s[1], s[2]}});
    }
    std::vector<std::array<index_t, 3>> served;  // before each batch
    stream_engine const* running = nullptr;
    stream_limits limits{.threads = 1, .partition = {3, {"30", "60"}}, .round_blocks = 100000};
    limits.sub_streams = {{0, 0, 5}, {1, 1, 3}, {2, 2, 2}};
    limits.new_weights = [&]() -> std::optional<std::vector<double>> {
      auto const& now = running->sub_streams();
      served.push_back({now[0].records, now[1].records, now[2].records});
      for (auto const& c : changes)
        if (c.after == served.size()) return std::vector<double>(c.weights, c.weights + 3);
      return {};
    };
    text_source source(text, 500);
    row_schema schema;
    schema.names = csv_fields(source.header());
    schema.columns = 3, schema.key = 1;
    aggregate_plan const plan(parse_aggregates("count"), schema);
    index_t results = 0;
    stream_engine engine(window_rule(window_kind::tumbling, 1000), watermark(0), schema, plan, limits,
                         [&](closed_window const&) { ++results; }, {});
    running = &engine;
    engine.run(source, [](bool) {});
    EXPECT_GT(results, 0);
    index_t largest = 0;  // batch
    for (std::size_t k = 1; k < served.size(); ++k)
      for (int f = 0; f < 3; ++f) largest = std::max(largest, served[k][f] - served[k - 1][f]);
    for (std::size_t c = 0; c < changes.size(); ++c) {
      std::size_t const first = changes[c].after == 0 ? 0 : changes[c].after + 1;  // two batches on
      std::size_t const end = c + 1 < changes.size() ? changes[c + 1].after : served.size();
      double const sum = changes[c].weights[0] + changes[c].weights[1] + changes[c].weights[2];
      for (std::size_t k = first; k < end; ++k) {
        bool all_wait = true;
        for (int f = 0; f < 3; ++f)
          all_wait &= changes[c].weights[f] == 0 || served[k][f] + 2 * largest < total[f];
        if (!all_wait) break;
        auto const of_all = static_cast<double>(served[k][0] + served[k][1] + served[k][2] -
                                                served[first][0] - served[first][1] - served[first][2]);
        for (int f = 0; f < 3; ++f) {
          auto const mine = static_cast<double>(served[k][f] - served[first][f]);
          double const due = of_all * changes[c].weights[f] / sum;
          ASSERT_LE(std::abs(mine - due), changes[c].weights[f] == 0 ? 0 : 2.0 * static_cast<double>(largest))
              << "run " << run << ", change " << c << ", batch " << k << ", sub-stream " << f;
        }
      }
    }
    for (int f = 0; f < 3; ++f) EXPECT_EQ(engine.sub_streams()[f].records, total[f]);
  }
}

TEST(FileSource, KnowsItsPlaceByBothEndsOfWhatWasRead) {
  temporary_directory const folder;
  std::string text = "t,k\n";
  while (text.size() < 400'000) text += std::to_string(text.size()) + ",a\n";
  auto const path = (folder / "in.csv").string();
  auto const write = [&] { std::ofstream(path) << text; };
  write();
  auto const place = [&] {
    auto const file = io::job_files().read(path);
    file_source source(file, 100'000);
    source.header();
    text_block block;
    for (int k = 0; k < 2; ++k) EXPECT_TRUE(source.next(block));
    return source.place();
  }();
  auto const accepted = [&] {
    auto const file = io::job_files().read(path);
    file_source source(file, 100'000);
    try {
      source.go_to(place);
    } catch (input_error const&) { return false; }
    return true;
  };
  EXPECT_TRUE(accepted());
  for (std::size_t const changed : {10'000, 190'000}) {
    std::swap(text[changed], text[changed + 9]);
    char const was = text[changed];
    text[changed] = was == '7' ? '8' : '7';
    write();
    EXPECT_FALSE(accepted()) << changed;
    text[changed] = was;
    std::swap(text[changed], text[changed + 9]);
  }
  text += "1,b\n";  // it has grown
  write();
  EXPECT_TRUE(accepted());
}

TEST(StreamEngine, SaysWhichLineOfAllBlocksIsMalformed) {
  temporary_directory const folder;
  auto const path = (folder / "in.csv").string();
  {
    std::ofstream file(path);
    file << "t,k\n";
    for (int k = 0; k < 1000; ++k) file << (k == 700 ? "x" : std::to_string(k)) << ",a\n";
  }
  auto const input = io::job_files().read(path);
  for (index_t const block : {50, 1000, 100'000}) {
    file_source source(input, block);
    row_schema schema;
    schema.names = csv_fields(source.header());
    schema.columns = 2, schema.key = 1;
    aggregate_plan const plan(parse_aggregates("count"), schema);
    stream_limits limits{.threads = 2, .skip_malformed = true};
    stream_engine engine(window_rule(window_kind::tumbling, 10), watermark(), schema, plan, limits,
                         [](closed_window const&) {}, {});
    engine.run(source, [](bool) {});
    EXPECT_TRUE(engine.counts().first_malformed.starts_with("line 702: ")) << engine.counts().first_malformed;
    EXPECT_EQ(engine.counts().malformed, 1);
  }
}

}  // namespace
