#pragma once

// What builtins that are not elementwise have in common.

#include <bang/inline.h>
#include <bang/runtime.h>
#include <bang/types.h>
#include <bang/vector.h>

namespace bang::detail {

template <class T>
BANG_HELPER Bits<T> bits_of(const T& value) {
  Bits<T> result;
  __builtin_memcpy(&result, &value, sizeof(T));
  return result;
}

template <class T>
inline constexpr bool is_floating = std::is_floating_point_v<Wide<T>>;

/// True for whatever is not +0 or -0. The bits are looked at, because kernels pass integer masks
/// as floats and those are denormal.
template <class T>
BANG_HELPER bool nonzero(const T& value) {
  const Bits<T> all = bits_of(value);
  if constexpr (is_floating<T>) return static_cast<Bits<T>>(all << 1) != 0;
  return all != 0;
}

/// Bit i of a mask: the lowest bit of a byte comes first.
BANG_HELPER bool bit(const void* mask, int64_t i) {
  return (static_cast<const uint8_t*>(mask)[i >> 3] >> (i & 7) & 1) != 0;
}

template <class T>
BANG_HELPER T* advance(T* p, int64_t bytes) {
  using Byte = std::conditional_t<std::is_const_v<T>, const char, char>;
  return reinterpret_cast<T*>(reinterpret_cast<Byte*>(p) + bytes);
}

/// Memory of the host for a builtin's intermediate values.
template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t count) : data_(new T[static_cast<size_t>(count)]) {}
  ~Scratch() { delete[] data_; }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  BANG_HELPER T* data() const { return data_; }
  BANG_HELPER T& operator[](int64_t i) const { return data_[i]; }

 private:
  T* data_;
};

/// Operands that the builtin does not take in place.
BANG_HELPER void disjoint(Op& op, const void* dst, int64_t dst_bytes, const void* src,
                          int64_t src_bytes) {
  const auto to = reinterpret_cast<intptr_t>(dst), from = reinterpret_cast<intptr_t>(src);
  const intptr_t end = to + dst_bytes < from + src_bytes ? to + dst_bytes : from + src_bytes;
  const intptr_t overlap = end - (to > from ? to : from);
  op.require(overlap <= 0, "operands that share no bytes", overlap);
}

}  // namespace bang::detail
