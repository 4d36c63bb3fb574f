#pragma once

// Comparisons (1 or 0 in the type of the operands, or bits), logic, bitwise operations, shifts.

#include <bang/vector.h>

namespace bang {

struct Equal {
  template <class T>
  BANG_HELPER bool operator()(T a, T b) const {
    return a == b;
  }
};
struct NotEqual {
  template <class T>
  BANG_HELPER bool operator()(T a, T b) const {
    return a != b;
  }
};
struct Less {
  template <class T>
  BANG_HELPER bool operator()(T a, T b) const {
    return a < b;
  }
};
struct LessOrEqual {
  template <class T>
  BANG_HELPER bool operator()(T a, T b) const {
    return a <= b;
  }
};
struct Greater {
  template <class T>
  BANG_HELPER bool operator()(T a, T b) const {
    return a > b;
  }
};
struct GreaterOrEqual {
  template <class T>
  BANG_HELPER bool operator()(T a, T b) const {
    return a >= b;
  }
};
struct Both {
  template <class T>
  BANG_HELPER bool operator()(T a, T b) const {
    return a != 0 && b != 0;
  }
};
struct Either {
  template <class T>
  BANG_HELPER bool operator()(T a, T b) const {
    return a != 0 || b != 0;
  }
};
struct OneOfBoth {
  template <class T>
  BANG_HELPER bool operator()(T a, T b) const {
    return (a != 0) != (b != 0);
  }
};
struct IsZero {
  template <class T>
  BANG_HELPER bool operator()(T a) const {
    return a == 0;
  }
};

// On the bits of the operands, whatever their type.
struct BitAnd {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};
struct BitOr {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};
struct BitXor {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return static_cast<T>(a ^ b);
  }
};
struct BitNot {
  template <class T>
  BANG_HELPER T operator()(T a) const {
    return static_cast<T>(~a);
  }
};

// Shifts by more than the width leave zeros, or the sign.
struct ShiftLeft {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return b >= 8 * sizeof(T) ? T(0) : static_cast<T>(a << b);
  }
};
struct ShiftRightLogical {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return b >= 8 * sizeof(T) ? T(0) : static_cast<T>(a >> b);
  }
};
struct ShiftRightArithmetic {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    constexpr T kLast = 8 * sizeof(T) - 1;
    return static_cast<T>(static_cast<std::make_signed_t<T>>(a) >> (b > kLast ? kLast : b));
  }
};

/// Bit i of dst, lowest first, is f(a[i], b[i]). Bits behind the last element are 0.
template <class T, class F>
BANG_BUILTIN void compare_to_bits(const char* name, Site site, void* dst, const T* a, const T* b,
                                  int64_t count, F f) {
  Op op(name, site);
  uint8_t* bytes = static_cast<uint8_t*>(dst);
  const int64_t size = count * static_cast<int64_t>(sizeof(T));
  require_count(op, count);
  require_lines(op, size, bytes, a, b);
  if (arch_number() < 300) op.whole(size, 512);
  op.reads(a, count).reads(b, count).writes(bytes, (count + 7) / 8);
  op.vector(size, kSimpleCycles);
  for (int64_t start = 0; start < count; start += 8) {
    unsigned byte = 0;
    for (int64_t i = start; i < count && i < start + 8; ++i) {
      const bool bit = f(static_cast<Wide<T>>(a[i]), static_cast<Wide<T>>(b[i]));
      byte |= static_cast<unsigned>(bit) << (i - start);
    }
    bytes[start / 8] = static_cast<uint8_t>(byte);
  }
}

/// The first of the largest or least magnitudes, behind it its index in 8 bytes. NaN is none.
template <class T, class Better>
BANG_BUILTIN void extreme_magnitude(const char* name, Site site, T* dst, const T* src,
                                    int64_t count, Better better) {
  Op op(name, site);
  require_count(op, count);
  char* bytes = reinterpret_cast<char*>(dst);
  op.reads(src, count).writes(bytes, static_cast<int64_t>(sizeof(T) + sizeof(int64_t)));
  op.vector(count * static_cast<int64_t>(sizeof(T)), kSimpleCycles);
  int64_t index = 0;
  double magnitude = __builtin_fabs(static_cast<double>(src[0]));
  for (int64_t i = 1; i < count; ++i) {
    const double candidate = __builtin_fabs(static_cast<double>(src[i]));
    if (better(candidate, magnitude) || (magnitude != magnitude && candidate == candidate)) {
      magnitude = candidate;
      index = i;
    }
  }
  const T value = static_cast<T>(magnitude);
  __builtin_memcpy(bytes, &value, sizeof(T));
  __builtin_memcpy(bytes + sizeof(T), &index, sizeof(index));
}

}  // namespace bang

#define REEL_BANG_COMPARE(name, F)                                   \
  REEL_BANG_BINARY(__bang_##name, F, ::bang::kSimpleCycles)          \
  REEL_BANG_SCALAR(__bang_##name##_scalar, F, ::bang::kSimpleCycles) \
  REEL_BANG_CYCLE(__bang_cycle_##name, F, ::bang::kSimpleCycles)
REEL_BANG_COMPARE(eq, ::bang::Equal)
REEL_BANG_COMPARE(ne, ::bang::NotEqual)
REEL_BANG_COMPARE(lt, ::bang::Less)
REEL_BANG_COMPARE(le, ::bang::LessOrEqual)
REEL_BANG_COMPARE(gt, ::bang::Greater)
REEL_BANG_COMPARE(ge, ::bang::GreaterOrEqual)
REEL_BANG_SCALAR(__bang_ge_const, ::bang::GreaterOrEqual, ::bang::kSimpleCycles)
REEL_BANG_COMPARE(and, ::bang::Both)
REEL_BANG_COMPARE(or, ::bang::Either)
REEL_BANG_COMPARE(xor, ::bang::OneOfBoth)
REEL_BANG_UNARY(__bang_not, ::bang::IsZero, ::bang::kSimpleCycles)
#undef REEL_BANG_COMPARE

#define REEL_BANG_COMPARE_BITS(name, F)                                                       \
  template <class T>                                                                          \
  BANG_BUILTIN void name(void* dst, const T* src0, ::bang::As<const T*> src1, int elem_count, \
                         ::bang::Site site = ::bang::Site::here()) {                          \
    ::bang::compare_to_bits(#name, site, dst, src0, src1, elem_count, F());                   \
  }
REEL_BANG_COMPARE_BITS(__bang_eq_bitindex, ::bang::Equal)
REEL_BANG_COMPARE_BITS(__bang_ne_bitindex, ::bang::NotEqual)
REEL_BANG_COMPARE_BITS(__bang_lt_bitindex, ::bang::Less)
REEL_BANG_COMPARE_BITS(__bang_le_bitindex, ::bang::LessOrEqual)
REEL_BANG_COMPARE_BITS(__bang_gt_bitindex, ::bang::Greater)
REEL_BANG_COMPARE_BITS(__bang_ge_bitindex, ::bang::GreaterOrEqual)
#undef REEL_BANG_COMPARE_BITS

#define REEL_BANG_BITWISE(name, F)                                                                \
  template <class T>                                                                              \
  BANG_BUILTIN void __bang_##name(T* dst, ::bang::As<const T*> src0, ::bang::As<const T*> src1,   \
                                  int elem_count, ::bang::Site site = ::bang::Site::here()) {     \
    ::bang::map("__bang_" #name, site, ::bang::bits(dst), ::bang::bits(src0), ::bang::bits(src1), \
                elem_count, ::bang::kSimpleCycles, F());                                          \
  }                                                                                               \
  template <class T>                                                                              \
  BANG_BUILTIN void __bang_cycle_##name(                                                          \
      T* dst, ::bang::As<const T*> src, ::bang::As<const T*> seg, int src_elem_count,             \
      int seg_elem_count, ::bang::Site site = ::bang::Site::here()) {                             \
    ::bang::map_cycle("__bang_cycle_" #name, site, ::bang::bits(dst), ::bang::bits(src),          \
                      ::bang::bits(seg), src_elem_count, seg_elem_count, ::bang::kSimpleCycles,   \
                      F());                                                                       \
  }                                                                                               \
  template <class T>                                                                              \
  BANG_BUILTIN void __bang_##name##_scalar(T* dst, ::bang::As<const T*> src,                      \
                                           ::bang::As<T> const_value, int elem_count,             \
                                           ::bang::Site site = ::bang::Site::here()) {            \
    ::bang::map_scalar("__bang_" #name "_scalar", site, ::bang::bits(dst), ::bang::bits(src),     \
                       *::bang::bits(&const_value), elem_count, ::bang::kSimpleCycles, F());      \
  }
REEL_BANG_BITWISE(band, ::bang::BitAnd)
REEL_BANG_BITWISE(bor, ::bang::BitOr)
REEL_BANG_BITWISE(bxor, ::bang::BitXor)
#undef REEL_BANG_BITWISE

template <class T>
BANG_BUILTIN void __bang_bnot(T* dst, ::bang::As<const T*> src, int elem_count,
                              ::bang::Site site = ::bang::Site::here()) {
  ::bang::map("__bang_bnot", site, ::bang::bits(dst), ::bang::bits(src), elem_count,
              ::bang::kSimpleCycles, ::bang::BitNot());
}

#define REEL_BANG_SHIFT(name, F)                                                                   \
  template <class T>                                                                               \
  BANG_BUILTIN void name(T* dst, ::bang::As<const T*> src, int bits, int elem_count,               \
                         ::bang::Site site = ::bang::Site::here()) {                               \
    ::bang::map_scalar(#name, site, ::bang::bits(dst), ::bang::bits(src),                          \
                       static_cast<::bang::Bits<T>>(bits), elem_count, ::bang::kSimpleCycles,      \
                       F());                                                                       \
  }                                                                                                \
  template <class T>                                                                               \
  BANG_BUILTIN void name(T* dst, ::bang::As<const T*> src, ::bang::As<const T*> bits,              \
                         int elem_count, ::bang::Site site = ::bang::Site::here()) {               \
    ::bang::map(#name, site, ::bang::bits(dst), ::bang::bits(src), ::bang::bits(bits), elem_count, \
                ::bang::kSimpleCycles, F());                                                       \
  }
REEL_BANG_SHIFT(__bang_sll, ::bang::ShiftLeft)
REEL_BANG_SHIFT(__bang_srl, ::bang::ShiftRightLogical)
REEL_BANG_SHIFT(__bang_sra, ::bang::ShiftRightArithmetic)
#undef REEL_BANG_SHIFT

template <class T>
BANG_BUILTIN void __bang_fabsmax(T* dst, ::bang::As<const T*> src, int elem_count,
                                 ::bang::Site site = ::bang::Site::here()) {
  ::bang::extreme_magnitude("__bang_fabsmax", site, dst, src, elem_count, ::bang::Greater());
}
template <class T>
BANG_BUILTIN void __bang_fabsmin(T* dst, ::bang::As<const T*> src, int elem_count,
                                 ::bang::Site site = ::bang::Site::here()) {
  ::bang::extreme_magnitude("__bang_fabsmin", site, dst, src, elem_count, ::bang::Less());
}
