#pragma once

// More of the vocabulary of formulas, for single numbers: functions that no backend has vector
// instructions for, remainders, and bits.

#include <bit>

#include <reel/tensor/ops/formula.h>

namespace reel::ops {

/// Special functions in double precision; see special_math.cpp.
namespace special {
double bessel_i(int order, double x);
double digamma(double x);
double erfinv(double x);
double polygamma(int n, double x);
}  // namespace special

template <std::floating_point T>
T acos(T x) {
  return std::acos(x);
}
template <std::floating_point T>
T acosh(T x) {
  return std::acosh(x);
}
template <std::floating_point T>
T asin(T x) {
  return std::asin(x);
}
template <std::floating_point T>
T asinh(T x) {
  return std::asinh(x);
}
template <std::floating_point T>
T atan(T x) {
  return std::atan(x);
}
template <std::floating_point T>
T atanh(T x) {
  return std::atanh(x);
}
template <std::floating_point T>
T cosh(T x) {
  return std::cosh(x);
}
template <std::floating_point T>
T sinh(T x) {
  return std::sinh(x);
}
template <std::floating_point T>
T erfc(T x) {
  return std::erfc(x);
}
template <std::floating_point T>
T exp2(T x) {
  return std::exp2(x);
}
template <std::floating_point T>
T lgamma(T x) {
  return std::lgamma(x);
}
template <std::floating_point T>
T trunc(T x) {
  return std::trunc(x);
}
template <std::integral T>
T trunc(T x) {
  return x;
}
template <std::floating_point T>
T atan2(T y, T x) {
  return std::atan2(y, x);
}
template <std::floating_point T>
T copysign(T x, T sign) {
  return std::copysign(x, sign);
}
template <std::floating_point T>
T hypot(T x, T y) {
  return std::hypot(x, y);
}
template <std::floating_point T>
T digamma(T x) {
  return static_cast<T>(special::digamma(static_cast<double>(x)));
}
template <std::floating_point T>
T erfinv(T x) {
  return static_cast<T>(special::erfinv(static_cast<double>(x)));
}
template <std::floating_point T>
T i0(T x) {
  return static_cast<T>(special::bessel_i(0, static_cast<double>(x)));
}
template <std::floating_point T>
T i1(T x) {
  return static_cast<T>(special::bessel_i(1, static_cast<double>(x)));
}
template <std::floating_point T>
T polygamma(int64_t n, T x) {
  return static_cast<T>(special::polygamma(static_cast<int>(n), static_cast<double>(x)));
}

/// The quotient without its fraction; of integers 0 where b is 0, which callers refuse before.
template <Number T>
T divide_trunc(T a, T b) {
  if constexpr (std::floating_point<T>) {
    return std::trunc(a / b);
  } else {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      // The quotient of the smallest integer by -1 wraps around; the CPU would trap.
      if (b == -1) return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(a));
    }
    return static_cast<T>(a / b);
  }
}
/// What is left of a by divide_trunc: of a's sign.
template <Number T>
T fmod(T a, T b) {
  if constexpr (std::floating_point<T>) {
    return std::fmod(a, b);
  } else {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    return static_cast<T>(a % b);
  }
}
/// What is left of a by divide_floor: of b's sign.
template <Number T>
T remainder(T a, T b) {
  const T rest = ops::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
}
/// The quotient rounded down. Of floating-point numbers by their remainder, as Python does: the
/// quotient itself may be rounded up to the next whole number.
template <Number T>
T divide_floor(T a, T b) {
  if constexpr (std::floating_point<T>) {
    if (b == 0) return a / b;
    const T rest = std::fmod(a, b);
    T quotient = (a - rest) / b;
    if (rest != 0 && (rest < 0) != (b < 0)) quotient -= 1;
    if (quotient == 0) return std::copysign(T(0), a / b);
    const T whole = std::floor(quotient);
    return quotient - whole > T(0.5) ? whole + 1 : whole;
  } else {
    const T quotient = divide_trunc(a, b);
    const bool down = ops::fmod(a, b) != 0 && (a < 0) != (b < 0);
    return static_cast<T>(down ? quotient - 1 : quotient);
  }
}

template <std::integral T>
T bit_and(T a, T b) {
  return static_cast<T>(a & b);
}
template <std::integral T>
T bit_or(T a, T b) {
  return static_cast<T>(a | b);
}
template <std::integral T>
T bit_xor(T a, T b) {
  return static_cast<T>(a ^ b);
}
/// Shifts by less than nothing or by more bits than there are move everything out.
template <std::integral T>
T shift_left(T a, T b) {
  using Bits = std::make_unsigned_t<T>;
  if (static_cast<Bits>(b) >= sizeof(T) * 8) return 0;
  return static_cast<T>(static_cast<uint64_t>(static_cast<Bits>(a)) << b);
}
template <std::integral T>
T shift_right(T a, T b) {
  using Bits = std::make_unsigned_t<T>;
  constexpr int kLast = sizeof(T) * 8 - 1;
  if (static_cast<Bits>(b) <= kLast) return static_cast<T>(a >> b);
  return std::is_signed_v<T> ? static_cast<T>(a >> kLast) : T(0);
}

}  // namespace reel::ops
