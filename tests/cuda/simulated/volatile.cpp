// Volatile loads and stores of device code, which ThreadSanitizer is told of apart: on a GPU they are relaxed
// atomic loads, and stores like any other. GCC calls these where it is given tsan-distinguish-volatile=1.
extern "C" {
unsigned char __tsan_atomic8_load(unsigned char const volatile* from, int order);
unsigned __tsan_atomic32_load(unsigned const volatile* from, int order);
unsigned long __tsan_atomic64_load(unsigned long const volatile* from, int order);
void __tsan_write1(void* to);
void __tsan_write4(void* to);
void __tsan_write8(void* to);

void __tsan_volatile_read1(void* from) { __tsan_atomic8_load(static_cast<unsigned char*>(from), 0); }
void __tsan_volatile_read4(void* from) { __tsan_atomic32_load(static_cast<unsigned*>(from), 0); }
void __tsan_volatile_read8(void* from) { __tsan_atomic64_load(static_cast<unsigned long*>(from), 0); }
void __tsan_volatile_write1(void* to) { __tsan_write1(to); }
void __tsan_volatile_write4(void* to) { __tsan_write4(to); }
void __tsan_volatile_write8(void* to) { __tsan_write8(to); }
}
