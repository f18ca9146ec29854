// Prints one statement per node.
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <host/expression/cuda_source.hpp>
#include <host/expression/semantics_text.hpp>

namespace prorata::expression {

namespace {

char const* name_of(type t) {
  constexpr char const* names[] = {"bool", "long long", "unsigned long long", "float", "double"};
  return names[static_cast<std::size_t>(t)];
}

char const* stored_name_of(io::dtype t) {
  constexpr char const* names[] = {"prorata::boolean8",  "signed char",   "short",          "int",
                                   "long long",          "unsigned char", "unsigned short", "unsigned int",
                                   "unsigned long long", "prorata::half", "float",          "double"};
  return names[static_cast<std::size_t>(t)];
}

std::string literal(type t, std::uint64_t bits) {
  char text[64];
  if (t == type::f32)
    std::snprintf(text, sizeof text, "__builtin_bit_cast(float, 0x%08xu)", static_cast<unsigned>(bits));
  else if (t == type::f64)
    std::snprintf(text, sizeof text, "__builtin_bit_cast(double, 0x%016llxull)",
                  static_cast<unsigned long long>(bits));
  else
    std::snprintf(text, sizeof text, "static_cast<%s>(0x%llxull)", name_of(t),
                  static_cast<unsigned long long>(bits));
  double const number =
      t == type::f32 ? std::bit_cast<float>(static_cast<std::uint32_t>(bits)) : std::bit_cast<double>(bits);
  if (t < type::f32 || !std::isfinite(number)) return text;
  char* const end = std::to_chars(text, text + sizeof text, std::abs(number), std::chars_format::hex).ptr;
  return (std::signbit(number) ? "-0x" : "0x") + std::string(text, end) + (t == type::f32 ? "f" : "");
}

std::string value(int index) { return std::string(1, 'v').append(std::to_string(index)); }

std::string statement(tree const& expression, int index) {
  node const& n = expression.nodes[static_cast<std::size_t>(index)];
  std::string const place = std::to_string(n.value);
  std::string text = std::string(name_of(n.result)) + " const " + value(index) + " = ";
  if (n.op == operation::constant) return text + literal(n.result, n.value);
  if (n.op == operation::input) {
    std::string element = "in" + place + "[i]";
    if (expression.inputs[n.value].swapped) element = "s::swapped(" + element + ")";
    return text + "s::load<" + name_of(n.result) + ">(" + element + ")";
  }
  text += std::string("s::") + describe(n.op).function;
  if (n.op == operation::convert) text += std::string("<") + name_of(n.result) + ">";
  for (int k = 0; k < describe(n.op).operands; ++k)
    text += (k == 0 ? "(" : ", ") + value(n.operands[static_cast<std::size_t>(k)]);
  return text + ")";
}

}  // namespace

std::string emit_cuda(tree const& expression, std::optional<io::dtype> output) {
  io::dtype const out = output.value_or(expression.result_dtype());
  std::string text = "#define PRORATA_HD __host__ __device__\n" + std::string(semantics_text);
  text += "namespace s = prorata::expression::semantics;\n";
  text += std::string("extern \"C\" __global__ void ") + cuda_kernel_name + "(long long n";
  for (std::size_t k = 0; k < expression.inputs.size(); ++k)
    text += std::string(", ") + stored_name_of(expression.inputs[k].type) + " const* in" + std::to_string(k);
  text += std::string(", ") + stored_name_of(out) + "* out) {\n";
  text += "  long long const stride = static_cast<long long>(gridDim.x) * blockDim.x;\n";
  text +=
      "  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += "
      "stride) {\n";
  std::vector<bool> needed(expression.nodes.size());
  needed[static_cast<std::size_t>(expression.root)] = true;
  for (std::size_t i = expression.nodes.size(); i-- > 0;)
    if (needed[i])
      for (int k = 0; k < describe(expression.nodes[i].op).operands; ++k)
        needed[static_cast<std::size_t>(expression.nodes[i].operands[static_cast<std::size_t>(k)])] = true;
  for (std::size_t i = 0; i < expression.nodes.size(); ++i)
    if (needed[i]) text += "    " + statement(expression, static_cast<int>(i)) + ";\n";
  std::string store = std::string("s::store<") + stored_name_of(out) + ">";
  if (out == io::dtype::f16) store = "s::store_half";
  if (out == io::dtype::boolean) store = "s::store_boolean";
  return text + "    out[i] = " + store + "(" + value(expression.root) + ");\n  }\n}\n";
}

}  // namespace prorata::expression
