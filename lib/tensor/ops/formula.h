#pragma once

// The vocabulary in which elementwise formulas are written. Here it is given for single numbers;
// cpu/vec.h gives it for SIMD batches and ops.h for tensors, found by argument-dependent lookup, so
// that one formula serves all three.

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <reel/tensor/ops/complex_math.h>

namespace reel::ops {

template <class T>
concept Number = std::is_arithmetic_v<T>;

/// A constant of the kind that x is; infinite bounds become the last integer.
template <Number T>
constexpr T like(T, double value) {
  if constexpr (std::integral<T>) {
    using Limits = std::numeric_limits<T>;
    if (value <= static_cast<double>(Limits::lowest())) return Limits::lowest();
    if (value >= static_cast<double>(Limits::max())) return Limits::max();
  }
  return static_cast<T>(value);
}
template <Number A, Number B>
constexpr auto where(bool condition, A a, B b) -> std::common_type_t<A, B> {
  return condition ? a : b;
}

/// The conjugate, which of a real number is the number.
template <Number T>
constexpr T conj(T x) {
  return x;
}

template <std::floating_point T>
T ceil(T x) {
  return std::ceil(x);
}
template <std::floating_point T>
T cos(T x) {
  return std::cos(x);
}
template <std::floating_point T>
T erf(T x) {
  return std::erf(x);
}
template <std::floating_point T>
T exp(T x) {
  return std::exp(x);
}
template <std::floating_point T>
T expm1(T x) {
  return std::expm1(x);
}
template <std::floating_point T>
T floor(T x) {
  return std::floor(x);
}
template <std::floating_point T>
T log(T x) {
  return std::log(x);
}
template <std::floating_point T>
T log10(T x) {
  return std::log10(x);
}
template <std::floating_point T>
T log1p(T x) {
  return std::log1p(x);
}
template <std::floating_point T>
T log2(T x) {
  return std::log2(x);
}
template <std::floating_point T>
T pow(T x, T y) {
  return std::pow(x, y);
}
/// To the nearest integer, ties to even.
template <std::floating_point T>
T round(T x) {
  return std::nearbyint(x);
}
template <std::floating_point T>
T sin(T x) {
  return std::sin(x);
}
template <std::floating_point T>
T sqrt(T x) {
  return std::sqrt(x);
}
template <std::floating_point T>
T tan(T x) {
  return std::tan(x);
}
template <std::floating_point T>
T tanh(T x) {
  return std::tanh(x);
}
template <std::signed_integral T>
T ceil(T x) {
  return x;
}
template <std::signed_integral T>
T floor(T x) {
  return x;
}
template <std::signed_integral T>
T round(T x) {
  return x;
}
template <std::unsigned_integral T>
T ceil(T x) {
  return x;
}
template <std::unsigned_integral T>
T floor(T x) {
  return x;
}
template <std::unsigned_integral T>
T round(T x) {
  return x;
}

template <Number T>
constexpr T abs(T x) {
  if constexpr (std::floating_point<T>)
    return std::fabs(x);
  else if constexpr (std::signed_integral<T>)
    return x < 0 ? static_cast<T>(-x) : x;
  else
    return x;
}
/// NaN if either is NaN, as PyTorch has it.
template <Number T>
constexpr T maximum(T a, T b) {
  return a > b || a != a ? a : b;
}
template <Number T>
constexpr T minimum(T a, T b) {
  return a < b || a != a ? a : b;
}
/// Integer powers by squaring; negative exponents give what C++ integer division of 1 gives.
template <std::integral T>
constexpr T pow(T x, T y) {
  if constexpr (std::is_signed_v<T>) {
    if (y < 0) return x == 1 ? T(1) : (x == -1 ? T(y % 2 == 0 ? 1 : -1) : T(0));
  }
  using Wide = std::make_unsigned_t<std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>>;
  uint64_t result = 1;
  uint64_t base = static_cast<Wide>(x);
  for (uint64_t n = static_cast<Wide>(y); n != 0; n >>= 1, base *= base) {
    if ((n & 1) != 0) result *= base;
  }
  return static_cast<T>(result);
}

}  // namespace reel::ops
