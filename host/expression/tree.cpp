// Typing, folding and sharing.
#include <bit>
#include <cmath>
#include <cstring>
#include <host/expression/loops.hpp>
#include <host/expression/tree.hpp>
#include <prorata/error.hpp>

namespace prorata::expression {

namespace {

constexpr std::size_t most_nodes = 10'000;

constexpr operation_description operations[] = {
    {operation::input, "", 0, signature::special},
    {operation::constant, "", 0, signature::special},
    {operation::convert, "convert", 1, signature::special},
    {operation::select, "select", 3, signature::special},
    {operation::multiply_add, "multiply_add", 3, signature::real},
    {operation::add, "add", 2, signature::arithmetic},
    {operation::subtract, "subtract", 2, signature::arithmetic},
    {operation::multiply, "multiply", 2, signature::arithmetic},
    {operation::divide, "divide", 2, signature::real},
    {operation::modulo, "modulo", 2, signature::arithmetic},
    {operation::integer_power, "integer_power", 2, signature::arithmetic},
    {operation::power, "power", 2, signature::real},
    {operation::minimum, "minimum", 2, signature::arithmetic},
    {operation::maximum, "maximum", 2, signature::arithmetic},
    {operation::atan2, "atan2", 2, signature::real},
    {operation::hypot, "hypot", 2, signature::real},
    {operation::less, "less", 2, signature::comparison},
    {operation::less_equal, "less_equal", 2, signature::comparison},
    {operation::equal, "equal", 2, signature::comparison},
    {operation::not_equal, "not_equal", 2, signature::comparison},
    {operation::both, "both", 2, signature::logic},
    {operation::either, "either", 2, signature::logic},
    {operation::negate, "negate", 1, signature::arithmetic},
    {operation::absolute, "absolute", 1, signature::arithmetic},
    {operation::sign, "sign", 1, signature::arithmetic},
    {operation::negation, "negation", 1, signature::logic},
    {operation::square_root, "square_root", 1, signature::real},
    {operation::floor, "floor", 1, signature::rounding},
    {operation::ceil, "ceil", 1, signature::rounding},
    {operation::nearest, "nearest", 1, signature::rounding},
    {operation::trunc, "trunc", 1, signature::rounding},
    {operation::is_nan, "is_nan", 1, signature::question},
    {operation::is_infinite, "is_infinite", 1, signature::question},
    {operation::is_finite, "is_finite", 1, signature::question},
    {operation::cube_root, "cube_root", 1, signature::real},
    {operation::exp, "exp", 1, signature::real},
    {operation::exp2, "exp2", 1, signature::real},
    {operation::expm1, "expm1", 1, signature::real},
    {operation::log, "log", 1, signature::real},
    {operation::log2, "log2", 1, signature::real},
    {operation::log10, "log10", 1, signature::real},
    {operation::log1p, "log1p", 1, signature::real},
    {operation::sin, "sin", 1, signature::real},
    {operation::cos, "cos", 1, signature::real},
    {operation::tan, "tan", 1, signature::real},
    {operation::asin, "asin", 1, signature::real},
    {operation::acos, "acos", 1, signature::real},
    {operation::atan, "atan", 1, signature::real},
    {operation::sinh, "sinh", 1, signature::real},
    {operation::cosh, "cosh", 1, signature::real},
    {operation::tanh, "tanh", 1, signature::real}};

constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < std::size(operations); ++i)
    if (operations[i].op != static_cast<operation>(i)) return false;
  return operations[std::size(operations) - 1].op == operation::tanh;
}
static_assert(table_is_in_order());

bool is_real(type t) { return t >= type::f32; }

/// One value of any type, as the loops take it.
struct alignas(8) cell {
  std::byte bytes[8] = {};
  cell() = default;
  explicit cell(std::uint64_t bits) { std::memcpy(bytes, &bits, sizeof bits); }
  std::uint64_t bits() const { return std::bit_cast<std::uint64_t>(bytes); }
};

double as_double(type from, cell const& value) {
  cell out;
  find_convert(from, type::f64)(&out, &value, nullptr, nullptr, 1);
  return std::bit_cast<double>(out.bits());
}

}  // namespace

operation_description const& describe(operation op) { return operations[static_cast<std::size_t>(op)]; }

io::dtype tree::result_dtype() const {
  constexpr io::dtype stored[] = {io::dtype::boolean, io::dtype::i64, io::dtype::u64, io::dtype::f32,
                                  io::dtype::f64};
  return stored[static_cast<std::size_t>(result())];
}

bool tree::uses_input(int which) const {
  for (auto const& n : nodes)
    if (n.op == operation::input && n.value == static_cast<std::uint64_t>(which)) return true;
  return false;
}

builder::builder(std::vector<io::element_type> inputs) { tree_.inputs = std::move(inputs); }

void builder::fail(std::string const& reason) const {
  refuse("expression: column " + std::to_string(column_) + ": " + reason);
}

int builder::add_node(node const& fresh) {
  auto const [place, added] = known_.try_emplace(fresh, static_cast<int>(tree_.nodes.size()));
  if (added) {
    if (tree_.nodes.size() == most_nodes) fail("more than 10000 operations");
    tree_.nodes.push_back(fresh);
  }
  return place->second;
}

int builder::input(int which) {
  type const seen_as = type_of(tree_.inputs[static_cast<std::size_t>(which)].type);
  return add_node({operation::input, seen_as, false, {-1, -1, -1}, static_cast<std::uint64_t>(which)});
}
int builder::integer(std::uint64_t value) {
  bool const fits = value <= static_cast<std::uint64_t>(INT64_MAX);
  return add_node({operation::constant, fits ? type::i64 : type::u64, true, {-1, -1, -1}, value});
}
int builder::real(double value) {
  return add_node({operation::constant, type::f64, true, {-1, -1, -1}, std::bit_cast<std::uint64_t>(value)});
}
int builder::truth(bool value) {
  return add_node({operation::constant, type::boolean, true, {-1, -1, -1}, value});
}

/// The common type of the operands.
type builder::promoted(std::array<int, 3> const& operands, int count) const {
  auto const meet = [](type a, type b) {
    if (a > b) std::swap(a, b);
    bool const wide = (a == type::i64 || a == type::u64) && a != b;  // with u64 or f32 only f64 holds both
    return wide ? type::f64 : b;
  };
  type strong = type::boolean, weak = type::boolean;
  bool any_strong = false, negative = false;
  for (int i = 0; i < count; ++i) {
    node const& n = get(operands[static_cast<std::size_t>(i)]);
    if (!n.weak) strong = any_strong ? meet(strong, n.result) : n.result;
    if (n.weak) weak = meet(weak, n.result);
    any_strong = any_strong || !n.weak;
    negative = negative || (n.weak && n.result == type::i64 && static_cast<std::int64_t>(n.value) < 0);
  }
  if (!any_strong) return weak;
  if (weak == type::f64) return is_real(strong) ? strong : type::f64;
  if (is_real(strong)) return strong;
  if (weak == type::i64 && strong == type::u64 && !negative) return strong;
  return meet(strong, weak);
}

int builder::convert(int index, type to) {
  node const from = get(index);
  if (from.result == to) return index;
  int const converted = make(operation::convert, from.result, to, {index, -1, -1});
  return converted;
}

/// Adds the operation, or its value when all operands are constants.
int builder::make(operation op, type operand_type, type result, std::array<int, 3> const& operands) {
  node fresh{op, result, false, operands, 0};
  int const count = describe(op).operands;
  bool constant = true;
  bool weak = true;
  cell values[3];
  for (int i = 0; i < count; ++i) {
    node const& n = get(operands[static_cast<std::size_t>(i)]);
    constant = constant && n.op == operation::constant;
    weak = weak && n.weak;
    values[i] = cell(n.value);
  }
  if (!constant) return add_node(fresh);
  cell out;
  (op == operation::convert ? find_convert(operand_type, result) : find_loop(op, operand_type, 0))(
      &out, &values[0], &values[1], &values[2], 1);
  bool const may_wrap = op == operation::add || op == operation::subtract || op == operation::multiply ||
                        op == operation::negate || op == operation::integer_power;
  if (may_wrap && !is_real(result)) {
    cell reals[2], exact;
    for (int i = 0; i < count; ++i)
      reals[i] = cell(std::bit_cast<std::uint64_t>(as_double(operand_type, values[i])));
    operation const in_reals = op == operation::integer_power ? operation::power : op;
    find_loop(in_reals, type::f64, 0)(&exact, &reals[0], &reals[1], nullptr, 1);
    if (!(std::abs(as_double(type::f64, exact) - as_double(result, out)) < 1e6))
      fail("an integer constant does not fit 64 bits; write it with a decimal point");
  }
  return add_node({operation::constant, result, weak, {-1, -1, -1}, out.bits()});
}

int builder::apply(operation op, int a, int b, int c) {
  auto const& what = describe(op);
  std::array<int, 3> operands{a, b, c};
  type common = promoted(operands, what.operands);
  type result = common;
  switch (what.rule) {
    case signature::special:
      break;
    case signature::arithmetic:
      if (common == type::boolean) common = type::i64;
      result = common;
      break;
    case signature::real:
      if (!is_real(common)) common = type::f64;
      result = common;
      break;
    case signature::rounding:
      if (!is_real(common)) return convert(a, common == type::boolean ? type::i64 : common);
      break;
    case signature::comparison:
      result = type::boolean;
      break;
    case signature::logic:
      common = result = type::boolean;
      break;
    case signature::question:
      if (!is_real(common)) common = type::f64;
      result = type::boolean;
      break;
  }
  // -9223372036854775808 is read as minus 2^63, which alone does not fit.
  if (op == operation::negate && common == type::u64 && get(a).weak)
    return get(a).value == 1ull << 63
               ? add_node({operation::constant, type::i64, true, {-1, -1, -1}, 1ull << 63})
               : apply(op, convert(a, type::f64));
  for (int i = 0; i < what.operands; ++i)
    operands[static_cast<std::size_t>(i)] = convert(operands[static_cast<std::size_t>(i)], common);
  return make(op, common, result, operands);
}

/// Integers to a written, non-negative integer power stay integers; x**2, x**0.5, x**-1 and x**1 are the
/// exactly rounded x*x, sqrt(x), 1/x and x; everything else is the library's pow.
int builder::power(int base, int exponent) {
  node const e = get(exponent);
  bool const written = e.op == operation::constant;
  bool const integer_base = !is_real(get(base).result);
  if (written && integer_base && e.result == type::i64 && static_cast<std::int64_t>(e.value) >= 0)
    return apply(operation::integer_power, base, exponent);
  if (written && !integer_base) {
    double const value = as_double(e.result, cell(e.value));
    bool const keeps_type = promoted({base, exponent, -1}, 2) == get(base).result;
    if (keeps_type && value == 2) return apply(operation::multiply, base, base);
    if (keeps_type && value == 0.5) return apply(operation::square_root, base);
    if (keeps_type && value == -1) return apply(operation::divide, integer(1), base);
    if (keeps_type && value == 1) return base;
  }
  return apply(operation::power, base, exponent);
}

int builder::select(int condition, int a, int b) {
  type const common = promoted({a, b, -1}, 2);
  node const c = get(condition);
  int const chosen_a = convert(a, common), chosen_b = convert(b, common);
  if (c.op == operation::constant)
    return get(convert(condition, type::boolean)).value != 0 ? chosen_a : chosen_b;
  if (chosen_a == chosen_b) return chosen_a;
  return make(operation::select, common, common, {convert(condition, type::boolean), chosen_a, chosen_b});
}

int builder::multiply_add(int a, int b, int c) {
  if (!is_real(promoted({a, b, c}, 3))) return apply(operation::add, apply(operation::multiply, a, b), c);
  return apply(operation::multiply_add, a, b, c);
}

tree builder::finish(int root) {
  tree_.root = root;
  return std::move(tree_);
}

}  // namespace prorata::expression
