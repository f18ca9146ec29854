// Running expressions on windows of columns.
#include <algorithm>
#include <host/dynamic/expressions.hpp>
#include <host/expression/cuda_source.hpp>
#include <host/expression/parser.hpp>
#include <host/io/file_window.hpp>
#include <host/run/store.hpp>
#include <span>
#include <utility>

namespace prorata::dynamic {

namespace {

std::vector<io::element_type> types_of(file_expression::columns const& in) {
  std::vector<io::element_type> types;
  for (auto const* column : in) types.push_back({column->array().type, column->array().swapped});
  return types;
}

}  // namespace

file_expression::file_expression(expression::tree const& tree, columns in, std::optional<io::dtype> to)
    : in_(std::move(in)),
      program_(tree, to),
      on_gpu_{expression::emit_cuda(tree, to), in_, io::size_of(program_.output())} {}

file_expression::file_expression(std::string const& text, columns in, std::optional<io::dtype> to)
    : file_expression(expression::parse(text, types_of(in)), in, to) {}

file_expression file_expression::condition(std::string const& text, columns in) {
  auto tree = expression::parse(text, types_of(in));
  if (tree.result_dtype() != io::dtype::boolean)
    tree = expression::parse("(" + text + ") != 0", types_of(in));
  return {tree, std::move(in), io::dtype::boolean};
}

void file_expression::values(piece p, void* to) const {
  expression::program::workspace space(program_);
  std::vector<io::file_window> windows(in_.size());
  std::vector<void const*> data;
  for (std::size_t i = 0; i < in_.size(); ++i) data.push_back(windows[i].read(*in_[i], p.begin, p.end));
  program_.run(data, to, p.end - p.begin, space);
}

void map(host::chunked_run& run, file_expression const& values, io::array_sink const& out) {
  index_t const size = io::size_of(values.type());
  auto const bytes = [size](piece p) { return static_cast<std::size_t>((p.end - p.begin) * size); };
  auto const computed = [&](piece p) {
    auto result = std::make_unique_for_overwrite<std::byte[]>(bytes(p));
    values.values(p, result.get());
    return result;
  };
  auto const on_host = [&](piece p) { out.write(p.begin, {computed(p).get(), bytes(p)}); };
  auto const on_gpu = [&](host::stream const& s, host::gpu_rank& gpu, piece p) {
    gpu.map(s, values.on_gpu(), p,
            [&](piece slot, std::byte const* results) { host::store_elements(s, out, slot, results); });
  };
  run.run("map", on_host, on_gpu, host::if_lost::do_again);
  auto const compare = [&](piece p, std::byte const* results) {
    std::vector<std::byte> written(bytes(p));
    out.read(p.begin, written);
    if (!std::ranges::equal(written, std::span(results, bytes(p)))) throw run.disagreement(p);
  };
  run.verify(
      [&](piece p) { compare(p, computed(p).get()); },
      [&](host::stream const& s, host::gpu_rank& gpu, piece p) { gpu.map(s, values.on_gpu(), p, compare); });
}

}  // namespace prorata::dynamic
