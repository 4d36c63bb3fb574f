#pragma once

// Atomic operations on GDRAM and SRAM. Those named `reduce` give nothing back. The second operand
// is one value for all elements, or a vector in NRAM.

#include <bang/detail.h>

namespace bang {
namespace detail {

/// Held while an atomic operation changes memory.
class Atomically {
 public:
  Atomically() { atomic_begin(); }
  ~Atomically() { atomic_end(); }
  Atomically(const Atomically&) = delete;
  Atomically& operator=(const Atomically&) = delete;
};

struct AtomicAdd {
  template <class T>
  static BANG_HELPER T apply(const T& old, const T& value) {
    return static_cast<T>(static_cast<Wide<T>>(old) + static_cast<Wide<T>>(value));
  }
};
struct AtomicExchange {
  template <class T>
  static BANG_HELPER T apply(const T&, const T& value) {
    return value;
  }
};
struct AtomicMax {
  template <class T>
  static BANG_HELPER T apply(const T& old, const T& value) {
    return static_cast<Wide<T>>(old) > static_cast<Wide<T>>(value) ? old : value;
  }
};
struct AtomicMin {
  template <class T>
  static BANG_HELPER T apply(const T& old, const T& value) {
    return static_cast<Wide<T>>(old) < static_cast<Wide<T>>(value) ? old : value;
  }
};
struct AtomicIncrement {
  template <class T>
  static BANG_HELPER T apply(const T& old, const T& limit) {
    return static_cast<T>(old >= limit ? 0 : old + 1);
  }
};
struct AtomicDecrement {
  template <class T>
  static BANG_HELPER T apply(const T& old, const T& limit) {
    return old == 0 || old > limit ? limit : static_cast<T>(old - 1);
  }
};
struct AtomicAnd {
  template <class T>
  static BANG_HELPER T apply(const T& old, const T& value) {
    return static_cast<T>(old & value);
  }
};
struct AtomicOr {
  template <class T>
  static BANG_HELPER T apply(const T& old, const T& value) {
    return static_cast<T>(old | value);
  }
};
struct AtomicXor {
  template <class T>
  static BANG_HELPER T apply(const T& old, const T& value) {
    return static_cast<T>(old ^ value);
  }
};

/// In cycles: what a read and a write of GDRAM cost the scalar unit, and one more for an element.
inline constexpr double kAtomicStart = 410;

/// The memory that an atomic operation changes.
template <class T>
void shared_operand(Op& op, T* p, int64_t count) {
  op.require(count > 0, "a size greater than 0", count);
  op.require(reinterpret_cast<uintptr_t>(p) % sizeof(T) == 0,
             "an address that is a multiple of the element's size",
             static_cast<int64_t>(reinterpret_cast<uintptr_t>(p) % sizeof(T)));
  const Space space = space_of(p) == Space::sram ? Space::sram : Space::gdram;
  op.reads(p, count, space).writes(p, count, space);
  op.scalar(kAtomicStart + static_cast<double>(count));
}

/// `old` may be null. V is T's value or a pointer to a vector of them. The target is named while
/// atomic operations have the memory for themselves, for they do not race with each other.
template <class F, class T, class V>
BANG_BUILTIN void atomic(const char* name, Site site, T* old, T* target, V value, int64_t count) {
  Op op(name, site);
  if (old != nullptr) op.writes(old, count);
  if constexpr (std::is_pointer_v<V>) {
    const T* values = value;
    op.reads(values, count);
    const Atomically guard;
    shared_operand(op, target, count);
    for (int64_t i = 0; i < count; ++i) {
      const T before = target[i], operand = values[i];
      if (old != nullptr) old[i] = before;
      target[i] = F::apply(before, operand);
    }
  } else {
    const T operand = static_cast<T>(value);
    const Atomically guard;
    shared_operand(op, target, count);
    for (int64_t i = 0; i < count; ++i) {
      const T before = target[i];
      if (old != nullptr) old[i] = before;
      target[i] = F::apply(before, operand);
    }
  }
}

template <class T>
BANG_BUILTIN void compare_and_swap(const char* name, Site site, T* old, T* target,
                                   const T& expected, const T& desired) {
  Op op(name, site);
  if (old != nullptr) op.writes(old, 1);
  const Atomically guard;
  shared_operand(op, target, 1);
  const T before = *target;
  if (old != nullptr) *old = before;
  if (static_cast<Wide<T>>(before) == static_cast<Wide<T>>(expected)) *target = desired;
}

}  // namespace detail
}  // namespace bang

namespace bang::builtin {

// dst[i] = src1[i]; src1[i] = src1[i] + src2, and so on. dst is in NRAM.

template <class T, class V>
void __bang_atomic_add(T* dst, As<T*> src1, V src2, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicAdd>("__bang_atomic_add", site, dst, src1, src2, size);
}
template <class T, class V>
void __bang_atomic_exch(T* dst, As<T*> src1, V src2, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicExchange>("__bang_atomic_exch", site, dst, src1, src2, size);
}
template <class T, class V>
void __bang_atomic_max(T* dst, As<T*> src1, V src2, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicMax>("__bang_atomic_max", site, dst, src1, src2, size);
}
template <class T, class V>
void __bang_atomic_min(T* dst, As<T*> src1, V src2, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicMin>("__bang_atomic_min", site, dst, src1, src2, size);
}
/// src1[i] >= src2 ? 0 : src1[i] + 1
template <class T, class V>
void __bang_atomic_inc(T* dst, As<T*> src1, V src2, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicIncrement>("__bang_atomic_inc", site, dst, src1, src2, size);
}
/// src1[i] == 0 or src1[i] > src2 ? src2 : src1[i] - 1
template <class T, class V>
void __bang_atomic_dec(T* dst, As<T*> src1, V src2, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicDecrement>("__bang_atomic_dec", site, dst, src1, src2, size);
}
template <class T, class V>
void __bang_atomic_and(T* dst, As<T*> src1, V src2, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicAnd>("__bang_atomic_and", site, dst, src1, src2, size);
}
template <class T, class V>
void __bang_atomic_or(T* dst, As<T*> src1, V src2, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicOr>("__bang_atomic_or", site, dst, src1, src2, size);
}
template <class T, class V>
void __bang_atomic_xor(T* dst, As<T*> src1, V src2, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicXor>("__bang_atomic_xor", site, dst, src1, src2, size);
}
/// One element: *src1 becomes src3 where it is src2.
template <class T>
void __bang_atomic_cas(T* dst, As<T*> src1, As<T> src2, As<T> src3, Site site = Site::here()) {
  detail::compare_and_swap<T>("__bang_atomic_cas", site, dst, src1, src2, src3);
}

// dst[i] = dst[i] + src1, and so on.

template <class T, class V>
void __bang_atomic_reduce_add(T* dst, V src1, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicAdd, T>("__bang_atomic_reduce_add", site, nullptr, dst, src1, size);
}
template <class T, class V>
void __bang_atomic_reduce_exch(T* dst, V src1, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicExchange, T>("__bang_atomic_reduce_exch", site, nullptr, dst, src1,
                                            size);
}
template <class T, class V>
void __bang_atomic_reduce_max(T* dst, V src1, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicMax, T>("__bang_atomic_reduce_max", site, nullptr, dst, src1, size);
}
template <class T, class V>
void __bang_atomic_reduce_min(T* dst, V src1, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicMin, T>("__bang_atomic_reduce_min", site, nullptr, dst, src1, size);
}
template <class T, class V>
void __bang_atomic_reduce_inc(T* dst, V src1, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicIncrement, T>("__bang_atomic_reduce_inc", site, nullptr, dst, src1,
                                             size);
}
template <class T, class V>
void __bang_atomic_reduce_dec(T* dst, V src1, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicDecrement, T>("__bang_atomic_reduce_dec", site, nullptr, dst, src1,
                                             size);
}
template <class T, class V>
void __bang_atomic_reduce_and(T* dst, V src1, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicAnd, T>("__bang_atomic_reduce_and", site, nullptr, dst, src1, size);
}
template <class T, class V>
void __bang_atomic_reduce_or(T* dst, V src1, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicOr, T>("__bang_atomic_reduce_or", site, nullptr, dst, src1, size);
}
template <class T, class V>
void __bang_atomic_reduce_xor(T* dst, V src1, int size = 1, Site site = Site::here()) {
  detail::atomic<detail::AtomicXor, T>("__bang_atomic_reduce_xor", site, nullptr, dst, src1, size);
}
template <class T>
void __bang_atomic_reduce_cas(T* dst, As<T> src1, As<T> src2, Site site = Site::here()) {
  detail::compare_and_swap<T>("__bang_atomic_reduce_cas", site, nullptr, dst, src1, src2);
}

}  // namespace bang::builtin

using namespace bang::builtin;
