// Compiles a tree to loops over registers, and runs them tile by tile.
#include <algorithm>
#include <cstring>
#include <host/expression/program.hpp>

namespace prorata::expression {

namespace {

/// True when the expression can read the file's bytes as they are.
bool is_native(io::dtype stored) {
  return stored == io::dtype::i64 || stored == io::dtype::u64 || stored == io::dtype::f32 ||
         stored == io::dtype::f64;
}

index_t size_of(type t) { return t == type::boolean ? 1 : t == type::f32 ? 4 : 8; }

constexpr int from_constants = 1 << 20, from_inputs = 1 << 21;  // marks of slots until registers are counted

}  // namespace

program::program(tree const& expression, std::optional<io::dtype> output)
    : output_(output.value_or(expression.result_dtype())),
      inputs_(expression.inputs),
      used_(expression.inputs.size()) {
  auto const& nodes = expression.nodes;
  auto const at = [](int i) { return static_cast<std::size_t>(i); };

  // The last reader of every node; nodes nobody reads are not computed.
  std::vector<int> last_use(nodes.size(), -1);
  last_use[at(expression.root)] = static_cast<int>(nodes.size());
  for (int i = static_cast<int>(nodes.size()) - 1; i >= 0; --i) {
    if (last_use[at(i)] < 0) continue;
    for (int k = 0; k < describe(nodes[at(i)].op).operands; ++k) {
      int const operand = nodes[at(i)].operands[at(k)];
      last_use[at(operand)] = std::max(last_use[at(operand)], i);
    }
  }

  std::vector<int> slot(nodes.size(), -1), free_registers;
  auto const take_register = [&] {
    if (free_registers.empty()) return registers_++;
    int const reused = free_registers.back();
    free_registers.pop_back();
    return reused;
  };
  for (int i = 0; i < static_cast<int>(nodes.size()); ++i) {
    node const& n = nodes[at(i)];
    if (last_use[at(i)] < 0) continue;
    tile_ = std::min(tile_, register_size / size_of(n.result));
    if (n.op == operation::constant) {
      slot[at(i)] = from_constants + static_cast<int>(constants_.size());
      constants_.push_back(n.value);
    } else if (n.op == operation::input) {
      io::dtype const stored = inputs_[n.value].type;
      used_[n.value] = true;
      int const raw = from_inputs + static_cast<int>(n.value);
      slot[at(i)] = is_native(stored) ? raw : take_register();
      if (!is_native(stored)) steps_.push_back({find_load(stored), slot[at(i)], raw, raw, raw});
    } else {
      int const count = describe(n.op).operands;
      int operands[3] = {0, 0, 0};
      unsigned scalars = 0;
      for (int k = 0; k < count; ++k) {
        operands[k] = slot[at(n.operands[at(k)])];
        if (operands[k] >= from_constants && operands[k] < from_inputs) scalars |= 1u << k;
      }
      // The result's register is taken before the operands' are given back: loops never overlap their
      // operands.
      slot[at(i)] = take_register();
      type const operand_type = nodes[at(n.operands[n.op == operation::select ? 1 : 0])].result;
      loop const run = n.op == operation::convert ? find_convert(operand_type, n.result)
                                                  : find_loop(n.op, operand_type, scalars);
      steps_.push_back({run, slot[at(i)], operands[0], operands[1], operands[2]});
      for (int k = 0; k < count; ++k) {
        int const operand = n.operands[at(k)];
        bool const first =
            std::find(n.operands.begin(), n.operands.begin() + k, operand) == n.operands.begin() + k;
        if (first && last_use[at(operand)] == i && slot[at(operand)] < from_constants)
          free_registers.push_back(slot[at(operand)]);
      }
    }
  }

  auto const final_slot = [&](int marked) {
    if (marked >= from_inputs) return marked - from_inputs + registers_ + static_cast<int>(constants_.size());
    return marked >= from_constants ? marked - from_constants + registers_ : marked;
  };
  for (auto& s : steps_) s = {s.run, s.out, final_slot(s.a), final_slot(s.b), final_slot(s.c)};
  int const root = slot[at(expression.root)];
  root_slot_ = final_slot(root);
  store_ = find_store(expression.result(), output_, root >= from_constants && root < from_inputs);
}

program::workspace::workspace(program const& p) : staging_(p.inputs_.size(), nullptr) {
  auto const used = static_cast<std::size_t>(std::count(p.used_.begin(), p.used_.end(), true));
  auto const registers = static_cast<std::size_t>(p.registers_);
  memory_.resize((registers + used) * register_stride + p.constants_.size() * 8 + 64);
  auto const misaligned = reinterpret_cast<std::uintptr_t>(memory_.data()) % 64;
  std::byte* next = memory_.data() + (64 - misaligned) % 64;
  for (std::size_t i = 0; i < registers; ++i, next += register_stride) slots_.push_back(next);
  for (std::size_t k = 0; k < p.inputs_.size(); ++k)
    if (p.used_[k]) staging_[k] = next, next += register_stride;
  for (std::uint64_t const value : p.constants_) {
    std::memcpy(next, &value, sizeof value);
    slots_.push_back(next);
    next += sizeof value;
  }
  slots_.resize(slots_.size() + p.inputs_.size(), nullptr);
}

void program::run(std::span<void const* const> inputs, void* result, index_t n, workspace& space) const {
  auto& slots = space.slots_;
  std::size_t const first_input = slots.size() - inputs_.size();
  index_t const out_size = io::size_of(output_);
  for (index_t begin = 0; begin < n; begin += tile_) {
    index_t const count = std::min(tile_, n - begin);
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      if (!used_[k]) continue;
      index_t const size = io::size_of(inputs_[k].type);
      auto const* source = static_cast<std::byte const*>(inputs[k]) + begin * size;
      bool const aligned = reinterpret_cast<std::uintptr_t>(source) % static_cast<std::uintptr_t>(size) == 0;
      if (inputs_[k].swapped || !aligned) {
        std::memcpy(space.staging_[k], source, static_cast<std::size_t>(count * size));
        if (inputs_[k].swapped) io::swap_bytes(space.staging_[k], count, size);
        source = space.staging_[k];
      }
      slots[first_input + k] = source;
    }
    auto const slot = [&](int i) { return slots[static_cast<std::size_t>(i)]; };
    for (step const& s : steps_)
      s.run(const_cast<void*>(slot(s.out)), slot(s.a), slot(s.b), slot(s.c), count);
    store_(static_cast<std::byte*>(result) + begin * out_size, slot(root_slot_), nullptr, nullptr, count);
  }
}

}  // namespace prorata::expression
