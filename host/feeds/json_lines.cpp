// A block's objects by simdjson: together where all of them can be read, line by line elsewhere.
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <host/feeds/json_lines.hpp>
#include <host/io/printable.hpp>
#include <optional>
#include <prorata/error.hpp>

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
    parser_.threaded = false;
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
  /// Every line is an object that can be read, and nothing else; or says that it is not so.
  bool parse_together(std::string_view text, row_batch& to) {
    ondemand::document_stream objects;
    if (parser_.iterate_many(text.data(), text.size(), std::max<std::size_t>(text.size(), 64)).get(objects))
      return false;
    std::size_t at = 0;  // where the next line begins
    index_t number = 0;
    for (auto object = objects.begin(); object != objects.end(); ++object) {
      if (at == text.size() || object.current_index() != at) return false;
      auto document = *object;
      ondemand::object members;
      if (document.get_object().get(members) || read(members, to)) return false;
      std::size_t const end = text.find('\n', at);
      add(text.substr(at, end - at), number++, to);
      if (!to.malformed.empty()) return false;
      at = end + 1;
    }
    to.lines_of_text = number;
    return at == text.size();
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
        add(line, number, to);
    }
  }

  void add(std::string_view line, index_t number, row_batch& to) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    events::add_record(schema_, fields_, line, number, values_, to);
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

  static constexpr std::uint32_t nobody = ~std::uint32_t{0};

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
  ondemand::parser parser_;
  std::vector<text_ref> fields_;  // of all columns
  std::vector<double> values_;
};

}  // namespace

std::unique_ptr<events::record_parser> json_lines_parser(events::row_schema const& schema) {
  return std::make_unique<parser>(schema);
}

}  // namespace prorata::feeds
