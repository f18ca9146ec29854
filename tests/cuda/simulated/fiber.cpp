// Switching stacks, in x86-64's own words: six registers and the stack pointer.
#include "fiber.hpp"

#include <sys/mman.h>

#include "happens_before.hpp"
#include "settings.hpp"

#ifdef PRORATA_SIMULATED_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" void simulated_switch_stack(void** from, void* to);
asm(R"(
.text
.globl simulated_switch_stack
.hidden simulated_switch_stack
.type simulated_switch_stack,@function
simulated_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size simulated_switch_stack,.-simulated_switch_stack
)");

namespace simulated {
namespace {
constexpr std::size_t stack_bytes = 256 * 1024, guard_bytes = 4096;
}

void make_fiber(fiber& f, void (*begin)()) {
  void* const memory = mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, guard_bytes, PROT_NONE) != 0) fault("no memory for a stack");
  f.stack = static_cast<char*>(memory) + guard_bytes;
  f.stack_bytes = stack_bytes;
  auto** top = reinterpret_cast<void**>(f.stack + stack_bytes);
  *--top = nullptr;  // as if begin() had been called: its frame is then aligned
  *--top = reinterpret_cast<void*>(begin);
  for (int k = 0; k < 6; ++k) *--top = nullptr;
  f.stack_pointer = top;
  f.watched_as = make_context();
}

void adopt_thread(fiber& f) {
  f = {};
  f.watched_as = current_context();
}

#ifdef PRORATA_SIMULATED_ASAN
namespace {
fiber* left = nullptr;  // whoever was left last

/// AddressSanitizer says where the stack that was left lies; the thread of the system is known by that alone.
void arrive(void* fake_stack) {
  void const* bottom = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(fake_stack, &bottom, &bytes);
  left->stack = static_cast<char*>(const_cast<void*>(bottom));
  left->stack_bytes = bytes;
}
}  // namespace

void begin_fiber() { arrive(nullptr); }

void switch_fiber(fiber& from, fiber& to) {
  left = &from;
  __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.stack_bytes);
  simulated_switch_stack(&from.stack_pointer, to.stack_pointer);
  arrive(from.fake_stack);
}
#else
void begin_fiber() {}

void switch_fiber(fiber& from, fiber& to) {
  enter_context(to.watched_as);
  simulated_switch_stack(&from.stack_pointer, to.stack_pointer);
}
#endif

}  // namespace simulated
