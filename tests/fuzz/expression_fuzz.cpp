// Any text as an expression over inputs of any type: a program that runs and a kernel without foreign text,
// or a usage error.
#include <cstdlib>
#include <cstring>
#include <host/expression/cuda_source.hpp>
#include <host/expression/parser.hpp>
#include <host/expression/program.hpp>
#include <prorata/error.hpp>

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

// The first two bytes choose the types of the inputs and of the output, the rest is the expression.
extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
  using namespace prorata;
  using namespace prorata::expression;
  if (size < 2) return 0;
  std::vector<io::element_type> inputs;
  for (unsigned k = 0; k < 4; ++k)
    inputs.push_back({static_cast<io::dtype>((data[0] + k * (data[0] / 12)) % 12), (data[1] >> 4 & 1) != 0});
  try {
    tree const t = parse({reinterpret_cast<char const*>(data) + 2, size - 2}, inputs);
    program const p(t, static_cast<io::dtype>(data[1] % 12));
    program::workspace space(p);
    constexpr index_t n = 70;
    alignas(8) std::byte input[4][n * 8 + 1];
    for (unsigned k = 0; k < 4; ++k)
      for (std::size_t i = 0; i < sizeof input[k]; ++i)
        input[k][i] = static_cast<std::byte>(i * (2 * k + 37) ^ i >> 3);
    unsigned const shift = data[1] >> 5 & 1;
    void const* const pointers[4] = {input[0] + shift, input[1] + shift, input[2] + shift, input[3] + shift};
    std::vector<std::byte> result(static_cast<std::size_t>(n * io::size_of(p.output())));
    p.run(pointers, result.data(), n, space);
    std::string const source = emit_cuda(t, p.output());
    must(source.find_first_of("#\\@$`'\"", source.find("prorata_map(")) == std::string::npos);
  } catch (usage_error const& error) {
    std::string const message = error.what();
    must(message.starts_with("expression: ") && message.find_first_of("\n\r\x1b") == std::string::npos &&
         message.size() < 300);
  }
  return 0;
}
