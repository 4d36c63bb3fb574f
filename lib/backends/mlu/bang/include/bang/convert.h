#pragma once

// Conversions of vectors. The suffix says how to round; without one it is toward zero to integers
// and to nearest even to floats. Fixed point: a value is integer * 2^position; integers saturate.

#include <bang/rounding.h>
#include <bang/vector.h>

namespace bang {

/// The vectors lie in `segments` + 1 blocks, whose starts are so many bytes apart.
struct Blocks {
  int64_t dst_stride, src_stride, segments;
};

/// Numbers of the fixed-point int8 are symmetric, those of `signed char` are not.
enum class Range : uint8_t { full, symmetric };

template <class D>
BANG_HELPER constexpr D in_range(D value, Range range) {
  if constexpr (sizeof(D) == 1 && std::is_signed_v<D>) {
    if (range == Range::symmetric && value == -128) return -127;
  }
  return value;
}

BANG_BUILTIN void require_position(Op& op, int position) {
  op.require(position >= -127 && position <= 127, "a position between -127 and 127", position);
}

/// dst[i] = src[i] * scale, rounded.
template <class D, class S>
__attribute__((noinline)) BANG_BUILTIN void convert_block(D* dst, const S* src, int64_t count,
                                                          double scale, Rounding rounding,
                                                          Range range) {
  if constexpr (std::is_same_v<D, float> && std::is_same_v<Wide<S>, float> &&
                !std::is_same_v<S, float>) {
    for (int64_t i = 0; i < count; ++i) dst[i] = src[i];  // exact in every mode
  } else if (std::is_same_v<D, half> && std::is_same_v<S, float> && rounding == Rounding::rn) {
    for (int64_t i = 0; i < count; ++i) dst[i] = static_cast<D>(src[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) {
      dst[i] = in_range(rounded<D>(rounding, static_cast<double>(src[i]) * scale), range);
    }
  }
}

__attribute__((noinline)) BANG_BUILTIN void start_conversion(const char* name, Site site, void* dst,
                                                             const void* src, int64_t size_dst,
                                                             int64_t size_src, int64_t count,
                                                             int dst_position, int src_position,
                                                             Blocks blocks) {
  Op op(name, site);
  op.require(count > 0, "src_count > 0", count);
  op.require(blocks.segments >= 0, "segnum >= 0", blocks.segments);
  if (blocks.segments > 0) {
    op.require(blocks.dst_stride >= count * size_dst && blocks.dst_stride % size_dst == 0,
               "dst_stride of at least src_count whole elements", blocks.dst_stride);
    op.require(blocks.src_stride == 0 ||
                   (blocks.src_stride >= count * size_src && blocks.src_stride % size_src == 0),
               "src_stride 0 or of at least src_count whole elements", blocks.src_stride);
  }
  op.require(size_dst <= size_src || dst != src, "dst - src != 0, for elements grow in place", 0);
  require_position(op, dst_position);
  require_position(op, src_position);
  require_lines(op, count * (size_dst < size_src ? size_dst : size_src), dst, src);
  const int64_t rows = blocks.segments + 1;
  op.reads_rows(static_cast<const char*>(src), count * size_src, rows, blocks.src_stride);
  op.writes_rows(static_cast<char*>(dst), count * size_dst, rows, blocks.dst_stride);
  op.vector(rows * count * (size_dst < size_src ? size_src : size_dst), kSimpleCycles);
}

template <class D, class S>
BANG_BUILTIN void convert(const char* name, Site site, D* dst, const S* src, int64_t count,
                          Rounding rounding, int dst_position = 0, int src_position = 0,
                          Range range = Range::full, Blocks blocks = {0, 0, 0}) {
  constexpr int64_t kSizeD = sizeof(D), kSizeS = sizeof(S);
  start_conversion(name, site, dst, src, kSizeD, kSizeS, count, dst_position, src_position, blocks);
  const double scale = power_of_two(src_position - dst_position);
  for (int64_t row = 0; row <= blocks.segments; ++row) {
    convert_block(dst + row * blocks.dst_stride / kSizeD, src + row * blocks.src_stride / kSizeS,
                  count, scale, rounding, range);
  }
}

/// Between a float and an integer of fixed point: the position is the integer's.
template <class D, class S>
BANG_BUILTIN void convert_fixed(const char* name, Site site, D* dst, const S* src, int64_t count,
                                Rounding rounding, int position, Blocks blocks = {0, 0, 0}) {
  constexpr bool kToInteger = std::is_integral_v<D>;
  convert(name, site, dst, src, count, rounding, kToInteger ? position : 0,
          kToInteger ? 0 : position, Range::symmetric, blocks);
}

struct RoundToTf32 {
  Rounding rounding;
  BANG_HELPER float operator()(float x) const { return to_tf32(rounding, x); }
};
BANG_BUILTIN void convert_tf32(const char* name, Site site, float* dst, const float* src,
                               int64_t count, Rounding rounding) {
  map(name, site, dst, src, count, kSimpleCycles, RoundToTf32{rounding});
}

BANG_BUILTIN void require_pairs(Op& op, int64_t size) {
  op.require(size > 0 && size % 2 == 0, "an even size > 0", size);
}

template <class S>
BANG_BUILTIN void convert_to_int4(const char* name, Site site, int4x2_t* dst, const S* src,
                                  int64_t size, Rounding rounding, int dst_position,
                                  int src_position = 0) {
  Op op(name, site);
  require_pairs(op, size);
  require_position(op, dst_position);
  require_position(op, src_position);
  op.reads(src, size).writes(dst, size / 2);
  op.vector(size * static_cast<int64_t>(sizeof(S)), kSimpleCycles);
  const double scale = power_of_two(src_position - dst_position);
  for (int64_t i = 0; i < size; i += 2) {
    const int64_t low = to_integer(rounding, static_cast<double>(src[i]) * scale, -8, 7);
    const int64_t high = to_integer(rounding, static_cast<double>(src[i + 1]) * scale, -8, 7);
    dst[i / 2].value = static_cast<unsigned char>((low & 15) | (high & 15) << 4);
  }
}

template <class D>
BANG_BUILTIN void convert_from_int4(const char* name, Site site, D* dst, const int4x2_t* src,
                                    int64_t size, Rounding rounding, int dst_position,
                                    int src_position) {
  Op op(name, site);
  require_pairs(op, size);
  require_position(op, dst_position);
  require_position(op, src_position);
  op.reads(src, size / 2).writes(dst, size);
  op.vector(size * static_cast<int64_t>(sizeof(D)), kSimpleCycles);
  const double scale = power_of_two(src_position - dst_position);
  for (int64_t i = 0; i < size; ++i) {
    const unsigned bits = (src[i / 2].value >> (i % 2 * 4)) & 15u;
    const int number = static_cast<int>(bits ^ 8u) - 8;  // sign extension
    dst[i] = in_range(rounded<D>(rounding, number * scale), Range::symmetric);
  }
}

}  // namespace bang

// One name with each suffix, and without: `form` declares one function, `fallback` is the rounding
// of the name without a suffix.
#define REEL_BANG_ROUNDINGS(form, name, D, S)                                       \
  form(name##_tz, D, S, tz) form(name##_oz, D, S, oz) form(name##_up, D, S, up)     \
      form(name##_dn, D, S, dn) form(name##_rd, D, S, rd) form(name##_rm, D, S, rm) \
          form(name##_rn, D, S, rn)
#define REEL_BANG_CONVERSIONS(form, name, D, S, fallback) \
  REEL_BANG_ROUNDINGS(form, name, D, S)                   \
  form(name, D, S, fallback)

// Plain: (dst, src, count) and (dst, src, count, dst_stride, src_stride, segnum).
#define REEL_BANG_PLAIN(name, D, S, R)                                                        \
  BANG_BUILTIN void name(D* dst, const S* src, int src_count,                                 \
                         ::bang::Site site = ::bang::Site::here()) {                          \
    ::bang::convert(#name, site, dst, src, src_count, ::bang::Rounding::R);                   \
  }                                                                                           \
  BANG_BUILTIN void name(D* dst, const S* src, int src_count, int dst_stride, int src_stride, \
                         int segnum, ::bang::Site site = ::bang::Site::here()) {              \
    ::bang::convert(#name, site, dst, src, src_count, ::bang::Rounding::R, 0, 0,              \
                    ::bang::Range::full, {dst_stride, src_stride, segnum});                   \
  }
// Fixed point: (dst, src, count, position) and the same with strides.
#define REEL_BANG_FIXED(name, D, S, R)                                                           \
  BANG_BUILTIN void name(D* dst, const S* src, int src_count, int fix_position = 0,              \
                         ::bang::Site site = ::bang::Site::here()) {                             \
    ::bang::convert_fixed(#name, site, dst, src, src_count, ::bang::Rounding::R, fix_position);  \
  }                                                                                              \
  BANG_BUILTIN void name(D* dst, const S* src, int src_count, int fix_position, int dst_stride,  \
                         int src_stride, int segnum, ::bang::Site site = ::bang::Site::here()) { \
    ::bang::convert_fixed(#name, site, dst, src, src_count, ::bang::Rounding::R, fix_position,   \
                          {dst_stride, src_stride, segnum});                                     \
  }
// Between integers: (dst, src, count, dst_position, src_position).
#define REEL_BANG_INTEGERS(name, D, S, R)                                                  \
  BANG_BUILTIN void name(D* dst, const S* src, int src_count, int dst_position = 0,        \
                         int src_position = 0, ::bang::Site site = ::bang::Site::here()) { \
    ::bang::convert(#name, site, dst, src, src_count, ::bang::Rounding::R, dst_position,   \
                    src_position, ::bang::Range::symmetric);                               \
  }
#define REEL_BANG_TF32(name, D, S, R)                                            \
  BANG_BUILTIN void name(D* dst, const S* src, int src_count,                    \
                         ::bang::Site site = ::bang::Site::here()) {             \
    ::bang::convert_tf32(#name, site, dst, src, src_count, ::bang::Rounding::R); \
  }
#define REEL_BANG_FLOAT_TO_INT4(name, D, S, R)                                               \
  BANG_BUILTIN void name(D* dst, const S* src, int size, int dst_position,                   \
                         ::bang::Site site = ::bang::Site::here()) {                         \
    ::bang::convert_to_int4(#name, site, dst, src, size, ::bang::Rounding::R, dst_position); \
  }
#define REEL_BANG_INTEGER_TO_INT4(name, D, S, R)                                             \
  BANG_BUILTIN void name(D* dst, const S* src, int size, int dst_position, int src_position, \
                         ::bang::Site site = ::bang::Site::here()) {                         \
    ::bang::convert_to_int4(#name, site, dst, src, size, ::bang::Rounding::R, dst_position,  \
                            src_position);                                                   \
  }
#define REEL_BANG_INT4_TO_FLOAT(name, D, S, R)                                                    \
  BANG_BUILTIN void name(D* dst, const S* src, int size, int src_position,                        \
                         ::bang::Site site = ::bang::Site::here()) {                              \
    ::bang::convert_from_int4(#name, site, dst, src, size, ::bang::Rounding::R, 0, src_position); \
  }
#define REEL_BANG_INT4_TO_INTEGER(name, D, S, R)                                              \
  BANG_BUILTIN void name(D* dst, const S* src, int size, int dst_position, int src_position,  \
                         ::bang::Site site = ::bang::Site::here()) {                          \
    ::bang::convert_from_int4(#name, site, dst, src, size, ::bang::Rounding::R, dst_position, \
                              src_position);                                                  \
  }

REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_float2half, half, float, rn)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_half2float, float, half, rn)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_float2bfloat16, bfloat16_t, float, rn)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_bfloat162float, float, bfloat16_t, rn)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_half2bfloat16, bfloat16_t, half, rn)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_bfloat162half, half, bfloat16_t, rn)
REEL_BANG_CONVERSIONS(REEL_BANG_TF32, __bang_float2tf32, float, float, rn)
REEL_BANG_CONVERSIONS(REEL_BANG_TF32, __bang_tf322float, float, float, rn)

REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_half2char, int8_t, half, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_half2uchar, unsigned char, half, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_half2short, short, half, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_half2ushort, unsigned short, half, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_char2half, half, int8_t, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_uchar2half, half, unsigned char, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_short2half, half, short, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_PLAIN, __bang_ushort2half, half, unsigned short, tz)
/// On the first architectures with working space.
BANG_BUILTIN void __bang_half2uchar_dn(unsigned char* dst, const half* src, const half*,
                                       int src_count, ::bang::Site site = ::bang::Site::here()) {
  __bang_half2uchar_dn(dst, src, src_count, site);
}

#define REEL_BANG_FIXED_BOTH_WAYS(integer, T)                                          \
  REEL_BANG_CONVERSIONS(REEL_BANG_FIXED, __bang_float2##integer, T, float, tz)         \
  REEL_BANG_CONVERSIONS(REEL_BANG_FIXED, __bang_half2##integer, T, half, tz)           \
  REEL_BANG_CONVERSIONS(REEL_BANG_FIXED, __bang_bfloat162##integer, T, bfloat16_t, tz) \
  REEL_BANG_CONVERSIONS(REEL_BANG_FIXED, __bang_##integer##2float, float, T, tz)       \
  REEL_BANG_CONVERSIONS(REEL_BANG_FIXED, __bang_##integer##2half, half, T, tz)         \
  REEL_BANG_CONVERSIONS(REEL_BANG_FIXED, __bang_##integer##2bfloat16, bfloat16_t, T, tz)
REEL_BANG_FIXED_BOTH_WAYS(fix8, fix8)
REEL_BANG_FIXED_BOTH_WAYS(int8, int8)
REEL_BANG_FIXED_BOTH_WAYS(int16, int16)
REEL_BANG_FIXED_BOTH_WAYS(int, int)
REEL_BANG_FIXED_BOTH_WAYS(int32, int32_t)
REEL_BANG_FIXED_BOTH_WAYS(uint8, uint8_t)
REEL_BANG_FIXED_BOTH_WAYS(uint16, uint16_t)
REEL_BANG_FIXED_BOTH_WAYS(uint32, uint32_t)
#undef REEL_BANG_FIXED_BOTH_WAYS

// On the first architectures with working space.
BANG_BUILTIN void __bang_int2float(float* dst, const float*, const int* src, const float*,
                                   int src_count, ::bang::Site site = ::bang::Site::here()) {
  __bang_int2float(dst, src, src_count, 0, site);
}
BANG_BUILTIN void __bang_float2int(int* dst, const float*, const float* src, const float*,
                                   int src_count, ::bang::Site site = ::bang::Site::here()) {
  __bang_float2int(dst, src, src_count, 0, site);
}

REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_int2short, short, int, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_int2char, int8_t, int, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_short2int, int, short, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_short2char, int8_t, short, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_char2int, int, int8_t, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_char2short, short, int8_t, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_int322int16, int16_t, int32_t, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_int322int8, int8_t, int32_t, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_int162int32, int32_t, int16_t, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_int162int8, int8_t, int16_t, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_int82int32, int32_t, int8_t, tz)
REEL_BANG_CONVERSIONS(REEL_BANG_INTEGERS, __bang_int82int16, int16_t, int8_t, tz)

REEL_BANG_ROUNDINGS(REEL_BANG_FLOAT_TO_INT4, __bang_float2int4, int4x2_t, float)
REEL_BANG_ROUNDINGS(REEL_BANG_FLOAT_TO_INT4, __bang_half2int4, int4x2_t, half)
REEL_BANG_ROUNDINGS(REEL_BANG_FLOAT_TO_INT4, __bang_bfloat162int4, int4x2_t, bfloat16_t)
REEL_BANG_ROUNDINGS(REEL_BANG_INTEGER_TO_INT4, __bang_int82int4, int4x2_t, char)
REEL_BANG_ROUNDINGS(REEL_BANG_INTEGER_TO_INT4, __bang_int82int4, int4x2_t, int8_t)
REEL_BANG_ROUNDINGS(REEL_BANG_INTEGER_TO_INT4, __bang_int162int4, int4x2_t, short)
REEL_BANG_ROUNDINGS(REEL_BANG_INTEGER_TO_INT4, __bang_int322int4, int4x2_t, int)
REEL_BANG_ROUNDINGS(REEL_BANG_INT4_TO_FLOAT, __bang_int42float, float, int4x2_t)
REEL_BANG_ROUNDINGS(REEL_BANG_INT4_TO_FLOAT, __bang_int42half, half, int4x2_t)
REEL_BANG_ROUNDINGS(REEL_BANG_INT4_TO_FLOAT, __bang_int42bfloat16, bfloat16_t, int4x2_t)
REEL_BANG_ROUNDINGS(REEL_BANG_INT4_TO_INTEGER, __bang_int42int8, char, int4x2_t)
REEL_BANG_ROUNDINGS(REEL_BANG_INT4_TO_INTEGER, __bang_int42int8, int8_t, int4x2_t)
REEL_BANG_ROUNDINGS(REEL_BANG_INT4_TO_INTEGER, __bang_int42int16, short, int4x2_t)
REEL_BANG_ROUNDINGS(REEL_BANG_INT4_TO_INTEGER, __bang_int42int32, int, int4x2_t)

#undef REEL_BANG_ROUNDINGS
#undef REEL_BANG_CONVERSIONS
#undef REEL_BANG_PLAIN
#undef REEL_BANG_FIXED
#undef REEL_BANG_INTEGERS
#undef REEL_BANG_TF32
#undef REEL_BANG_FLOAT_TO_INT4
#undef REEL_BANG_INTEGER_TO_INT4
#undef REEL_BANG_INT4_TO_FLOAT
#undef REEL_BANG_INT4_TO_INTEGER
