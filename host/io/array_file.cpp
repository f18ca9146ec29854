// Shapes: their product, checked, and their text.
#include <host/io/array_file.hpp>

namespace prorata::io {

index_t count_of(std::vector<index_t> const& shape) {
  index_t count = 1;
  bool overflow = false;
  for (index_t const extent : shape) {
    if (extent == 0) return 0;
    overflow = overflow || __builtin_mul_overflow(count, extent, &count);
  }
  return overflow ? -1 : count;
}

std::string shape_text(std::vector<index_t> const& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace prorata::io
