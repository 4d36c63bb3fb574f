#pragma once

// How values lose bits: the rounding suffixes of BANG C, for integers and for narrower floats.

#include <cstdint>
#include <type_traits>

#include <bang/inline.h>

namespace bang {

/// The suffixes of the conversions: toward zero, off zero, up, down, to nearest with ties off zero
/// (rd), to nearest with ties up (rm, "round-math"), to nearest with ties to even (rn).
enum class Rounding : uint8_t { tz, oz, up, dn, rd, rm, rn };

/// What a truncated magnitude has lost, in units of its last place.
enum class Rest : uint8_t { none, below_half, half, above_half };

/// True where the truncated magnitude is to grow by one unit.
BANG_HELPER constexpr bool rounds_away(Rounding rounding, bool negative, bool odd, Rest rest) {
  switch (rounding) {
    case Rounding::tz:
      return false;
    case Rounding::oz:
      return rest != Rest::none;
    case Rounding::up:
      return rest != Rest::none && !negative;
    case Rounding::dn:
      return rest != Rest::none && negative;
    case Rounding::rd:
      return rest >= Rest::half;
    case Rounding::rm:
      return rest > Rest::half || (rest == Rest::half && !negative);
    case Rounding::rn:
      return rest > Rest::half || (rest == Rest::half && odd);
  }
  return false;
}

/// The bits of `value` in a format of `Exponent` and `Mantissa` bits, rounded once. Overflow gives
/// infinity, or the largest number where it is rounded toward zero; NaN stays NaN.
template <int Exponent, int Mantissa>
BANG_HELPER constexpr uint32_t narrow(Rounding rounding, double value) {
  constexpr uint64_t kInfinity = ((uint64_t{1} << Exponent) - 1) << Mantissa;
  constexpr int kBias = (1 << (Exponent - 1)) - 1;
  const uint64_t bits = __builtin_bit_cast(uint64_t, value);
  const bool negative = (bits >> 63) != 0;
  const int exponent = static_cast<int>(bits >> 52) & 0x7ff;
  const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);

  uint64_t result = 0;
  if (exponent == 0x7ff) {
    const uint64_t quiet = uint64_t{1} << (Mantissa - 1);
    result = kInfinity | (fraction == 0 ? 0 : quiet | fraction >> (52 - Mantissa));
  } else {
    const uint64_t significand = exponent == 0 ? fraction : fraction | uint64_t{1} << 52;
    const int biased = (exponent == 0 ? 1 : exponent) - 1023 + kBias;
    int shift = 52 - Mantissa;
    if (biased < 1) shift += 1 - biased;  // a subnormal number of the target
    if (shift > 54) shift = 54;           // less than half of the smallest one
    const uint64_t unit = uint64_t{1} << shift;
    const uint64_t lost = significand & (unit - 1);
    const Rest rest = lost == 0          ? Rest::none
                      : lost < unit / 2  ? Rest::below_half
                      : lost == unit / 2 ? Rest::half
                                         : Rest::above_half;
    // The leading one of the significand counts the exponent up by one.
    result = biased < 1 ? 0 : static_cast<uint64_t>(biased - 1) << Mantissa;
    result += significand >> shift;
    if (rounds_away(rounding, negative, (result & 1) != 0, rest)) ++result;
    if (result >= kInfinity) {
      const bool away = rounds_away(rounding, negative, true, Rest::above_half);
      result = away ? kInfinity : kInfinity - 1;
    }
  }
  return static_cast<uint32_t>(result | uint64_t{negative} << (Exponent + Mantissa));
}

/// `value` as an integer between `low` and `high`, to which larger ones saturate; NaN gives 0.
BANG_HELPER constexpr int64_t to_integer(Rounding rounding, double value, int64_t low,
                                         int64_t high) {
  if (value != value) return 0;
  const bool negative = value < 0;
  const double magnitude = negative ? -value : value;
  if (magnitude >= 0x1p62) return negative ? low : high;
  int64_t whole = static_cast<int64_t>(magnitude);
  const double lost = magnitude - static_cast<double>(whole);
  const Rest rest = lost == 0    ? Rest::none
                    : lost < 0.5 ? Rest::below_half
                    : lost > 0.5 ? Rest::above_half
                                 : Rest::half;
  if (rounds_away(rounding, negative, (whole & 1) != 0, rest)) ++whole;
  if (negative) whole = -whole;
  return whole < low ? low : whole > high ? high : whole;
}

/// 2^exponent, for exponents of normal numbers.
BANG_HELPER constexpr double power_of_two(int exponent) {
  return __builtin_bit_cast(double, static_cast<uint64_t>(exponent + 1023) << 52);
}

/// `rounded`, whose distance from the exact value is `error`, with an odd last bit unless it is
/// exact: rounding that once more gives what rounding the exact value would.
BANG_HELPER constexpr double to_odd(double rounded, double error) {
  const uint64_t bits = __builtin_bit_cast(uint64_t, rounded);
  if (!(error < 0 || error > 0) || (bits & 1) != 0 || rounded == 0) return rounded;
  const bool outward = (error > 0) == (rounded > 0);
  return __builtin_bit_cast(double, outward ? bits + 1 : bits - 1);
}

/// The sum for a rounding of its own (see to_odd).
BANG_HELPER constexpr double odd_sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;  // Knuth's two-sum: the error of an addition, exactly
  return to_odd(sum, (a - (sum - b_part)) + (b - b_part));
}

/// The quotient for a rounding of its own (see to_odd).
BANG_HELPER double odd_quotient(double a, double b) {
  const double quotient = a / b;
  const double rest = __builtin_fma(-quotient, b, a);
  return to_odd(quotient, b < 0 ? -rest : rest);
}

}  // namespace bang
