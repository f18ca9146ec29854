// A block's objects by simdjson: by its index of the block where all of them can be read, line by line elsewhere.
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <host/feeds/json_lines.hpp>
#include <host/io/printable.hpp>
#include <new>
#include <optional>
#include <prorata/error.hpp>
#include <prorata/windows.hpp>

namespace prorata::feeds {

namespace {

using events::row_batch;
using events::text_ref;
namespace ondemand = simdjson::ondemand;

/// Whether a text is a number as JSON has it: -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?
bool is_json_number(std::string_view text) {
  auto const digits = [&] {
    std::size_t const before = text.size();
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') text.remove_prefix(1);
    return before - text.size();
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  bool const zero = text.starts_with('0');
  std::size_t const whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

/// How many line feeds a text has: counted in bytes, which a vector has many of.
std::size_t line_feeds(std::string_view text) {
  std::size_t found = 0;
  while (text.size() >= 64) {
    std::uint8_t counts[64] = {};
    std::size_t const steps = std::min<std::size_t>(text.size() / 64, 255);
    for (std::size_t step = 0; step < steps; ++step)
      for (std::size_t k = 0; k < 64; ++k)
        counts[k] = static_cast<std::uint8_t>(counts[k] + (text[64 * step + k] == '\n'));
    for (std::uint8_t const count : counts) found += count;
    text.remove_prefix(64 * steps);
  }
  return found + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string is_no_object(simdjson::error_code error) {
  if (error == simdjson::INCORRECT_TYPE) return "no JSON object";
  return std::string("no JSON object (") + simdjson::error_message(error) + ")";
}

class parser : public events::record_parser {
 public:
  explicit parser(events::row_schema const& schema) : schema_(schema), fields_(schema.columns) {
    if (parser_.allocate(1 << 12)) throw std::bad_alloc();  // it unescapes nothing before
  }

  bool parse(std::string_view text, row_batch& to) override {
    to.clear(schema_);
    if (parse_together(text, to)) return true;
    to.clear(schema_);
    parse_lines(text, to);
    return true;
  }
  std::string_view line(row_batch const& rows, index_t r) const override {
    return rows.lines[static_cast<std::size_t>(r)].view();
  }

 private:
  /// Every line is an object that can be read, and nothing else; or says that it is not so. What is accepted here has
  /// the same fields line by line.
  bool parse_together(std::string_view text, row_batch& to) {
    std::size_t const lines = line_feeds(text);
    if (!index(text)) return false;
    std::uint32_t const* at = index_->structural_indexes.get();
    std::uint32_t const* const end = at + index_->n_structural_indexes;
    to.shape(schema_, lines);
    to.lines.resize(lines);
    events::time_parser parse_time;
    std::int64_t least = largest_event_time, largest = -largest_event_time;
    std::size_t begin = 0;
    for (std::size_t row = 0; row < lines; ++row) {
      if (at == end || *at != begin) return false;
      std::size_t const close = read_object(text.data(), at, end, to);
      if (close == 0) return false;
      std::size_t feed = close + 1;
      while (text[feed] == '\r' || text[feed] == ' ' || text[feed] == '\t') ++feed;
      if (text[feed] != '\n') return false;
      std::int64_t t;
      if (!parse_time(fields_[schema_.time], t)) return false;
      to.times[row] = t;
      least = std::min(least, t), largest = std::max(largest, t);
      if (schema_.key >= 0) to.keys[row] = fields_[static_cast<std::uint32_t>(schema_.key)];
      for (std::size_t c = 0; c < schema_.numbers.size(); ++c)
        if (!events::parse_number(fields_[schema_.numbers[c]], to.numbers[c][row])) return false;
      for (std::size_t c = 0; c < schema_.texts.size(); ++c) to.texts[c][row] = fields_[schema_.texts[c]];
      bool const carriage = text[feed - 1] == '\r';
      to.lines[row] = {text.data() + begin, static_cast<std::uint32_t>(feed - begin - carriage)};
      begin = feed + 1;
    }
    // As many line feeds as objects that one follows: there is none inside of an object.
    if (at != end || begin != text.size()) return false;
    to.lines_of_text = static_cast<index_t>(lines);
    if (lines == 0) return true;
    if (least < -largest_event_time || largest > largest_event_time) return false;
    to.first = to.times[0], to.least = least, to.largest = largest;
    return true;
  }

  /// Where simdjson finds brackets, colons, commas, and beginnings of strings and other values.
  bool index(std::string_view text) {
    if (!index_ || index_->capacity() < text.size()) {
      std::size_t const room = std::max<std::size_t>(text.size(), 1 << 12);
      if (simdjson::get_active_implementation()->create_dom_parser_implementation(room, 1, index_))
        throw std::bad_alloc();
    }
    return index_->stage1(reinterpret_cast<std::uint8_t const*>(text.data()), text.size(),
                          simdjson::stage1_mode::regular) == simdjson::SUCCESS;
  }

  /// The fields of the object that begins at `at`, which goes to what follows it. Returns where its last bracket is, or
  /// 0 where it is not as expected.
  std::size_t read_object(char const* text, std::uint32_t const*& at, std::uint32_t const* end,
                          row_batch& to) {
    std::fill(fields_.begin(), fields_.end(), events::no_text);
    if (text[*at] != '{') return 0;
    ++at;
    for (std::size_t place = 0;; ++place) {
      if (end - at < 4) return 0;  // name, colon, value, comma or bracket
      char const* const name = text + at[0] + 1;
      char const* value = text + at[2];
      if (name[-1] != '"' || text[at[1]] != ':') return 0;
      if (place == members_.size()) members_.push_back(known_name(name));
      if (!members_[place].is(name)) members_[place] = known_name(name);
      std::uint32_t const column = members_[place].column;
      if (column == unclear) return 0;
      at += 3;
      if (*value == '{' || *value == '[') {
        if (column != nobody) return 0;
        for (int depth = 1; depth > 0; ++at) {
          if (at == end) return 0;
          depth += text[*at] == '{' || text[*at] == '[';
          depth -= text[*at] == '}' || text[*at] == ']';
        }
        if (at == end) return 0;
      } else if (*value == ',' || *value == ':' || *value == '}' || *value == ']') {
        return 0;
      } else if (column != nobody) {
        char const* last = text + *at;
        while (is_blank(last[-1])) --last;
        auto& field = fields_[column];
        if (field.data != events::no_text.data) return 0;              // it was there before
        if (column == schema_.time && *value >= '1' && *value <= '9')  // a whole number has digits only
          field = {value, static_cast<std::uint32_t>(last - value)};
        else if (!read_token({value, static_cast<std::size_t>(last - value)}, field, to))
          return 0;
      }
      char const next = text[*at++];
      if (next == '}') return at[-1];
      if (next != ',') return 0;
    }
  }

  bool read_token(std::string_view token, text_ref& to, row_batch& rows) {
    text_ref const text{token.data(), static_cast<std::uint32_t>(token.size())};
    if (token[0] == '"') {
      if (token.size() < 2 || token.back() != '"') return false;
      to = {text.data + 1, text.size - 2};
      if (std::memchr(to.data, '\\', to.size) == nullptr) return true;
      std::string room(token.size() + simdjson::SIMDJSON_PADDING, '\0');
      auto* written = reinterpret_cast<std::uint8_t*>(room.data());
      std::string_view unescaped;
      if (parser_.unescape(ondemand::raw_json_string(reinterpret_cast<std::uint8_t const*>(to.data)), written)
              .get(unescaped))
        return false;
      to = rows.keep(unescaped);
      return true;
    }
    to = text;
    std::uint64_t number;
    if (events::parse_digits(text.data + text.size, text.size, number) && (text.size == 1 || token[0] != '0'))
      return true;
    if (token == "null") to = events::no_text;
    return token == "null" || token == "true" || token == "false" || is_json_number(token);
  }

  void parse_lines(std::string_view text, row_batch& to) {
    for (index_t number = 0; !text.empty(); ++number) {
      std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(line.size() + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      std::string_view object = line;
      if (object.starts_with("\xef\xbb\xbf")) object.remove_prefix(3);
      to.lines_of_text = number + 1;
      if (without_blanks(object).empty()) continue;
      if (auto const wrong = read_line(object, to))
        to.malformed.push_back({number, *wrong});
      else
        events::add_record(schema_, fields_, line, number, values_, to);
    }
  }

  /// Says what is wrong.
  std::optional<std::string> read_line(std::string_view line, row_batch& to) {
    ondemand::document document;
    if (auto const error =
            parser_.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING).get(document))
      return is_no_object(error);
    ondemand::object members;
    if (auto const error = document.get_object().get(members)) return is_no_object(error);
    if (auto wrong = read(members, to)) return wrong;
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return "text follows the JSON object";
    return {};
  }

  /// The fields of an object. Says what is wrong.
  std::optional<std::string> read(ondemand::object& members, row_batch& to) {
    std::fill(fields_.begin(), fields_.end(), events::no_text);
    for (auto member : members) {
      ondemand::raw_json_string name;
      if (auto const error = member.key().get(name)) return is_no_object(error);
      auto const column = column_named(name.raw(), member);
      if (!column) return "no JSON object (a name cannot be read)";
      if (*column == nobody) continue;
      std::string_view token;
      if (member.value().raw_json_token().get(token)) return "no JSON object";
      if (!read_value(without_blanks(token), member, fields_[*column], to))
        return "no text or number in column " + io::printable(schema_.names[*column], 40) + ": '" +
               io::printable(without_blanks(token), 40) + "'";
    }
    return {};
  }

  template <class Member>
  bool read_value(std::string_view token, Member& member, text_ref& to, row_batch& rows) {
    auto const is = [&](std::string_view text) {
      to = {text.data(), static_cast<std::uint32_t>(text.size())};
      return true;
    };
    if (token.starts_with('"')) {
      if (token.size() < 2 || !token.ends_with('"')) return false;
      token = token.substr(1, token.size() - 2);
      if (std::memchr(token.data(), '\\', token.size()) == nullptr) return is(token);
      std::string_view unescaped;
      if (member.value().get_string().get(unescaped)) return false;
      to = rows.keep(unescaped);
      return true;
    }
    if (token == "null") return is(events::no_text.view());
    return (token == "true" || token == "false" || is_json_number(token)) && is(token);
  }

  static constexpr std::uint32_t nobody = ~std::uint32_t{0}, unclear = nobody - 1;

  /// A member's name as it is written, with the quote behind it, in at most 16 bytes, and the column that it is.
  struct member_name {
    std::uint64_t low = 0, high = 0, low_mask = 0, high_mask = 0;
    std::uint32_t column = unclear;
    bool is(char const* name) const {
      using events::text_detail::load8;
      return (load8(name) & low_mask) == low && (load8(name + 8) & high_mask) == high && low_mask != 0;
    }
  };
  /// The one that begins here; with escapes, or where it is long, it is unclear.
  member_name known_name(char const* name) const {
    using events::text_detail::load8;
    member_name found;
    std::size_t bytes = 0;
    while (bytes < 15 && name[bytes] != '"' && name[bytes] != '\\') ++bytes;
    if (name[bytes] != '"') return long_name(name);
    std::string_view const text(name, bytes);
    auto const column = std::find(schema_.names.begin(), schema_.names.end(), text);
    found.column =
        column == schema_.names.end() ? nobody : static_cast<std::uint32_t>(column - schema_.names.begin());
    found.low_mask = bytes >= 7 ? ~std::uint64_t{0} : ~std::uint64_t{0} >> (56 - 8 * bytes);
    found.high_mask = bytes < 8 ? 0 : ~std::uint64_t{0} >> (120 - 8 * bytes);
    found.low = load8(name) & found.low_mask, found.high = load8(name + 8) & found.high_mask;
    return found;
  }
  /// One that is looked at every time.
  member_name long_name(char const* name) const {
    member_name found;
    std::size_t bytes = 0;
    while (name[bytes] != '"' && name[bytes] != '\\') ++bytes;
    if (name[bytes] == '\\') return found;
    auto const column = std::find(schema_.names.begin(), schema_.names.end(), std::string_view(name, bytes));
    found.column =
        column == schema_.names.end() ? nobody : static_cast<std::uint32_t>(column - schema_.names.begin());
    return found;
  }

  /// The column of a name that begins here and ends with a quote; nothing where it cannot be read. What is longer than
  /// a margin is compared without reading beyond it.
  template <class Member>
  std::optional<std::uint32_t> column_named(char const* name, Member& member) {
    for (std::uint32_t c = 0; c < schema_.columns; ++c) {
      std::string const& known = schema_.names[c];
      if (known.size() < events::text_margin && std::memcmp(name, known.data(), known.size()) == 0 &&
          name[known.size()] == '"' && known.find('\\') == known.npos)
        return c;
    }
    std::size_t bytes = 0;
    for (; *name != '"'; ++name, ++bytes) {
      if (*name != '\\' && bytes + 1 < events::text_margin) continue;
      std::string_view unescaped;
      if (member.unescaped_key().get(unescaped)) return {};
      auto const found = std::find(schema_.names.begin(), schema_.names.end(), unescaped);
      return found == schema_.names.end() ? nobody
                                          : static_cast<std::uint32_t>(found - schema_.names.begin());
    }
    return nobody;
  }

  events::row_schema schema_;
  std::unique_ptr<simdjson::internal::dom_parser_implementation> index_;
  ondemand::parser parser_;           // of single lines
  std::vector<member_name> members_;  // in the order of the last objects
  std::vector<text_ref> fields_;      // of all columns
  std::vector<double> values_;
};

}  // namespace

std::unique_ptr<events::record_parser> json_lines_parser(events::row_schema const& schema) {
  return std::make_unique<parser>(schema);
}

}  // namespace prorata::feeds
