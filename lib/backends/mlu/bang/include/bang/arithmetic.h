#pragma once

// Elementwise arithmetic: __bang_add and its kin, extrema, fusion, functions of the vector unit.
// half and bfloat16_t compute in float and round once, to nearest even; integers wrap around.

#include <bang/rounding.h>
#include <bang/vector.h>

namespace bang {

/// Integer operations in the unsigned 64-bit type, where overflow is defined; floats as they are.
template <class T>
using Calculation = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;

struct Add {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return static_cast<T>(static_cast<Calculation<T>>(a) + static_cast<Calculation<T>>(b));
  }
};
struct Subtract {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return static_cast<T>(static_cast<Calculation<T>>(a) - static_cast<Calculation<T>>(b));
  }
};
struct Multiply {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return static_cast<T>(static_cast<Calculation<T>>(a) * static_cast<Calculation<T>>(b));
  }
};
/// A zero divisor of an integer gives 0: the documentation excludes it.
struct Divide {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return Subtract()(T(0), a);
    }
    return static_cast<T>(a / b);
  }
};
struct Remainder {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0 || (std::is_signed_v<T> && b == static_cast<T>(-1))) return 0;
      return static_cast<T>(a % b);
    } else {
      return static_cast<T>(__builtin_fmod(a, b));
    }
  }
};

/// The upper half of the product.
struct MultiplyHigh {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    static_assert(sizeof(T) <= 4, "the product must fit 64 bits");
    using Product = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
    return static_cast<T>((static_cast<Product>(a) * static_cast<Product>(b)) >> (8 * sizeof(T)));
  }
};

/// Of a number and NaN: the number.
struct Maximum {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return a > b || b != b ? a : b;
  }
};
struct Minimum {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return a < b || b != b ? a : b;
  }
};
/// Of a number and NaN: NaN.
struct NanMaximum {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};
struct NanMinimum {
  template <class T>
  BANG_HELPER T operator()(T a, T b) const {
    return a < b || a != a ? a : b;
  }
};

struct Absolute {
  template <class T>
  BANG_HELPER T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return x < 0 ? Subtract()(T(0), x) : x;
    } else {
      return static_cast<T>(__builtin_fabs(x));
    }
  }
};
struct Negate {
  template <class T>
  BANG_HELPER T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return Subtract()(T(0), x);
    } else {
      return -x;
    }
  }
};
struct Square {
  template <class T>
  BANG_HELPER T operator()(T x) const {
    return Multiply()(x, x);
  }
};
struct Relu {
  template <class T>
  BANG_HELPER T operator()(T x) const {
    return x > 0 ? x : T(0);
  }
};

struct ClampedRelu {
  template <class T>
  BANG_HELPER T operator()(T x, T top) const {
    return Relu()(x < top ? x : top);
  }
};

// Functions compute in double, of which the result is rounded once.
struct Reciprocal {
  BANG_HELPER double operator()(double x) const { return 1 / x; }
};
struct SquareRoot {
  BANG_HELPER double operator()(double x) const { return __builtin_sqrt(x); }
};
struct ReciprocalRoot {
  BANG_HELPER double operator()(double x) const { return 1 / __builtin_sqrt(x); }
};
struct Exponential {
  BANG_HELPER double operator()(double x) const { return __builtin_exp(x); }
};
struct PowerOfTwo {
  BANG_HELPER double operator()(double x) const { return __builtin_exp2(x); }
};
struct Logarithm2 {
  BANG_HELPER double operator()(double x) const { return __builtin_log2(x); }
};
struct Sine {
  BANG_HELPER double operator()(double x) const { return __builtin_sin(x); }
};
struct Cosine {
  BANG_HELPER double operator()(double x) const { return __builtin_cos(x); }
};
struct HyperbolicTangent {
  BANG_HELPER double operator()(double x) const { return __builtin_tanh(x); }
};
struct Floor {
  BANG_HELPER float operator()(float x) const { return __builtin_floorf(x); }
};
struct Ceiling {
  BANG_HELPER float operator()(float x) const { return __builtin_ceilf(x); }
};
struct Truncate {
  BANG_HELPER float operator()(float x) const { return __builtin_truncf(x); }
};
/// Ties off zero.
struct Round {
  BANG_HELPER float operator()(float x) const { return __builtin_roundf(x); }
};

// Toward zero, in one rounding. The product is exact in double.
template <class T>
struct AddToZero {
  BANG_HELPER T operator()(double a, double b) const {
    return rounded<T>(Rounding::tz, odd_sum(a, b));
  }
};
template <class T>
struct SubtractToZero {
  BANG_HELPER T operator()(double a, double b) const {
    return rounded<T>(Rounding::tz, odd_sum(a, -b));
  }
};
template <class T>
struct MultiplyToZero {
  BANG_HELPER T operator()(double a, double b) const { return rounded<T>(Rounding::tz, a * b); }
};

/// A scalar or a vector that repeats, as an operand of fusion.
template <class T>
struct Term {
  const T* vector;
  T scalar;
  BANG_HELPER Wide<T> at(int64_t i) const {
    return static_cast<Wide<T>>(vector ? vector[i] : scalar);
  }
};

/// Both operations round: the unit sends the product through an adder of its own.
template <class T>
BANG_HELPER Wide<T> once_rounded(Wide<T> value) {
  return static_cast<Wide<T>>(static_cast<T>(value));
}
template <class T>
BANG_HELPER Wide<T> fuse(mluFusionOpCode code, Wide<T> a, Wide<T> b, Wide<T> c) {
  const Add add;
  const Subtract subtract;
  const Multiply multiply;
  switch (code) {
    case FUSION_FMA:
      return add(once_rounded<T>(multiply(a, b)), c);
    case FUSION_FMS:
      return subtract(once_rounded<T>(multiply(a, b)), c);
    case FUSION_FAM:
      return multiply(once_rounded<T>(add(a, b)), c);
    case FUSION_FSM:
      return multiply(once_rounded<T>(subtract(a, b)), c);
    case FUSION_FAA:
      return add(once_rounded<T>(add(a, b)), c);
    case FUSION_FAS:
      return subtract(once_rounded<T>(add(a, b)), c);
    case FUSION_FSS:
      return subtract(once_rounded<T>(subtract(a, b)), c);
    case FUSION_FSA:
      return add(once_rounded<T>(subtract(a, b)), c);
  }
  return a;
}

__attribute__((noinline)) BANG_BUILTIN void start_fusion(Site site, mluFusionOpCode code, void* dst,
                                                         const void* src0, const void* src1,
                                                         const void* src2, int64_t size,
                                                         int64_t count, int64_t period) {
  Op op("__bang_fusion", site);
  op.require(code >= FUSION_FMA && code <= FUSION_FSA, "a mluFusionOpCode", code);
  op.require(count > 0, "dst_src0_elem_count > 0", count);
  op.require(period > 0, "src1_src2_elem_count > 0", period);
  op.require(count % period == 0, "dst_src0_elem_count divisible by src1_src2_elem_count (rest 0)",
             count % period);
  op.reads(static_cast<const char*>(src0), count * size);
  if (src1 != nullptr) op.reads(static_cast<const char*>(src1), period * size);
  if (src2 != nullptr) op.reads(static_cast<const char*>(src2), period * size);
  op.writes(static_cast<char*>(dst), count * size);
  op.vector(count * size, kSimpleCycles);
}
template <class T>
BANG_BUILTIN void fusion(Site site, mluFusionOpCode code, T* dst, const T* src0, Term<T> src1,
                         Term<T> src2, int64_t count, int64_t period) {
  if (period == 0) period = count;
  start_fusion(site, code, dst, src0, src1.vector, src2.vector, sizeof(T), count, period);
  for (int64_t first = 0; first < count; first += period) {
    for (int64_t i = 0; i < period; ++i) {
      const Wide<T> a = static_cast<Wide<T>>(src0[first + i]);
      dst[first + i] = static_cast<T>(fuse<T>(code, a, src1.at(i), src2.at(i)));
    }
  }
}

}  // namespace bang

REEL_BANG_BINARY(__bang_add, ::bang::Add, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_sub, ::bang::Subtract, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_mul, ::bang::Multiply, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_mulh, ::bang::MultiplyHigh, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_add_tz, ::bang::AddToZero<T>, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_sub_tz, ::bang::SubtractToZero<T>, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_mul_tz, ::bang::MultiplyToZero<T>, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_div, ::bang::Divide, ::bang::kDivisionCycles<T>)
REEL_BANG_BINARY(__bang_rem, ::bang::Remainder, ::bang::kDivisionCycles<T>)

REEL_BANG_SCALAR(__bang_add_scalar, ::bang::Add, ::bang::kSimpleCycles)
REEL_BANG_SCALAR(__bang_sub_scalar, ::bang::Subtract, ::bang::kSimpleCycles)
REEL_BANG_SCALAR(__bang_mul_scalar, ::bang::Multiply, ::bang::kSimpleCycles)
REEL_BANG_SCALAR(__bang_mulh_scalar, ::bang::MultiplyHigh, ::bang::kSimpleCycles)
REEL_BANG_SCALAR(__bang_add_const, ::bang::Add, ::bang::kSimpleCycles)
REEL_BANG_SCALAR(__bang_sub_const, ::bang::Subtract, ::bang::kSimpleCycles)
REEL_BANG_SCALAR(__bang_mul_const, ::bang::Multiply, ::bang::kSimpleCycles)
REEL_BANG_SCALAR(__bang_div, ::bang::Divide, ::bang::kDivisionCycles<T>)
REEL_BANG_SCALAR(__bang_rem, ::bang::Remainder, ::bang::kDivisionCycles<T>)

REEL_BANG_CYCLE(__bang_cycle_add, ::bang::Add, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_sub, ::bang::Subtract, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_mul, ::bang::Multiply, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_add_tz, ::bang::AddToZero<T>, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_sub_tz, ::bang::SubtractToZero<T>, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_mul_tz, ::bang::MultiplyToZero<T>, ::bang::kSimpleCycles)

/// Division of the first architectures. `src_addition` is working space as large as the others.
template <class T>
BANG_BUILTIN void __bang_div(T* dst, ::bang::As<const T*> src0, ::bang::As<const T*> src1,
                             ::bang::As<const T*> src_addition, int elem_count,
                             ::bang::Site site = ::bang::Site::here()) {
  static_cast<void>(src_addition);  // NULL in sources that know that newer cards need none
  ::bang::map("__bang_div", site, dst, src0, src1, elem_count, ::bang::kDivisionCycles<T>,
              ::bang::Divide());
}

REEL_BANG_BINARY(__bang_maximum, ::bang::Maximum, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_minimum, ::bang::Minimum, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_maxequal, ::bang::Maximum, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_minequal, ::bang::Minimum, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_nan_maximum, ::bang::NanMaximum, ::bang::kSimpleCycles)
REEL_BANG_BINARY(__bang_nan_minimum, ::bang::NanMinimum, ::bang::kSimpleCycles)
REEL_BANG_SCALAR(__bang_maxeq_scalar, ::bang::Maximum, ::bang::kSimpleCycles)
REEL_BANG_SCALAR(__bang_mineq_scalar, ::bang::Minimum, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_maximum, ::bang::Maximum, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_minimum, ::bang::Minimum, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_maxequal, ::bang::Maximum, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_minequal, ::bang::Minimum, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_nan_maximum, ::bang::NanMaximum, ::bang::kSimpleCycles)
REEL_BANG_CYCLE(__bang_cycle_nan_minimum, ::bang::NanMinimum, ::bang::kSimpleCycles)

/// dst[i] is the larger of src[i] and src[i + distance].
template <class T>
BANG_BUILTIN void __bang_maximum(T* dst, ::bang::As<const T*> src, int distance, int size,
                                 ::bang::Site site = ::bang::Site::here()) {
  ::bang::map("__bang_maximum", site, dst, src, src + distance, size, ::bang::kSimpleCycles,
              ::bang::Maximum());
}

REEL_BANG_UNARY(__bang_abs, ::bang::Absolute, ::bang::kSimpleCycles)
REEL_BANG_UNARY(__bang_neg, ::bang::Negate, ::bang::kSimpleCycles)
REEL_BANG_UNARY(__bang_square, ::bang::Square, ::bang::kSimpleCycles)
REEL_BANG_UNARY(__bang_relu, ::bang::Relu, ::bang::kSimpleCycles)
REEL_BANG_UNARY(__bang_floor, ::bang::Floor, ::bang::kSimpleCycles)
REEL_BANG_UNARY(__bang_ceil, ::bang::Ceiling, ::bang::kSimpleCycles)
REEL_BANG_UNARY(__bang_trunc, ::bang::Truncate, ::bang::kSimpleCycles)
REEL_BANG_UNARY(__bang_round, ::bang::Round, ::bang::kSimpleCycles)

REEL_BANG_UNARY(__bang_recip, ::bang::Reciprocal, ::bang::kDivisionCycles<T>)
REEL_BANG_UNARY(__bang_sqrt, ::bang::SquareRoot, ::bang::kRootCycles)
REEL_BANG_UNARY(__bang_rsqrt, ::bang::ReciprocalRoot, ::bang::kRootCycles)
REEL_BANG_UNARY(__bang_exp, ::bang::Exponential, ::bang::kPowerCycles)
REEL_BANG_UNARY(__bang_exp2, ::bang::PowerOfTwo, ::bang::kPowerCycles)
REEL_BANG_UNARY(__bang_pow2, ::bang::PowerOfTwo, ::bang::kPowerCycles)
REEL_BANG_UNARY(__bang_log, ::bang::Logarithm2, ::bang::kLogarithmCycles)  // base 2, indeed
REEL_BANG_UNARY(__bang_log2, ::bang::Logarithm2, ::bang::kLogarithmCycles)
REEL_BANG_UNARY(__bang_sin, ::bang::Sine, ::bang::kTrigonometricCycles)
REEL_BANG_UNARY(__bang_cos, ::bang::Cosine, ::bang::kTrigonometricCycles)
REEL_BANG_UNARY(__bang_tanh, ::bang::HyperbolicTangent, ::bang::kTrigonometricCycles)

/// Clamped to [0, nvalue].
template <class T>
BANG_BUILTIN void __bang_relun(T* dst, ::bang::As<const T*> src, int elem_count,
                               ::bang::As<T> nvalue, ::bang::Site site = ::bang::Site::here()) {
  ::bang::map_scalar("__bang_relun", site, dst, src, nvalue, elem_count, ::bang::kSimpleCycles,
                     ::bang::ClampedRelu());
}

/// Two operations at once on src0 with scalars or with vectors that repeat.
template <class T>
BANG_BUILTIN void __bang_fusion(mluFusionOpCode op_code, T* dst, ::bang::As<const T*> src0,
                                ::bang::As<const T*> src1, ::bang::As<const T*> src2,
                                int dst_src0_elem_count, int src1_src2_elem_count = 0,
                                ::bang::Site site = ::bang::Site::here()) {
  ::bang::fusion<T>(site, op_code, dst, src0, {src1, {}}, {src2, {}}, dst_src0_elem_count,
                    src1_src2_elem_count);
}
template <class T>
BANG_BUILTIN void __bang_fusion(mluFusionOpCode op_code, T* dst, ::bang::As<const T*> src0,
                                ::bang::As<const T*> src1, ::bang::As<T> src2,
                                int dst_src0_elem_count, int src1_elem_count = 0,
                                ::bang::Site site = ::bang::Site::here()) {
  ::bang::fusion<T>(site, op_code, dst, src0, {src1, {}}, {nullptr, src2}, dst_src0_elem_count,
                    src1_elem_count);
}
template <class T>
BANG_BUILTIN void __bang_fusion(mluFusionOpCode op_code, T* dst, ::bang::As<const T*> src0,
                                ::bang::As<T> src1, ::bang::As<const T*> src2,
                                int dst_src0_elem_count, int src2_elem_count = 0,
                                ::bang::Site site = ::bang::Site::here()) {
  ::bang::fusion<T>(site, op_code, dst, src0, {nullptr, src1}, {src2, {}}, dst_src0_elem_count,
                    src2_elem_count);
}
template <class T>
BANG_BUILTIN void __bang_fusion(mluFusionOpCode op_code, T* dst, ::bang::As<const T*> src0,
                                ::bang::As<T> src1, ::bang::As<T> src2, int dst_src0_elem_count,
                                ::bang::Site site = ::bang::Site::here()) {
  ::bang::fusion<T>(site, op_code, dst, src0, {nullptr, src1}, {nullptr, src2}, dst_src0_elem_count,
                    0);
}

// Two names that public kernels call and of which nothing public says what they compute: a guess
// would give wrong numbers without a word.
template <class... Args>
void __bang_expand_channel_mul(Args...) {
  static_assert(sizeof...(Args) > 99,
                "__bang_expand_channel_mul is not simulated: nothing public says what it computes");
}
template <class... Args>
void __bang_expand_channel_mul_add(Args...) {
  static_assert(
      sizeof...(Args) > 99,
      "__bang_expand_channel_mul_add is not simulated: nothing public says what it computes");
}
