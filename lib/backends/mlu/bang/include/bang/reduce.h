#pragma once

// Builtins that make one value, or a few, of a vector.

#include <bang/detail.h>

namespace bang::detail {

inline constexpr double kReduceCycles = 2;

template <class T>
BANG_BUILTIN Wide<T> sum(const T* src, int64_t count) {
  // As wide as a line of the vector unit, and more exact than one long chain.
  Wide<T> lanes[32] = {};
  for (int64_t i = 0; i < count; ++i) {
    const T value = src[i];
    lanes[i % 32] += static_cast<Wide<T>>(value);
  }
  for (int half_width = 16; half_width > 0; half_width /= 2) {
    for (int i = 0; i < half_width; ++i) lanes[i] += lanes[i + half_width];
  }
  return lanes[0];
}

/// The first of the largest, or smallest, elements.
template <bool Largest, class T>
BANG_BUILTIN int64_t extreme(const T* src, int64_t count) {
  int64_t best = 0;
  Wide<T> bound = static_cast<Wide<T>>(src[0]);
  for (int64_t i = 1; i < count; ++i) {
    const T element = src[i];
    const auto value = static_cast<Wide<T>>(element);
    if (Largest ? value > bound : value < bound) {
      best = i;
      bound = value;
    }
  }
  return best;
}

template <class T>
void vector_operand(Op& op, const T* src, int64_t count) {
  const int64_t bytes = count * static_cast<int64_t>(sizeof(T));
  require_count(op, count);
  require_lines(op, bytes, src);
  op.reads(src, count);
  op.vector(bytes, kReduceCycles);
}

/// The value and, in the eight bytes behind it, its index: 10 bytes for 16-bit types, 12 for 32-bit
/// ones. The 2xx cards write a whole line.
template <bool Largest, class T>
BANG_BUILTIN void value_and_index(const char* name, Site site, T* dst, const T* src,
                                  int64_t count) {
  Op op(name, site);
  vector_operand(op, src, count);
  constexpr int64_t kUsed = static_cast<int64_t>(sizeof(T)) + 8;
  const bool line = arch_number() < 300;
  char* bytes = reinterpret_cast<char*>(dst);
  op.writes(bytes, line ? 128 : kUsed);
  const auto index = static_cast<uint64_t>(extreme<Largest>(src, count));
  const T value = src[index];
  if (line) __builtin_memset(bytes, 0, 128);
  __builtin_memcpy(bytes, &value, sizeof(T));
  __builtin_memcpy(bytes + sizeof(T), &index, sizeof(index));
}
template <bool Largest, class T>
BANG_BUILTIN T only_value(const char* name, Site site, const T* src, int64_t count) {
  Op op(name, site);
  vector_operand(op, src, count);
  return src[extreme<Largest>(src, count)];
}

/// The number in the first four bytes. The 2xx cards clear the rest of the line.
BANG_BUILTIN void number(Op& op, unsigned int* dst, unsigned int value) {
  const bool line = arch_number() < 300;
  op.writes(dst, line ? 32 : 1);
  if (line) __builtin_memset(dst, 0, 128);
  *dst = value;
}

template <class T>
BANG_BUILTIN unsigned int count_nonzero(const T* src, int64_t count) {
  unsigned int found = 0;
  for (int64_t i = 0; i < count; ++i) found += nonzero(src[i]) ? 1 : 0;
  return found;
}
BANG_BUILTIN unsigned int count_bits(const void* src, int64_t bytes) {
  unsigned int found = 0;
  for (int64_t i = 0; i < bytes; ++i) {
    found += static_cast<unsigned>(__builtin_popcount(static_cast<const uint8_t*>(src)[i]));
  }
  return found;
}
/// All bits set if there is none.
template <class T>
BANG_BUILTIN unsigned int first_nonzero(const T* src, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    if (nonzero(src[i])) return static_cast<unsigned>(i);
  }
  return ~0U;
}
template <class T>
BANG_BUILTIN unsigned int last_nonzero(const T* src, int64_t count) {
  for (int64_t i = count - 1; i >= 0; --i) {
    if (nonzero(src[i])) return static_cast<unsigned>(i);
  }
  return ~0U;
}

}  // namespace bang::detail

namespace bang::builtin {

template <class T>
BANG_BUILTIN T __bang_sum(const T* src, int elem_count, Site site = Site::here()) {
  Op op("__bang_sum", site);
  detail::vector_operand(op, src, elem_count);
  return static_cast<T>(detail::sum(src, elem_count));
}

/// The sum of each 128 bytes, at the beginning of the same 128 bytes of dst. The rest of them stays
/// as it is (2xx: becomes 0).
template <class T>
BANG_BUILTIN void __bang_reduce_sum(T* dst, As<const T*> src, int elem_count,
                                    Site site = Site::here()) {
  Op op("__bang_reduce_sum", site);
  detail::vector_operand<T>(op, src, elem_count);
  constexpr int64_t kLine = 128 / sizeof(T);
  const bool clear = arch_number() < 300;
  for (int64_t start = 0; start < elem_count; start += kLine) {
    const int64_t left = elem_count - start < kLine ? elem_count - start : kLine;
    const T total = static_cast<T>(detail::sum<T>(src + start, left));
    op.writes(dst + start, clear ? kLine : 1);
    if (clear) __builtin_memset(static_cast<void*>(dst + start), 0, 128);
    dst[start] = total;
  }
}

// dst: the value, then its index in 8 bytes.

template <class T>
void __bang_argmax(T* dst, As<const T*> src, int elem_count, Site site = Site::here()) {
  detail::value_and_index<true, T>("__bang_argmax", site, dst, src, elem_count);
}
template <class T>
void __bang_argmin(T* dst, As<const T*> src, int elem_count, Site site = Site::here()) {
  detail::value_and_index<false, T>("__bang_argmin", site, dst, src, elem_count);
}
template <class T>
void __bang_max(T* dst, As<const T*> src, int elem_count, Site site = Site::here()) {
  detail::value_and_index<true, T>("__bang_max", site, dst, src, elem_count);
}
template <class T>
void __bang_min(T* dst, As<const T*> src, int elem_count, Site site = Site::here()) {
  detail::value_and_index<false, T>("__bang_min", site, dst, src, elem_count);
}
template <class T>
T __bang_max(const T* src, int elem_count, Site site = Site::here()) {
  return detail::only_value<true>("__bang_max", site, src, elem_count);
}
template <class T>
T __bang_min(const T* src, int elem_count, Site site = Site::here()) {
  return detail::only_value<false>("__bang_min", site, src, elem_count);
}

// How many elements, or bits, are not 0; where the first and the last one are, 0xffffffff if there
// is none. As a value, or into dst.

template <class T>
uint32_t __bang_count(const T* src, int elem_count, Site site = Site::here()) {
  Op op("__bang_count", site);
  detail::vector_operand(op, src, elem_count);
  return detail::count_nonzero(src, elem_count);
}
template <class T>
void __bang_count(unsigned int* dst, const T* src, int elem_count, Site site = Site::here()) {
  Op op("__bang_count", site);
  detail::vector_operand(op, src, elem_count);
  detail::number(op, dst, detail::count_nonzero(src, elem_count));
}
/// Of all bits of `elem_count` elements.
template <class T>
uint32_t __bang_count_bitindex(const T* src, int elem_count, Site site = Site::here()) {
  Op op("__bang_count_bitindex", site);
  detail::vector_operand(op, src, elem_count);
  return detail::count_bits(src, elem_count * static_cast<int64_t>(sizeof(T)));
}
template <class T>
void __bang_count_bitindex(unsigned int* dst, const T* src, int elem_count,
                           Site site = Site::here()) {
  Op op("__bang_count_bitindex", site);
  detail::vector_operand(op, src, elem_count);
  detail::number(op, dst, detail::count_bits(src, elem_count * static_cast<int64_t>(sizeof(T))));
}
inline int __bang_popcnt(const unsigned char* src, int elem_count, Site site = Site::here()) {
  Op op("__bang_popcnt", site);
  detail::vector_operand(op, src, elem_count);
  return static_cast<int>(detail::count_bits(src, elem_count));
}
template <class T>
uint32_t __bang_findfirst1(const T* src, int elem_count, Site site = Site::here()) {
  Op op("__bang_findfirst1", site);
  detail::vector_operand(op, src, elem_count);
  return detail::first_nonzero(src, elem_count);
}
template <class T>
void __bang_findfirst1(unsigned int* dst, const T* src, int elem_count, Site site = Site::here()) {
  Op op("__bang_findfirst1", site);
  detail::vector_operand(op, src, elem_count);
  detail::number(op, dst, detail::first_nonzero(src, elem_count));
}
template <class T>
uint32_t __bang_findlast1(const T* src, int elem_count, Site site = Site::here()) {
  Op op("__bang_findlast1", site);
  detail::vector_operand(op, src, elem_count);
  return detail::last_nonzero(src, elem_count);
}
template <class T>
void __bang_findlast1(unsigned int* dst, const T* src, int elem_count, Site site = Site::here()) {
  Op op("__bang_findlast1", site);
  detail::vector_operand(op, src, elem_count);
  detail::number(op, dst, detail::last_nonzero(src, elem_count));
}

}  // namespace bang::builtin

using namespace bang::builtin;
