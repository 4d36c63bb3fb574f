#pragma once

// Conversions of single values: __float2half_rn, __half2int_tz, ... A name without a suffix rounds
// toward zero, as documented (but to bfloat16_t: to nearest even). Integers saturate. Functions of
// single values, __cn_scalar_sin_f32 and its kin, are in math.h.

#include <bang/math.h>
#include <bang/types.h>

#define REEL_BANG_CAST(D, name, S, R) \
  BANG_BUILTIN constexpr D name(S a) { return ::bang::rounded<D>(::bang::Rounding::R, a); }
#define REEL_BANG_CASTS(D, name, S)   \
  REEL_BANG_CAST(D, name##_tz, S, tz) \
  REEL_BANG_CAST(D, name##_oz, S, oz) \
  REEL_BANG_CAST(D, name##_up, S, up) \
  REEL_BANG_CAST(D, name##_dn, S, dn) \
  REEL_BANG_CAST(D, name##_rd, S, rd) \
  REEL_BANG_CAST(D, name##_rm, S, rm) \
  REEL_BANG_CAST(D, name##_rn, S, rn)
#define REEL_BANG_CASTS_BOTH_WAYS(type, T)             \
  REEL_BANG_CASTS(T, __float2##type, float)            \
  REEL_BANG_CAST(T, __float2##type, float, tz)         \
  REEL_BANG_CASTS(T, __half2##type, half)              \
  REEL_BANG_CAST(T, __half2##type, half, tz)           \
  REEL_BANG_CASTS(T, __bfloat162##type, bfloat16_t)    \
  REEL_BANG_CAST(T, __bfloat162##type, bfloat16_t, tz) \
  REEL_BANG_CASTS(float, __##type##2float, T)          \
  REEL_BANG_CAST(float, __##type##2float, T, tz)       \
  REEL_BANG_CASTS(half, __##type##2half, T)            \
  REEL_BANG_CAST(half, __##type##2half, T, tz)         \
  REEL_BANG_CASTS(bfloat16_t, __##type##2bfloat16, T)  \
  REEL_BANG_CAST(bfloat16_t, __##type##2bfloat16, T, rn)

REEL_BANG_CASTS_BOTH_WAYS(char, char)
REEL_BANG_CASTS_BOTH_WAYS(uchar, unsigned char)
REEL_BANG_CASTS_BOTH_WAYS(short, short)
REEL_BANG_CASTS_BOTH_WAYS(ushort, unsigned short)
REEL_BANG_CASTS_BOTH_WAYS(int, int)
REEL_BANG_CASTS_BOTH_WAYS(uint, unsigned int)
// Newer sources write the widths.
REEL_BANG_CASTS_BOTH_WAYS(int8, int8_t)
REEL_BANG_CASTS_BOTH_WAYS(uint8, uint8_t)
REEL_BANG_CASTS_BOTH_WAYS(int16, int16_t)
REEL_BANG_CASTS_BOTH_WAYS(uint16, uint16_t)
REEL_BANG_CASTS_BOTH_WAYS(int32, int32_t)
REEL_BANG_CASTS_BOTH_WAYS(uint32, uint32_t)

REEL_BANG_CASTS(half, __float2half, float)
REEL_BANG_CAST(half, __float2half, float, tz)
REEL_BANG_CASTS(float, __half2float, half)
REEL_BANG_CAST(float, __half2float, half, tz)
REEL_BANG_CASTS(bfloat16_t, __float2bfloat16, float)
REEL_BANG_CAST(bfloat16_t, __float2bfloat16, float, rn)
REEL_BANG_CASTS(float, __bfloat162float, bfloat16_t)
REEL_BANG_CAST(float, __bfloat162float, bfloat16_t, tz)
REEL_BANG_CASTS(half, __bfloat162half, bfloat16_t)
REEL_BANG_CAST(half, __bfloat162half, bfloat16_t, rn)
REEL_BANG_CASTS(bfloat16_t, __half2bfloat16, half)
REEL_BANG_CAST(bfloat16_t, __half2bfloat16, half, rn)

#undef REEL_BANG_CASTS_BOTH_WAYS
#undef REEL_BANG_CASTS
#undef REEL_BANG_CAST

/// How many bits are set.
BANG_HELPER constexpr unsigned int __popcnt(unsigned int src) {
  return static_cast<unsigned int>(__builtin_popcount(src));
}
