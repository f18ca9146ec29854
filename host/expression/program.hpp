// program: an expression as a list of loops over registers of 2 KiB.
#pragma once

#include <cstddef>
#include <host/expression/loops.hpp>
#include <host/expression/tree.hpp>
#include <optional>
#include <span>
#include <vector>

namespace prorata::expression {

/// A compiled expression, immutable: many threads may run it, each with its own workspace.
class program {
 public:
  /// The registers of one thread: about 2 KiB for each value alive at once, so that an expression of a few
  /// values and its inputs and output stay within 32 KiB of first-level cache.
  class workspace {
   public:
    explicit workspace(program const& p);

   private:
    friend class program;
    std::vector<std::byte> memory_;
    std::vector<void const*> slots_;
    std::vector<std::byte*> staging_;
  };

  /// Results are stored as `output`, by default in the type the expression computes. Reals become integers
  /// towards zero, saturating, NaN as 0; integers become narrower by saturating; every NaN is stored as the
  /// one positive quiet NaN.
  explicit program(tree const& expression, std::optional<io::dtype> output = {});

  io::dtype output() const { return output_; }
  std::size_t input_count() const { return inputs_.size(); }

  /// Computes n elements, a register full at a time.
  ///   inputs  one pointer per input of the tree, n elements each, in the file's type and byte order; any
  ///           alignment; unused ones may be null
  ///   result  room for n elements of output(), aligned to them, apart from the inputs
  ///   cost    reads each used input once and writes the result once; the rest stays in the cache
  void run(std::span<void const* const> inputs, void* result, index_t n, workspace& space) const;

 private:
  static constexpr index_t register_size = 2048;  // bytes
  static constexpr std::size_t register_stride =
      register_size + 128;  // a power of two would collide in the cache

  /// Slots: registers, then constants, then inputs.
  struct step {
    loop run;
    int out, a, b, c;
  };

  io::dtype output_;
  std::vector<io::element_type> inputs_;
  std::vector<bool> used_;
  std::vector<std::uint64_t> constants_;
  std::vector<step> steps_;
  loop store_ = nullptr;
  int root_slot_ = 0;
  int registers_ = 0;
  index_t tile_ = register_size;  // elements: as many of the widest type as a register holds
};

}  // namespace prorata::expression
