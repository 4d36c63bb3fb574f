#pragma once

// The loops of the vector unit that the elementwise builtins share: name the operands, account for
// the cycles, compute.

#include <cstdint>
#include <initializer_list>

#include <bang/runtime.h>
#include <bang/types.h>

namespace bang {

// Cycles for each 128 bytes. Division works on half as many bits at a time for half.
constexpr double kSimpleCycles = 2;
constexpr double kRootCycles = 8;
constexpr double kPowerCycles = 10;
constexpr double kLogarithmCycles = 12;
constexpr double kTrigonometricCycles = 18;
constexpr double kTableCycles = 6;  // the __bang_active_* family
template <class T>
constexpr double kDivisionCycles = sizeof(T) <= 2 ? 8 : 16;

/// The first vector units (1xx and 2xx) take whole lines of 128 bytes at addresses of 64.
BANG_BUILTIN void require_lines(Op& op, int64_t bytes, const void* a = nullptr,
                                const void* b = nullptr, const void* c = nullptr) {
  if (arch_number() >= 300) return;
  op.whole(bytes, 128);
  for (const void* operand : {a, b, c}) op.aligned(operand, 64);
}

BANG_BUILTIN void require_count(Op& op, int64_t count) {
  op.require(count > 0, "elem_count > 0", count);
}

/// Names the operands of an elementwise builtin, `period` elements of b if there is one, and
/// accounts for its cycles. Not inlined: kernels call many builtins.
__attribute__((noinline)) BANG_BUILTIN void start(const char* name, Site site, void* dst,
                                                  const void* a, const void* b, int64_t size,
                                                  int64_t count, int64_t period, double cycles) {
  Op op(name, site);
  require_count(op, count);
  if (period != count) {
    op.require(period > 0, "seg_elem_count > 0", period);
    op.require(count % period == 0, "src_elem_count divisible by seg_elem_count (rest 0)",
               count % period);
    require_lines(op, period * size);
  }
  require_lines(op, count * size, dst, a, b);
  op.reads(static_cast<const char*>(a), count * size);
  if (b != nullptr) op.reads(static_cast<const char*>(b), period * size);
  op.writes(static_cast<char*>(dst), count * size);
  op.vector(count * size, cycles);
}

/// dst[i] = f(src[i]).
template <class T, class F>
BANG_BUILTIN void map(const char* name, Site site, T* dst, const T* src, int64_t count,
                      double cycles, F f) {
  start(name, site, dst, src, nullptr, sizeof(T), count, count, cycles);
  for (int64_t i = 0; i < count; ++i) dst[i] = static_cast<T>(f(static_cast<Wide<T>>(src[i])));
}

/// dst[i] = f(a[i], b[i]).
template <class T, class F>
BANG_BUILTIN void map(const char* name, Site site, T* dst, const T* a, const T* b, int64_t count,
                      double cycles, F f) {
  start(name, site, dst, a, b, sizeof(T), count, count, cycles);
  for (int64_t i = 0; i < count; ++i) {
    dst[i] = static_cast<T>(f(static_cast<Wide<T>>(a[i]), static_cast<Wide<T>>(b[i])));
  }
}

/// dst[i] = f(src[i], value).
template <class T, class F>
BANG_BUILTIN void map_scalar(const char* name, Site site, T* dst, const T* src, T value,
                             int64_t count, double cycles, F f) {
  start(name, site, dst, src, nullptr, sizeof(T), count, count, cycles);
  const Wide<T> scalar = static_cast<Wide<T>>(value);
  for (int64_t i = 0; i < count; ++i) {
    dst[i] = static_cast<T>(f(static_cast<Wide<T>>(src[i]), scalar));
  }
}

/// dst[i] = f(src[i], segment[i % period]).
template <class T, class F>
BANG_BUILTIN void map_cycle(const char* name, Site site, T* dst, const T* src, const T* segment,
                            int64_t count, int64_t period, double cycles, F f) {
  start(name, site, dst, src, segment, sizeof(T), count, period, cycles);
  for (int64_t first = 0; first < count; first += period) {
    for (int64_t i = 0; i < period; ++i) {
      dst[first + i] =
          static_cast<T>(f(static_cast<Wide<T>>(src[first + i]), static_cast<Wide<T>>(segment[i])));
    }
  }
}

}  // namespace bang

// The forms in which builtins come: one line for each name, which forwards to a functor.
#define REEL_BANG_UNARY(name, F, cycles)                                   \
  template <class T>                                                       \
  BANG_BUILTIN void name(T* dst, ::bang::As<const T*> src, int elem_count, \
                         ::bang::Site site = ::bang::Site::here()) {       \
    ::bang::map(#name, site, dst, src, elem_count, cycles, F());           \
  }
#define REEL_BANG_BINARY(name, F, cycles)                                              \
  template <class T>                                                                   \
  BANG_BUILTIN void name(T* dst, ::bang::As<const T*> src0, ::bang::As<const T*> src1, \
                         int elem_count, ::bang::Site site = ::bang::Site::here()) {   \
    ::bang::map(#name, site, dst, src0, src1, elem_count, cycles, F());                \
  }
#define REEL_BANG_SCALAR(name, F, cycles)                                             \
  template <class T>                                                                  \
  BANG_BUILTIN void name(T* dst, ::bang::As<const T*> src, ::bang::As<T> const_value, \
                         int elem_count, ::bang::Site site = ::bang::Site::here()) {  \
    ::bang::map_scalar(#name, site, dst, src, const_value, elem_count, cycles, F());  \
  }
#define REEL_BANG_CYCLE(name, F, cycles)                                                        \
  template <class T>                                                                            \
  BANG_BUILTIN void name(T* dst, ::bang::As<const T*> src, ::bang::As<const T*> seg,            \
                         int src_elem_count, int seg_elem_count,                                \
                         ::bang::Site site = ::bang::Site::here()) {                            \
    ::bang::map_cycle(#name, site, dst, src, seg, src_elem_count, seg_elem_count, cycles, F()); \
  }
