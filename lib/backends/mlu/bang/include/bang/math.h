#pragma once

// The mathematical library of the card: __cn_scalar_sin_f32(x), __cn_vector_sin_f32(n, y, x), and
// the same for f16 and bf16. Results are the nearest values but for rare ties of double rounding.

#include <bang/arithmetic.h>
#include <bang/vector.h>

namespace bang {

/// 1 and 0 for numbers that are infinite or NaN.
BANG_BUILTIN constexpr bool is_infinite(double x) {
  return x == __builtin_inf() || x == -__builtin_inf();
}
BANG_BUILTIN constexpr bool is_nan(double x) { return x != x; }

/// A number of another type for each element.
template <class D, class S, class F>
BANG_BUILTIN void map_to(const char* name, Site site, D* dst, const S* src, int64_t count, F f) {
  constexpr int64_t kSize = sizeof(D) < sizeof(S) ? sizeof(S) : sizeof(D);
  Op op(name, site);
  require_count(op, count);
  op.reads(src, count).writes(dst, count);
  op.vector(count * kSize, kSimpleCycles);
  for (int64_t i = 0; i < count; ++i) dst[i] = f(src[i]);
}

}  // namespace bang

#define REEL_BANG_MATH_1(function, suffix, T, cycles, result)                                     \
  BANG_BUILTIN T __cn_scalar_##function##_##suffix(T a) {                                         \
    const double x = a;                                                                           \
    return static_cast<T>(result);                                                                \
  }                                                                                               \
  BANG_BUILTIN void __cn_vector_##function##_##suffix(int n, T* y, const T* x,                    \
                                                      ::bang::Site site = ::bang::Site::here()) { \
    ::bang::map("__cn_vector_" #function "_" #suffix, site, y, x, n, cycles,                      \
                __cn_scalar_##function##_##suffix);                                               \
  }
#define REEL_BANG_MATH_2(function, suffix, T, cycles, result)                                     \
  BANG_BUILTIN T __cn_scalar_##function##_##suffix(T a, T b) {                                    \
    const double x = a, y = b;                                                                    \
    return static_cast<T>(result);                                                                \
  }                                                                                               \
  BANG_BUILTIN void __cn_vector_##function##_##suffix(int n, T* z, const T* x, const T* y,        \
                                                      ::bang::Site site = ::bang::Site::here()) { \
    ::bang::map("__cn_vector_" #function "_" #suffix, site, z, x, y, n, cycles,                   \
                __cn_scalar_##function##_##suffix);                                               \
  }                                                                                               \
  BANG_BUILTIN void __cn_vector_##function##_scalar_##suffix(                                     \
      int n, T* z, const T* x, T y, ::bang::Site site = ::bang::Site::here()) {                   \
    ::bang::map_scalar("__cn_vector_" #function "_scalar_" #suffix, site, z, x, y, n, cycles,     \
                       __cn_scalar_##function##_##suffix);                                        \
  }
#define REEL_BANG_MATH_FLOATS(form, function, cycles, result)                          \
  form(function, f32, float, cycles, result) form(function, f16, half, cycles, result) \
      form(function, bf16, bfloat16_t, cycles, result)
#define REEL_BANG_FUNCTION(function, cycles, result) \
  REEL_BANG_MATH_FLOATS(REEL_BANG_MATH_1, function, cycles, result)
#define REEL_BANG_FUNCTION_2(function, cycles, result) \
  REEL_BANG_MATH_FLOATS(REEL_BANG_MATH_2, function, cycles, result)

REEL_BANG_FUNCTION(abs, ::bang::kSimpleCycles, __builtin_fabs(x))
REEL_BANG_FUNCTION(negate, ::bang::kSimpleCycles, -x)
REEL_BANG_FUNCTION(sign, ::bang::kSimpleCycles, x > 0 ? 1.0 : x < 0 ? -1.0 : x)
REEL_BANG_FUNCTION(floor, ::bang::kSimpleCycles, __builtin_floor(x))
REEL_BANG_FUNCTION(ceil, ::bang::kSimpleCycles, __builtin_ceil(x))
REEL_BANG_FUNCTION(trunc, ::bang::kSimpleCycles, __builtin_trunc(x))
REEL_BANG_FUNCTION(round, ::bang::kSimpleCycles, __builtin_round(x))
REEL_BANG_FUNCTION(rint, ::bang::kSimpleCycles, __builtin_rint(x))
REEL_BANG_FUNCTION(sqrt, ::bang::kRootCycles, __builtin_sqrt(x))
REEL_BANG_FUNCTION(rsqrt, ::bang::kRootCycles, 1 / __builtin_sqrt(x))
REEL_BANG_FUNCTION(cbrt, ::bang::kPowerCycles, __builtin_cbrt(x))
REEL_BANG_FUNCTION(exp, ::bang::kPowerCycles, __builtin_exp(x))
REEL_BANG_FUNCTION(exp2, ::bang::kPowerCycles, __builtin_exp2(x))
REEL_BANG_FUNCTION(exp10, ::bang::kPowerCycles, __builtin_pow(10.0, x))
REEL_BANG_FUNCTION(expm1, ::bang::kPowerCycles, __builtin_expm1(x))
REEL_BANG_FUNCTION(log, ::bang::kLogarithmCycles, __builtin_log(x))
REEL_BANG_FUNCTION(log2, ::bang::kLogarithmCycles, __builtin_log2(x))
REEL_BANG_FUNCTION(log10, ::bang::kLogarithmCycles, __builtin_log10(x))
REEL_BANG_FUNCTION(log1p, ::bang::kLogarithmCycles, __builtin_log1p(x))
REEL_BANG_FUNCTION(sin, ::bang::kTrigonometricCycles, __builtin_sin(x))
REEL_BANG_FUNCTION(cos, ::bang::kTrigonometricCycles, __builtin_cos(x))
REEL_BANG_FUNCTION(tan, ::bang::kTrigonometricCycles, __builtin_tan(x))
REEL_BANG_FUNCTION(asin, ::bang::kTrigonometricCycles, __builtin_asin(x))
REEL_BANG_FUNCTION(acos, ::bang::kTrigonometricCycles, __builtin_acos(x))
REEL_BANG_FUNCTION(atan, ::bang::kTrigonometricCycles, __builtin_atan(x))
REEL_BANG_FUNCTION(sinh, ::bang::kTrigonometricCycles, __builtin_sinh(x))
REEL_BANG_FUNCTION(cosh, ::bang::kTrigonometricCycles, __builtin_cosh(x))
REEL_BANG_FUNCTION(tanh, ::bang::kTrigonometricCycles, __builtin_tanh(x))
REEL_BANG_FUNCTION(asinh, ::bang::kTrigonometricCycles, __builtin_asinh(x))
REEL_BANG_FUNCTION(acosh, ::bang::kTrigonometricCycles, __builtin_acosh(x))
REEL_BANG_FUNCTION(atanh, ::bang::kTrigonometricCycles, __builtin_atanh(x))
REEL_BANG_FUNCTION(erf, ::bang::kTrigonometricCycles, __builtin_erf(x))
REEL_BANG_FUNCTION(erfc, ::bang::kTrigonometricCycles, __builtin_erfc(x))
REEL_BANG_FUNCTION_2(pow, ::bang::kTrigonometricCycles, __builtin_pow(x, y))
REEL_BANG_FUNCTION_2(mod, ::bang::kDivisionCycles<float>, __builtin_fmod(x, y))
REEL_BANG_FUNCTION_2(hypot, ::bang::kRootCycles, __builtin_hypot(x, y))
REEL_BANG_FUNCTION_2(atan2, ::bang::kTrigonometricCycles, __builtin_atan2(x, y))
REEL_BANG_FUNCTION_2(max, ::bang::kSimpleCycles, ::bang::Maximum()(x, y))
REEL_BANG_FUNCTION_2(min, ::bang::kSimpleCycles, ::bang::Minimum()(x, y))

// Arithmetic in one rounding: in double to odd, which the second rounding does not notice.
#define REEL_BANG_ARITHMETIC_MODE(suffix, T, R)                                         \
  REEL_BANG_MATH_2(add, suffix##_##R, T, ::bang::kSimpleCycles,                         \
                   ::bang::rounded<T>(::bang::Rounding::R, ::bang::odd_sum(x, y)))      \
  REEL_BANG_MATH_2(sub, suffix##_##R, T, ::bang::kSimpleCycles,                         \
                   ::bang::rounded<T>(::bang::Rounding::R, ::bang::odd_sum(x, -y)))     \
  REEL_BANG_MATH_2(mul, suffix##_##R, T, ::bang::kSimpleCycles,                         \
                   ::bang::rounded<T>(::bang::Rounding::R, x * y))                      \
  REEL_BANG_MATH_2(div, suffix##_##R, T, ::bang::kDivisionCycles<T>,                    \
                   ::bang::rounded<T>(::bang::Rounding::R, ::bang::odd_quotient(x, y))) \
  REEL_BANG_MATH_1(rcp, suffix##_##R, T, ::bang::kDivisionCycles<T>,                    \
                   ::bang::rounded<T>(::bang::Rounding::R, ::bang::odd_quotient(1, x)))
#define REEL_BANG_ARITHMETIC(suffix, T)    \
  REEL_BANG_ARITHMETIC_MODE(suffix, T, dn) \
  REEL_BANG_ARITHMETIC_MODE(suffix, T, up) \
  REEL_BANG_ARITHMETIC_MODE(suffix, T, tz) \
  REEL_BANG_ARITHMETIC_MODE(suffix, T, rn)
REEL_BANG_ARITHMETIC(f32, float)
REEL_BANG_ARITHMETIC(f16, half)
#undef REEL_BANG_ARITHMETIC
#undef REEL_BANG_ARITHMETIC_MODE

#define REEL_BANG_MATH_INTEGER(function, suffix, T, cycles, F)                                    \
  BANG_BUILTIN T __cn_scalar_##function##_##suffix(T x, T y) { return F()(x, y); }                \
  BANG_BUILTIN void __cn_vector_##function##_##suffix(int n, T* z, const T* x, const T* y,        \
                                                      ::bang::Site site = ::bang::Site::here()) { \
    ::bang::map("__cn_vector_" #function "_" #suffix, site, z, x, y, n, cycles, F());             \
  }                                                                                               \
  BANG_BUILTIN void __cn_vector_##function##_scalar_##suffix(                                     \
      int n, T* z, const T* x, T y, ::bang::Site site = ::bang::Site::here()) {                   \
    ::bang::map_scalar("__cn_vector_" #function "_scalar_" #suffix, site, z, x, y, n, cycles,     \
                       F());                                                                      \
  }
#define REEL_BANG_MATH_INTEGERS(suffix, T)                                              \
  REEL_BANG_MATH_INTEGER(add, suffix, T, ::bang::kSimpleCycles, ::bang::Add)            \
  REEL_BANG_MATH_INTEGER(sub, suffix, T, ::bang::kSimpleCycles, ::bang::Subtract)       \
  REEL_BANG_MATH_INTEGER(mul, suffix, T, ::bang::kSimpleCycles, ::bang::Multiply)       \
  REEL_BANG_MATH_INTEGER(div, suffix, T, ::bang::kDivisionCycles<T>, ::bang::Divide)    \
  REEL_BANG_MATH_INTEGER(mod, suffix, T, ::bang::kDivisionCycles<T>, ::bang::Remainder) \
  REEL_BANG_MATH_INTEGER(max, suffix, T, ::bang::kSimpleCycles, ::bang::Maximum)        \
  REEL_BANG_MATH_INTEGER(min, suffix, T, ::bang::kSimpleCycles, ::bang::Minimum)
REEL_BANG_MATH_INTEGERS(s32, int32_t)
REEL_BANG_MATH_INTEGERS(u32, uint32_t)
REEL_BANG_MATH_INTEGERS(s64, int64_t)
REEL_BANG_MATH_INTEGERS(u64, uint64_t)
#undef REEL_BANG_MATH_INTEGERS
#undef REEL_BANG_MATH_INTEGER

#define REEL_BANG_CLASSIFY(function, suffix, D, T, predicate)                                     \
  BANG_BUILTIN D __cn_scalar_##function##_##suffix(T x) { return predicate(x); }                  \
  BANG_BUILTIN void __cn_vector_##function##_##suffix(int n, D* y, const T* x,                    \
                                                      ::bang::Site site = ::bang::Site::here()) { \
    ::bang::map_to("__cn_vector_" #function "_" #suffix, site, y, x, n, predicate);               \
  }
REEL_BANG_CLASSIFY(isinf, f32, int, float, ::bang::is_infinite)
REEL_BANG_CLASSIFY(isinf, f16, short, half, ::bang::is_infinite)
REEL_BANG_CLASSIFY(isnan, f32, int, float, ::bang::is_nan)
REEL_BANG_CLASSIFY(isnan, f16, short, half, ::bang::is_nan)
#undef REEL_BANG_CLASSIFY

#define REEL_BANG_VECTOR_CAST(from, to, D, S)                                                     \
  BANG_BUILTIN void __cn_vector_cast_##from##_to_##to(int n, D* y, const S* x,                    \
                                                      ::bang::Site site = ::bang::Site::here()) { \
    ::bang::map_to(                                                                               \
        "__cn_vector_cast_" #from "_to_" #to, site, y, x, n,                                      \
        [](double v) __attribute__((always_inline)) {                                             \
          return ::bang::rounded<D>(::bang::Rounding::tz, v);                                     \
        });                                                                                       \
  }
REEL_BANG_VECTOR_CAST(f32, s32, int32_t, float)
REEL_BANG_VECTOR_CAST(f32, u32, uint32_t, float)
REEL_BANG_VECTOR_CAST(f16, s32, int32_t, half)
REEL_BANG_VECTOR_CAST(s32, f32, float, int32_t)
REEL_BANG_VECTOR_CAST(u32, f32, float, uint32_t)
#undef REEL_BANG_VECTOR_CAST

#undef REEL_BANG_FUNCTION_2
#undef REEL_BANG_FUNCTION
#undef REEL_BANG_MATH_FLOATS
#undef REEL_BANG_MATH_2
#undef REEL_BANG_MATH_1
