#pragma once

// The 16-bit floating-point numbers of BANG C.

#include <cstdint>
#include <type_traits>

#include <bang/rounding.h>

namespace bang {

/// The float of the bits of a half: exact.
BANG_HELPER constexpr float widen_half(uint16_t bits) {
  uint32_t shifted = (bits & 0x7fffu) << 13;
  const uint32_t exponent = shifted & (0x7c00u << 13);
  shifted += (127 - 15) << 23;
  if (exponent == 0x7c00u << 13) {
    shifted += (128 - 16) << 23;  // infinity and NaN
  } else if (exponent == 0) {
    // Subnormal: made normal by an implicit one, which the subtraction takes off again.
    const float number = __builtin_bit_cast(float, shifted + (1u << 23)) - 0x1p-14f;
    shifted = __builtin_bit_cast(uint32_t, number);
  }
  return __builtin_bit_cast(float, shifted | (bits & 0x8000u) << 16);
}

BANG_HELPER constexpr float half_to_float(uint16_t bits) {
#ifdef __F16C__
  if (!__builtin_is_constant_evaluated()) {
    typedef short Shorts __attribute__((vector_size(16)));
    typedef float Floats __attribute__((vector_size(16)));
    const Floats widened = __builtin_ia32_vcvtph2ps(Shorts{static_cast<short>(bits)});
    return widened[0];
  }
#endif
  return widen_half(bits);
}

/// The bits of the half nearest to `value`, ties to even.
BANG_HELPER constexpr uint16_t float_to_half(float value) {
#ifdef __F16C__
  if (!__builtin_is_constant_evaluated()) {
    typedef short Shorts __attribute__((vector_size(16)));
    typedef float Floats __attribute__((vector_size(16)));
    const Shorts narrowed = __builtin_ia32_vcvtps2ph(Floats{value}, 0);
    return static_cast<uint16_t>(narrowed[0]);
  }
#endif
  return static_cast<uint16_t>(narrow<5, 10>(Rounding::rn, value));
}

}  // namespace bang

/// IEEE 754 binary16. Expressions compute in float, to which it converts implicitly; assignment
/// rounds to nearest even. It is a class because a built-in type makes std::sin(half) ambiguous.
class half {
 public:
  half() = default;  // leaves it as it is: arrays of it lie in the card's memories
  BANG_HELPER constexpr half(float value) : bits_(bang::float_to_half(value)) {}
  BANG_HELPER constexpr half(double value)
      : bits_(static_cast<uint16_t>(bang::narrow<5, 10>(bang::Rounding::rn, value))) {}
  template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
  BANG_HELPER constexpr half(T value) : half(static_cast<double>(value)) {}

  BANG_HELPER static constexpr half from_bits(uint16_t bits) {
    half result{};
    result.bits_ = bits;
    return result;
  }
  BANG_HELPER constexpr uint16_t bits() const { return bits_; }
  BANG_HELPER constexpr operator float() const { return bang::half_to_float(bits_); }

  BANG_HELPER half& operator+=(float other) { return *this = *this + other; }
  BANG_HELPER half& operator-=(float other) { return *this = *this - other; }
  BANG_HELPER half& operator*=(float other) { return *this = *this * other; }
  BANG_HELPER half& operator/=(float other) { return *this = *this / other; }
  BANG_HELPER half& operator++() { return *this += 1; }
  BANG_HELPER half& operator--() { return *this -= 1; }
  BANG_HELPER half operator++(int) {
    const half before = *this;
    *this += 1;
    return before;
  }
  BANG_HELPER half operator--(int) {
    const half before = *this;
    *this -= 1;
    return before;
  }

 private:
  uint16_t bits_;
};

/// The upper half of a float. Like half in all else.
class bfloat16_t {
 public:
  bfloat16_t() = default;
  BANG_HELPER constexpr bfloat16_t(float value) : bfloat16_t(static_cast<double>(value)) {}
  BANG_HELPER constexpr bfloat16_t(double value)
      : bits_(static_cast<uint16_t>(bang::narrow<8, 7>(bang::Rounding::rn, value))) {}
  template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
  BANG_HELPER constexpr bfloat16_t(T value) : bfloat16_t(static_cast<double>(value)) {}

  BANG_HELPER static constexpr bfloat16_t from_bits(uint16_t bits) {
    bfloat16_t result{};
    result.bits_ = bits;
    return result;
  }
  BANG_HELPER constexpr uint16_t bits() const { return bits_; }
  BANG_HELPER constexpr operator float() const {
    return __builtin_bit_cast(float, uint32_t{bits_} << 16);
  }

  BANG_HELPER bfloat16_t& operator+=(float other) { return *this = *this + other; }
  BANG_HELPER bfloat16_t& operator-=(float other) { return *this = *this - other; }
  BANG_HELPER bfloat16_t& operator*=(float other) { return *this = *this * other; }
  BANG_HELPER bfloat16_t& operator/=(float other) { return *this = *this / other; }

 private:
  uint16_t bits_;
};

static_assert(sizeof(half) == 2 && std::is_trivial_v<half>, "a half is its bits");
static_assert(sizeof(bfloat16_t) == 2 && std::is_trivial_v<bfloat16_t>, "so is a bfloat16_t");

namespace bang {

/// `value` as a D, rounded once.
template <class D>
BANG_HELPER constexpr D rounded(Rounding rounding, double value) {
  if constexpr (std::is_same_v<D, half>) {
    return half::from_bits(static_cast<uint16_t>(narrow<5, 10>(rounding, value)));
  } else if constexpr (std::is_same_v<D, bfloat16_t>) {
    return bfloat16_t::from_bits(static_cast<uint16_t>(narrow<8, 7>(rounding, value)));
  } else if constexpr (std::is_same_v<D, float>) {
    return __builtin_bit_cast(float, narrow<8, 23>(rounding, value));
  } else {
    constexpr bool kSigned = std::is_signed_v<D>;
    constexpr int kBits = static_cast<int>(sizeof(D)) * 8 - (kSigned ? 1 : 0);
    constexpr int64_t kHigh = static_cast<int64_t>((uint64_t{1} << kBits) - 1);
    return static_cast<D>(to_integer(rounding, value, kSigned ? -kHigh - 1 : 0, kHigh));
  }
}

/// `value` with the mantissa of a tf32, which has ten bits.
BANG_HELPER constexpr float to_tf32(Rounding rounding, float value) {
  return __builtin_bit_cast(float, narrow<8, 10>(rounding, value) << 13);
}

}  // namespace bang
