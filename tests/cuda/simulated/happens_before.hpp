// What ThreadSanitizer is told. The simulator itself is compiled without it: its threads are fibers of one
// thread of the system, and only what orders memory on a GPU may order it here. Without that sanitizer, nothing.
#pragma once

#ifdef PRORATA_SIMULATED_TSAN
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* place);
void __tsan_release(void* place);
void AnnotateIgnoreReadsBegin(char const* file, int line);
void AnnotateIgnoreReadsEnd(char const* file, int line);
void AnnotateIgnoreWritesBegin(char const* file, int line);
void AnnotateIgnoreWritesEnd(char const* file, int line);
}
#endif

namespace simulated {

#ifdef PRORATA_SIMULATED_TSAN
inline constexpr bool watched = true;
inline void* current_context() { return __tsan_get_current_fiber(); }
inline void* make_context() { return __tsan_create_fiber(0); }
inline void drop_context(void* context) { __tsan_destroy_fiber(context); }
inline void enter_context(void* context) { __tsan_switch_to_fiber(context, 1); }  // orders nothing
#else
inline constexpr bool watched = false;
inline void* current_context() { return nullptr; }
inline void* make_context() { return nullptr; }
inline void drop_context(void*) {}
inline void enter_context(void*) {}
#endif

/// A place in memory by which one context tells others what it knows: release, and later acquire.
struct knowledge {
  char place = 0;
#ifdef PRORATA_SIMULATED_TSAN
  void release() { __tsan_release(&place); }
  void acquire() { __tsan_acquire(&place); }
#else
  void release() {}
  void acquire() {}
#endif
};

/// A scope whose memory the sanitizer does not look at: what fibers allocate and free for the simulator.
struct unseen {
#ifdef PRORATA_SIMULATED_TSAN
  unseen() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~unseen() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  unseen() {}
#endif
  unseen(unseen const&) = delete;
};

}  // namespace simulated
