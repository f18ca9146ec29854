// Recursive descent with a counted depth; every rule hands its operands to the builder.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <host/expression/parser.hpp>
#include <host/io/printable.hpp>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <prorata/error.hpp>

namespace prorata::expression {

namespace {

constexpr std::size_t longest_text = 64 * 1024;
constexpr int deepest_nesting = 200;

struct function_name {
  std::string_view name;
  operation op;
  int fewest, most;  // arguments
};

// `where`, `pow`, `fma` and `clamp` are put together below; the operation named here for them is not used.
constexpr function_name functions[] = {
    {"abs", operation::absolute, 1, 1},      {"sqrt", operation::square_root, 1, 1},
    {"cbrt", operation::cube_root, 1, 1},    {"exp", operation::exp, 1, 1},
    {"exp2", operation::exp2, 1, 1},         {"expm1", operation::expm1, 1, 1},
    {"log", operation::log, 1, 1},           {"log2", operation::log2, 1, 1},
    {"log10", operation::log10, 1, 1},       {"log1p", operation::log1p, 1, 1},
    {"sin", operation::sin, 1, 1},           {"cos", operation::cos, 1, 1},
    {"tan", operation::tan, 1, 1},           {"asin", operation::asin, 1, 1},
    {"acos", operation::acos, 1, 1},         {"atan", operation::atan, 1, 1},
    {"atan2", operation::atan2, 2, 2},       {"sinh", operation::sinh, 1, 1},
    {"cosh", operation::cosh, 1, 1},         {"tanh", operation::tanh, 1, 1},
    {"floor", operation::floor, 1, 1},       {"ceil", operation::ceil, 1, 1},
    {"round", operation::nearest, 1, 1},     {"trunc", operation::trunc, 1, 1},
    {"min", operation::minimum, 2, 16},      {"max", operation::maximum, 2, 16},
    {"pow", operation::power, 2, 2},         {"hypot", operation::hypot, 2, 2},
    {"fma", operation::multiply_add, 3, 3},  {"isnan", operation::is_nan, 1, 1},
    {"isinf", operation::is_infinite, 1, 1}, {"isfinite", operation::is_finite, 1, 1},
    {"sign", operation::sign, 1, 1},         {"clamp", operation::constant, 3, 3},
    {"where", operation::select, 3, 3}};

/// Edits (insert, delete, replace, swap neighbours) between two short words.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before = row;
    row = next;
  }
  return row.back();
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

enum level : int { any, disjunction, conjunction, inversion, comparison, sum, product };

struct binary_operator {
  std::string_view text;
  level binds;
  operation op;
  bool swapped = false;  // a > b is b < a
};

// Longer texts before their beginnings.
constexpr binary_operator binary_operators[] = {{"||", disjunction, operation::either},
                                                {"or", disjunction, operation::either},
                                                {"&&", conjunction, operation::both},
                                                {"and", conjunction, operation::both},
                                                {"<=", comparison, operation::less_equal},
                                                {">=", comparison, operation::less_equal, true},
                                                {"==", comparison, operation::equal},
                                                {"!=", comparison, operation::not_equal},
                                                {"<", comparison, operation::less},
                                                {">", comparison, operation::less, true},
                                                {"+", sum, operation::add},
                                                {"-", sum, operation::subtract},
                                                {"*", product, operation::multiply},
                                                {"/", product, operation::divide},
                                                {"%", product, operation::modulo}};

class parser {
 public:
  parser(std::string_view text, std::vector<io::element_type> inputs)
      : text_(text), build_(std::move(inputs)) {}

  tree parse() {
    skip_space();
    if (at_end()) fail("nothing to compute");
    int const root = choice();
    if (!at_end()) unexpected();
    return build_.finish(root);
  }

 private:
  /// Counts nesting for as long as it lives.
  struct nesting {
    explicit nesting(parser& p) : p_(p) {
      if (++p_.depth_ > deepest_nesting) p_.fail("nested more than 200 levels deep");
    }
    ~nesting() { --p_.depth_; }
    parser& p_;
  };

  bool at_end() const { return next_ == text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return next_ + ahead < text_.size() ? text_[next_ + ahead] : '\0';
  }
  std::size_t column() const { return next_ + 1; }
  [[noreturn]] void fail(std::string const& reason) { fail_at(column(), reason); }
  [[noreturn]] void fail_at(std::size_t column, std::string const& reason) {
    build_.at(column);
    build_.fail(reason);
  }

  void skip_space() {
    while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++next_;
  }
  void advance(std::size_t n) {
    next_ += n;
    skip_space();
  }
  bool accept(char c) {
    if (at_end() || peek() != c) return false;
    advance(1);
    return true;
  }
  void expect(char c, char const* where) {
    if (!accept(c)) fail(std::string("expected '") + c + "' " + where + found());
  }
  std::string found() const {
    return at_end() ? ", but the expression ends here"
                    : ", found '" + io::printable(text_.substr(next_, 1)) + "'";
  }

  [[noreturn]] void unexpected() {
    std::string_view const word = text_.substr(next_, word_length());
    if (word == "if" || word == "else") fail("write a choice as c ? a : b or where(c, a, b)");
    if (peek() == '=') fail("'=' assigns nothing here; compare with '=='");
    if (peek() == '^') fail("'^' is not an operator; a power is written '**'");
    if (peek() == '&' || peek() == '|' || peek() == '~')
      fail("bit operators are not supported; logic is written and, or, not");
    fail("expected an operator" + found());
  }

  std::size_t word_length() const {
    std::size_t n = 0;
    while (is_letter(peek(n)) || (n > 0 && is_digit(peek(n)))) ++n;
    return n;
  }

  /// choice := logic ('?' choice ':' choice)?
  int choice() {
    nesting const level(*this);
    int const condition = binary(disjunction);
    std::size_t const at = column();
    if (!accept('?')) return condition;
    int const a = choice();
    expect(':', "after the first value of a choice");
    int const b = choice();
    build_.at(at);
    return build_.select(condition, a, b);
  }

  std::optional<binary_operator> next_operator() const {
    for (auto const& one : binary_operators) {
      if (!text_.substr(next_).starts_with(one.text)) continue;
      if (is_letter(one.text[0]) && word_length() != one.text.size()) continue;
      if (one.text == "*" && peek(1) == '*') continue;
      return one;
    }
    return {};
  }

  /// Operators that bind at least as tightly as `loosest`.
  int binary(level loosest) {
    int left;
    std::size_t const start = column();
    if (loosest <= inversion && text_.substr(next_, word_length()) == "not") {
      nesting const level(*this);
      advance(3);
      int const operand = binary(inversion);
      build_.at(start);
      left = build_.apply(operation::negation, operand);
    } else {
      left = unary();
    }
    for (int previous = -1;;) {
      auto const found = next_operator();
      if (!found || found->binds < loosest) return left;
      std::size_t const at = column();
      advance(found->text.size());
      int const right = binary(static_cast<level>(found->binds + 1));
      build_.at(at);
      if (found->binds != comparison) {
        left = build_.apply(found->op, left, right);
        continue;
      }
      // a < b < c is a < b and b < c
      int const first = previous >= 0 ? previous : left;
      int const holds =
          found->swapped ? build_.apply(found->op, right, first) : build_.apply(found->op, first, right);
      left = previous >= 0 ? build_.apply(operation::both, left, holds) : holds;
      previous = right;
    }
  }

  /// unary := ('-' | '+' | '!') unary | primary ('**' unary)?
  int unary() {
    std::size_t const at = column();
    bool const minus = peek() == '-', plus = peek() == '+', bang = peek() == '!' && peek(1) != '=';
    if (minus || plus || bang) {
      nesting const level(*this);
      advance(1);
      int const operand = unary();
      build_.at(at);
      return plus ? operand : build_.apply(minus ? operation::negate : operation::negation, operand);
    }
    int const base = primary();
    std::size_t const power_at = column();
    if (peek() != '*' || peek(1) != '*') return base;
    nesting const level(*this);
    advance(2);
    int const exponent = unary();
    build_.at(power_at);
    return build_.power(base, exponent);
  }

  int primary() {
    build_.at(column());
    if (accept('(')) {
      int const inner = choice();
      expect(')', "to close a parenthesis");
      return inner;
    }
    if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) return number();
    if (is_letter(peek())) return word();
    fail("expected a number, a variable or a function" + found());
  }

  int number() {
    std::size_t end = 0;
    while (is_digit(peek(end))) ++end;
    bool whole = true;
    if (peek(end) == '.') {
      whole = false;
      for (++end; is_digit(peek(end));) ++end;
    }
    if (peek(end) == 'e' || peek(end) == 'E') {
      std::size_t const sign = peek(end + 1) == '+' || peek(end + 1) == '-' ? 1 : 0;
      if (is_digit(peek(end + 1 + sign))) {
        whole = false;
        for (end += 1 + sign; is_digit(peek(end));) ++end;
      }
    }
    std::string_view const digits = text_.substr(next_, end);
    if (is_letter(peek(end)) || peek(end) == '.')
      fail_at(next_ + end + 1,
              "unexpected '" + std::string(1, peek(end)) + "' in a number; a product is written 2*x");
    int index;
    if (whole) {
      std::uint64_t value = 0;
      if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{})
        fail("the integer does not fit 64 bits; write it with a decimal point");
      index = build_.integer(value);
    } else {
      double value = 0;
      if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{})
        fail("the number is beyond the range of double");
      index = build_.real(value);
    }
    advance(end);
    return index;
  }

  /// Which input a name stands for, or -1.
  static int variable(std::string_view name) {
    constexpr std::string_view short_names = "xyzw";
    if (name.size() == 1)
      return static_cast<int>(static_cast<std::ptrdiff_t>(short_names.find(name[0]) + 1)) - 1;
    if (name[0] != 'x' || name.size() > 3 || !is_digit(name[1]) || (name.size() == 3 && !is_digit(name[2])))
      return -1;
    if (name.size() == 2) return name[1] - '0';
    int const which = (name[1] - '0') * 10 + (name[2] - '0');
    return name[1] != '0' && which <= 15 ? which : -1;
  }

  int word() {
    std::size_t const at = column();
    std::string_view const name = text_.substr(next_, word_length());
    if (name == "not") fail("'not' here needs parentheses, or write '!'");
    if (name == "if" || name == "else" || name == "and" || name == "or")
      fail("expected a value, found '" + std::string(name) + "'");
    advance(name.size());
    if (peek() == '(') return call(name, at);
    if (int const which = variable(name); which >= 0) {
      if (which >= build_.input_count())
        fail_at(at,
                std::string(1, '\'').append(name) + "' is input " + std::to_string(which + 1) +
                    ", but there " +
                    (build_.input_count() == 1 ? "is 1 input"
                                               : "are " + std::to_string(build_.input_count()) + " inputs"));
      return build_.input(which);
    }
    if (name == "pi") return build_.real(std::numbers::pi);
    if (name == "e") return build_.real(std::numbers::e);
    if (name == "inf") return build_.real(std::numeric_limits<double>::infinity());
    if (name == "nan") return build_.real(std::numeric_limits<double>::quiet_NaN());
    if (name == "true" || name == "True") return build_.truth(true);
    if (name == "false" || name == "False") return build_.truth(false);
    for (auto const& known : functions)
      if (name == known.name) fail("expected '(' after the function '" + std::string(name) + "'");
    fail_at(at, "unknown name '" + io::printable(name, 32) + "'" + suggestion(name) +
                    "; inputs are x, y, z, w or x0 to x15");
  }

  static std::string suggestion(std::string_view name) {
    std::string_view best;
    std::size_t fewest = name.size() <= 3 ? 2 : 3;  // at least this many edits are no typing slip
    if (name.size() > 16) return "";
    for (auto const& known : functions)
      if (std::size_t const edits = distance(name, known.name); edits < fewest)
        fewest = edits, best = known.name;
    return best.empty() ? "" : " (did you mean '" + std::string(best) + "'?)";
  }

  int call(std::string_view name, std::size_t at) {
    auto const known = std::find_if(std::begin(functions), std::end(functions),
                                    [&](auto const& f) { return f.name == name; });
    if (known == std::end(functions))
      fail_at(at, "unknown function '" + io::printable(name, 32) + "'" + suggestion(name));
    advance(1);
    std::vector<int> arguments;
    while (peek() != ')' || !arguments.empty()) {
      if (static_cast<int>(arguments.size()) == known->most) wrong_count(*known, at);
      arguments.push_back(choice());
      if (!accept(',')) break;
    }
    expect(')', "after the arguments");
    if (static_cast<int>(arguments.size()) < known->fewest) wrong_count(*known, at);
    build_.at(at);
    if (name == "where") return build_.select(arguments[0], arguments[1], arguments[2]);
    if (name == "pow") return build_.power(arguments[0], arguments[1]);
    if (name == "fma") return build_.multiply_add(arguments[0], arguments[1], arguments[2]);
    if (name == "clamp")
      return build_.apply(operation::minimum, build_.apply(operation::maximum, arguments[0], arguments[1]),
                          arguments[2]);
    if (known->most == 1) return build_.apply(known->op, arguments[0]);
    return std::accumulate(arguments.begin() + 1, arguments.end(), arguments[0],
                           [&](int a, int b) { return build_.apply(known->op, a, b); });
  }

  [[noreturn]] void wrong_count(function_name const& f, std::size_t at) {
    std::string const count = f.fewest == f.most ? std::to_string(f.fewest)
                                                 : std::to_string(f.fewest) + " to " + std::to_string(f.most);
    fail_at(at, std::string(f.name) + " takes " + count + (f.most == 1 ? " argument" : " arguments"));
  }

  std::string_view text_;
  std::size_t next_ = 0;
  int depth_ = 0;
  builder build_;
};

}  // namespace

tree parse(std::string_view text, std::vector<io::element_type> inputs) {
  require(text.size() <= longest_text, "expression: longer than 65536 characters");
  require(inputs.size() <= 16, "expression: more than 16 inputs");
  return parser(text, std::move(inputs)).parse();
}

}  // namespace prorata::expression
