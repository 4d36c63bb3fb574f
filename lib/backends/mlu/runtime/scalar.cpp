// Where kernels load and store by themselves. mlucc lets the compiler put a call before each such
// access, under the names that ThreadSanitizer's runtime would have; here they are bounds for the
// sanitizer and cycles for the clock. Code of the host comes here too, and returns at once.

#include <cstddef>
#include <cstdint>

#include <reel/backends/mlu/runtime/core.h>

namespace bang {
namespace {

// Only what lies on the card counts: inline functions of the host's libraries, which the linker may
// take from a kernel's object for the whole program, come here on a core's thread too.
inline void access(const void* p, int64_t bytes, bool write, const void* caller) {
  Core* core = current_core;
  if (core == nullptr) [[likely]]
    return;
  const Space space = space_of(p);
  if (space == Space::host) return;
  if (core->job->run->stopped.load(std::memory_order_relaxed)) throw Stopped{};
  core->clock.scalar(space == Space::gdram  ? Timing::kGdramAccess
                     : space == Space::sram ? Timing::kSramAccess
                                            : Timing::kNramAccess);
  if (space == Space::gdram || (core->task.memory_core() && space != Space::sram)) return;
  core->scalar_code = caller;
  check_operand(*core, *core->arena(space), p, bytes, write, write ? "a store" : "a load",
                kScalarSite);
}

}  // namespace
}  // namespace bang

using bang::access;

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the compiler's names.
extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
#define REEL_MLU_ACCESS(name, bytes, write) \
  void __tsan_##name(void* p) { access(p, bytes, write, __builtin_return_address(0)); }
REEL_MLU_ACCESS(read1, 1, false)
REEL_MLU_ACCESS(write1, 1, true)
REEL_MLU_ACCESS(read2, 2, false)
REEL_MLU_ACCESS(write2, 2, true)
REEL_MLU_ACCESS(read4, 4, false)
REEL_MLU_ACCESS(write4, 4, true)
REEL_MLU_ACCESS(read8, 8, false)
REEL_MLU_ACCESS(write8, 8, true)
REEL_MLU_ACCESS(read16, 16, false)
REEL_MLU_ACCESS(write16, 16, true)
REEL_MLU_ACCESS(unaligned_read2, 2, false)
REEL_MLU_ACCESS(unaligned_write2, 2, true)
REEL_MLU_ACCESS(unaligned_read4, 4, false)
REEL_MLU_ACCESS(unaligned_write4, 4, true)
REEL_MLU_ACCESS(unaligned_read8, 8, false)
REEL_MLU_ACCESS(unaligned_write8, 8, true)
REEL_MLU_ACCESS(unaligned_read16, 16, false)
REEL_MLU_ACCESS(unaligned_write16, 16, true)
REEL_MLU_ACCESS(volatile_read1, 1, false)
REEL_MLU_ACCESS(volatile_write1, 1, true)
REEL_MLU_ACCESS(volatile_read2, 2, false)
REEL_MLU_ACCESS(volatile_write2, 2, true)
REEL_MLU_ACCESS(volatile_read4, 4, false)
REEL_MLU_ACCESS(volatile_write4, 4, true)
REEL_MLU_ACCESS(volatile_read8, 8, false)
REEL_MLU_ACCESS(volatile_write8, 8, true)
REEL_MLU_ACCESS(volatile_read16, 16, false)
REEL_MLU_ACCESS(volatile_write16, 16, true)
void __tsan_read_range(void* p, long n) { access(p, n, false, __builtin_return_address(0)); }
void __tsan_write_range(void* p, long n) { access(p, n, true, __builtin_return_address(0)); }

// Atomics of the host's code that stands in the same file: as they are.
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

#define REEL_MLU_UPDATE(bits, name)                                                             \
  uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t* p, uint##bits##_t value, \
                                              int) {                                            \
    return __atomic_##name(p, value, __ATOMIC_SEQ_CST);                                         \
  }
#define REEL_MLU_EXCHANGE(bits, kind, weak)                                                   \
  int __tsan_atomic##bits##_compare_exchange_##kind(                                          \
      volatile uint##bits##_t* p, uint##bits##_t* expected, uint##bits##_t value, int, int) { \
    return __atomic_compare_exchange_n(p, expected, value, weak, __ATOMIC_SEQ_CST,            \
                                       __ATOMIC_SEQ_CST);                                     \
  }
#define REEL_MLU_ATOMICS(bits)                                                                    \
  uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t* p, int) {              \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                  \
  }                                                                                               \
  void __tsan_atomic##bits##_store(volatile uint##bits##_t* p, uint##bits##_t v, int) {           \
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                                     \
  }                                                                                               \
  uint##bits##_t __tsan_atomic##bits##_exchange(volatile uint##bits##_t* p, uint##bits##_t value, \
                                                int) {                                            \
    return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);                                       \
  }                                                                                               \
  REEL_MLU_UPDATE(bits, fetch_add)                                                                \
  REEL_MLU_UPDATE(bits, fetch_sub)                                                                \
  REEL_MLU_UPDATE(bits, fetch_and)                                                                \
  REEL_MLU_UPDATE(bits, fetch_or)                                                                 \
  REEL_MLU_UPDATE(bits, fetch_xor)                                                                \
  REEL_MLU_EXCHANGE(bits, strong, false)                                                          \
  REEL_MLU_EXCHANGE(bits, weak, true)

REEL_MLU_ATOMICS(8)
REEL_MLU_ATOMICS(16)
REEL_MLU_ATOMICS(32)
REEL_MLU_ATOMICS(64)

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
