// tree: a typed expression, every distinct operation once, operands before their users.
#pragma once

#include <array>
#include <cstdint>
#include <host/io/dtype.hpp>
#include <map>
#include <string>
#include <vector>

namespace prorata::expression {

/// The types an expression computes in. Narrow integers are read as i64 (u64 stays), halves as f32.
enum class type : std::uint8_t { boolean, i64, u64, f32, f64 };

enum class operation : std::uint8_t {
  input,
  constant,
  convert,
  select,
  multiply_add,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  integer_power,
  power,
  minimum,
  maximum,
  atan2,
  hypot,
  less,
  less_equal,
  equal,
  not_equal,
  both,
  either,
  negate,
  absolute,
  sign,
  negation,
  square_root,
  floor,
  ceil,
  nearest,
  trunc,
  is_nan,
  is_infinite,
  is_finite,
  cube_root,
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh
};

/// What operand types an operation takes and what it gives back.
enum class signature : std::uint8_t {
  special,
  arithmetic,  ///< promoted together; boolean counts as i64
  real,        ///< promoted together; integers as f64
  rounding,    ///< reals as they are; integers are already whole
  comparison,  ///< promoted together; gives boolean
  logic,       ///< boolean; gives boolean
  question     ///< promoted to real; gives boolean
};

struct operation_description {
  operation op;
  char const* function;  ///< in semantics.hpp
  int operands;
  signature rule;
};

operation_description const& describe(operation op);

struct node {
  operation op;
  type result;
  bool weak = false;  ///< made of literals only: takes the type of whatever it meets
  std::array<int, 3> operands{-1, -1, -1};
  std::uint64_t value = 0;  ///< a constant's bits, or which input

  friend auto operator<=>(node const&, node const&) = default;
};

/// An expression over the inputs. Operands of node i have indices below i; nothing has to recurse.
struct tree {
  std::vector<node> nodes;
  int root = -1;
  std::vector<io::element_type> inputs;

  type result() const { return nodes[static_cast<std::size_t>(root)].result; }
  /// The dtype in which the result is stored when the user asks for none.
  io::dtype result_dtype() const;
  bool uses_input(int which) const;
};

/// The type in which an expression sees elements of a file.
constexpr type type_of(io::dtype element) {
  switch (element) {
    case io::dtype::boolean:
      return type::boolean;
    case io::dtype::u64:
      return type::u64;
    case io::dtype::f16:
    case io::dtype::f32:
      return type::f32;
    case io::dtype::f64:
      return type::f64;
    default:
      return type::i64;
  }
}

/// Builds a tree bottom up: types by NumPy's rules, literals folded, repeated operations shared.
///   promotion   boolean < i64, u64 < f32 < f64; i64 with u64 → f64; 64-bit integers with f32 → f64;
///               a literal takes the other side's type, unless it is real and the other an integer (→ f64)
///   limits      10,000 operations
///   throws      usage_error "expression: column N: …", N set by at()
class builder {
 public:
  explicit builder(std::vector<io::element_type> inputs);

  void at(std::size_t column) { column_ = column; }
  [[noreturn]] void fail(std::string const& reason) const;

  int input(int which);
  int integer(std::uint64_t value);
  int real(double value);
  int truth(bool value);
  int apply(operation op, int a, int b = -1, int c = -1);
  int power(int base, int exponent);
  int select(int condition, int a, int b);
  int multiply_add(int a, int b, int c);

  int input_count() const { return static_cast<int>(tree_.inputs.size()); }
  tree finish(int root);

 private:
  node const& get(int index) const { return tree_.nodes[static_cast<std::size_t>(index)]; }
  type promoted(std::array<int, 3> const& operands, int count) const;
  int convert(int index, type to);
  int add_node(node const& fresh);
  int make(operation op, type operand_type, type result, std::array<int, 3> const& operands);

  tree tree_;
  std::map<node, int> known_;
  std::size_t column_ = 0;
};

}  // namespace prorata::expression
