// Fields by masks of their ends where a block allows it, by a state machine elsewhere.
#include <algorithm>
#include <host/events/csv.hpp>
#include <prorata/error.hpp>
#include <prorata/windows.hpp>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace prorata::events {

namespace {

/// Which of 64 bytes are line feeds, and which are commas or line feeds.
struct end_masks {
  std::uint64_t feeds, all;
};
end_masks ends_in(char const* p) {
#if defined(__AVX2__)
  auto const equal = [](__m256i bytes, char c) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c))));
  };
  auto const load = [&](int k) { return _mm256_loadu_si256(reinterpret_cast<__m256i const*>(p + k)); };
  __m256i const low = load(0), high = load(32);
  std::uint64_t const feeds = equal(low, '\n') | static_cast<std::uint64_t>(equal(high, '\n')) << 32;
  return {feeds, feeds | equal(low, ',') | static_cast<std::uint64_t>(equal(high, ',')) << 32};
#else
  end_masks masks{};
  for (unsigned k = 0; k < 64; ++k) {
    masks.feeds |= static_cast<std::uint64_t>(p[k] == '\n') << k;
    masks.all |= static_cast<std::uint64_t>(p[k] == ',' || p[k] == '\n') << k;
  }
  return masks;
#endif
}

/// What became of a field that the state machine has read.
enum class field_end { comma, line, quotes };

/// Reads a field from `at` on, up to its comma or line's end, or the text's end: `at` is then there. A quoted field's
/// text is given to `unquoted`.
struct field_reader {
  explicit field_reader(std::string_view t) : text(t) {}
  std::string_view text;
  std::size_t at = 0;
  std::string unquoted;
  bool quoted = false;
  char const* wrong = nullptr;
  std::size_t begin = 0;

  field_end next() {
    begin = at;
    quoted = at < text.size() && text[at] == '"';
    wrong = nullptr;
    if (quoted) {
      unquoted.clear();
      for (++at;; ++at) {
        if (at == text.size()) return field_end::quotes;
        if (text[at] == '"' && (at + 1 == text.size() || text[at + 1] != '"')) break;
        at += text[at] == '"';
        unquoted += text[at];
      }
      ++at;
      if (at + 1 < text.size() && text[at] == '\r' && text[at + 1] == '\n') ++at;
      if (at < text.size() && text[at] != ',' && text[at] != '\n')
        wrong = "text follows the end of a quoted field";
    }
    while (at < text.size() && text[at] != ',' && text[at] != '\n') ++at;
    return at < text.size() && text[at] == ',' ? field_end::comma : field_end::line;
  }
  std::string_view plain() const {
    std::size_t end = at;
    if (end > begin && text[end - 1] == '\r' && (end == text.size() || text[end] == '\n')) --end;
    return text.substr(begin, end - begin);
  }
};

}  // namespace

std::vector<std::string> csv_fields(std::string_view record) {
  std::vector<std::string> fields;
  field_reader reader(record);
  for (;; ++reader.at) {
    field_end const end = reader.next();
    if (end == field_end::quotes) throw input_error("a quoted field does not end");
    if (reader.wrong != nullptr) throw input_error(reader.wrong);
    fields.emplace_back(reader.quoted ? std::string_view(reader.unquoted) : reader.plain());
    if (end == field_end::line) return fields;
  }
}

void write_csv_field(std::string& to, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == field.npos) {
    to += field;
    return;
  }
  to += '"';
  for (char const c : field) {
    if (c == '"') to += c;
    to += c;
  }
  to += '"';
}

std::size_t whole_records(std::string_view text) {
  auto const last = [&] {
    std::size_t const at = text.rfind('\n');
    return at == text.npos ? 0 : at + 1;
  };
  if (text.find('"') == text.npos) return last();
  std::size_t whole = 0;
  field_reader reader(text);
  for (;; ++reader.at) {
    field_end const end = reader.next();
    if (end == field_end::quotes || reader.at >= text.size()) return whole;
    if (end == field_end::line) whole = reader.at + 1;
  }
}

bool csv_parser::parse(std::string_view text, row_batch& to) {
  if (text.find('"') == text.npos && parse_regular(text, to)) return true;
  to.clear(schema_);
  return parse_any(text, to);
}

/// Every record has its fields, and each can be read; else says that it is not so.
bool csv_parser::parse_regular(std::string_view text, row_batch& to) {
  // The ends of all fields; each 64 bytes have 64 at most, and eight are written at once.
  std::size_t count = 0, feeds = 0;
  text_ = text.data();
  ends_.resize(std::max(ends_.size(), text.size() / 2 + 128));
  ends_[0] = ~std::uint32_t{0};  // a field begins behind the end of the one before: the first one at 0
  for (std::size_t base = 0; base < text.size(); base += 64) {
    end_masks const found = ends_in(text.data() + base);
    std::uint64_t const inside =
        text.size() - base < 64 ? (std::uint64_t{1} << (text.size() - base)) - 1 : ~std::uint64_t{0};
    std::uint64_t mask = found.all & inside;
    feeds += static_cast<std::size_t>(__builtin_popcountll(found.feeds & inside));
    auto const here = static_cast<std::size_t>(__builtin_popcountll(mask));
    if (count + here + 9 > ends_.size()) ends_.resize(2 * ends_.size());
    std::uint32_t* out = ends_.data() + 1 + count;
    for (std::size_t k = 0; k < here; k += 8)
      for (int j = 0; j < 8; ++j) {
        *out++ = static_cast<std::uint32_t>(base) +
                 static_cast<std::uint32_t>(__builtin_ctzll(mask | std::uint64_t{1} << 63));
        mask &= mask - 1;
      }
    count += here;
  }
  std::size_t const width = schema_.columns;
  if (count % width != 0) return false;
  std::size_t const rows = count / width;
  if (feeds != rows) return false;  // and each of them ends a record, as is looked at below
  to.shape(schema_, rows);
  char const* const data = text.data();
  std::uint32_t const* const ends = ends_.data() + 1;
  auto const field = [&](std::size_t r, std::uint32_t c) {
    std::uint32_t const* const at = ends + r * width + c;
    std::uint32_t const begin = at[-1] + 1;
    std::uint32_t end = *at;
    if (c + 1 == width && end > begin && data[end - 1] == '\r') --end;
    return text_ref{data + begin, end - begin};
  };
  std::int64_t least = largest_event_time, largest = -largest_event_time;
  bool regular = true;
  time_parser parse_time;
  bool const keyed = schema_.key >= 0;
  auto const key = static_cast<std::uint32_t>(schema_.key);
  for (std::size_t r = 0; r < rows; ++r) {
    regular &= data[ends[(r + 1) * width - 1]] == '\n';
    std::int64_t t;
    if (!parse_time(field(r, schema_.time), t)) return false;
    to.times[r] = t;
    least = std::min(least, t), largest = std::max(largest, t);
    if (keyed) to.keys[r] = field(r, key);
  }
  if (!regular) return false;
  if (rows > 0 && (least < -largest_event_time || largest > largest_event_time)) return false;
  for (std::size_t c = 0; c < schema_.numbers.size(); ++c) {
    auto& column = to.numbers[c];
    for (std::size_t r = 0; r < rows; ++r)
      if (!parse_number(field(r, schema_.numbers[c]), column[r])) return false;
  }
  for (std::size_t c = 0; c < schema_.texts.size(); ++c)
    for (std::size_t r = 0; r < rows; ++r) to.texts[c][r] = field(r, schema_.texts[c]);
  to.lines_of_text = static_cast<index_t>(rows);
  if (rows > 0) to.first = to.times[0], to.least = least, to.largest = largest;
  return true;
}

std::string_view csv_parser::line(row_batch const& rows, index_t r) const {
  auto const row = static_cast<std::size_t>(r);
  if (!rows.lines.empty()) return rows.lines[row].view();
  std::uint32_t const begin = ends_[row * schema_.columns] + 1;
  std::string_view line(text_ + begin, ends_[(row + 1) * schema_.columns] - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool csv_parser::parse_any(std::string_view text, row_batch& to) {
  field_reader reader(text);
  index_t line = 0;
  while (reader.at < text.size()) {
    std::size_t const begin = reader.at;
    fields_.clear();
    char const* wrong = nullptr;
    for (;; ++reader.at) {
      field_end const end = reader.next();
      if (end == field_end::quotes) return false;
      if (reader.wrong != nullptr && wrong == nullptr) wrong = reader.wrong;
      std::string_view const plain = reader.plain();
      fields_.push_back(reader.quoted ? to.keep(reader.unquoted)
                                      : text_ref{plain.data(), static_cast<std::uint32_t>(plain.size())});
      if (end == field_end::line) break;
    }
    std::string_view record = text.substr(begin, reader.at - begin);
    if (record.ends_with('\r')) record.remove_suffix(1);
    if (reader.at < text.size()) ++reader.at;  // the line's end
    if (!record.empty()) {
      if (wrong != nullptr)
        to.malformed.push_back({line, wrong});
      else
        add_record(record, line, to);
    }
    line += 1 + std::count(record.begin(), record.end(), '\n');
  }
  to.lines_of_text = line;
  return true;
}

void csv_parser::add_record(std::string_view line, index_t number, row_batch& to) {
  if (fields_.size() == schema_.columns)
    return events::add_record(schema_, fields_, line, number, values_, to);
  to.malformed.push_back({number, std::to_string(fields_.size()) + " fields, where the header has " +
                                      std::to_string(schema_.columns)});
}

}  // namespace prorata::events
