// Conversions between half, float, integers and fixed point: single values and vectors.

#include <cmath>
#include <cstring>
#include <limits>

#include <bang/scalar.h>
#include <support/catch.h>

#include "builtins_arithmetic.h"
#include "builtins_values.h"

using namespace arithmetic;

namespace {

constexpr Suffix kSuffixes[] = {Suffix::tz, Suffix::oz, Suffix::up, Suffix::dn,
                                Suffix::rd, Suffix::rm, Suffix::rn};

// References, written on other principles than the headers.

// The value of a half, by the definition of the format.
double half_value(uint16_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent == 31) return fraction != 0 ? kNan : sign * kInfinity;
  return exponent == 0 ? sign * std::ldexp(fraction, -24)
                       : sign * std::ldexp(1024 + fraction, exponent - 25);
}

// Rounds to an integer.
double rounded_integer(double x, Suffix suffix) {
  const double down = std::floor(x), up = std::ceil(x);
  switch (suffix) {
    case Suffix::tz:
    case Suffix::none:
      return std::trunc(x);
    case Suffix::oz:
      return x < 0 ? down : up;
    case Suffix::up:
      return up;
    case Suffix::dn:
      return down;
    case Suffix::rd:
      return x - down < up - x ? down : x - down > up - x ? up : x < 0 ? down : up;
    case Suffix::rm:
      return x - down < up - x ? down : up;
    case Suffix::rn:
      return std::nearbyint(x);
  }
  return kNan;
}

double saturated(double x, double low, double high) {
  if (std::isnan(x)) return 0;
  return x < low ? low : x > high ? high : x;
}

// Chooses between the neighbours `low` <= x <= `high` of a format, of which one has an odd last
// bit.
double chosen(double x, double low, double high, bool low_is_odd, Suffix suffix) {
  if (x == low) return low;
  if (x == high) return high;
  const double below = x - low, above = high - x;
  switch (suffix) {
    case Suffix::tz:
      return x < 0 ? high : low;
    case Suffix::oz:
      return x < 0 ? low : high;
    case Suffix::up:
      return high;
    case Suffix::dn:
      return low;
    case Suffix::rd:
      return below < above ? low : below > above ? high : x < 0 ? low : high;
    case Suffix::rm:
      return below < above ? low : high;
    default:
      return below < above ? low : below > above ? high : low_is_odd ? high : low;
  }
}

std::vector<half> all_halves() {
  std::vector<half> values;
  for (int bits = 0; bits < 0x10000; ++bits) {
    values.push_back(half::from_bits(static_cast<uint16_t>(bits)));
  }
  return values;
}

// Around each finite half: itself, the middle to the next one, the floats beside both, one more.
std::vector<float> around_halves() {
  std::vector<float> values;
  for (int bits = 0; bits < 0x7c00; ++bits) {
    const auto low = static_cast<float>(half_value(static_cast<uint16_t>(bits)));
    const float high =
        bits == 0x7bff ? 65536.0f : static_cast<float>(half_value(static_cast<uint16_t>(bits + 1)));
    const float middle = (low + high) / 2;
    for (const float value : {low, std::nextafter(low, high), std::nextafter(middle, low), middle,
                              std::nextafter(middle, high), low + (high - low) * 0.3f}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  return values;
}

// The half that a value rounds to: its neighbours are found by bisection over all halves.
half rounded_half(float value, Suffix suffix) {
  if (std::isnan(value)) return half::from_bits(0x7e00);
  const float magnitude = std::fabs(value);
  int low = 0, high = 0x7c00;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (half_value(static_cast<uint16_t>(middle)) <= magnitude ? low : high) = middle;
  }
  // Overflow is decided as if there were a number after the largest one.
  const double next = high == 0x7c00 ? 65536.0 : half_value(static_cast<uint16_t>(high));
  const double under = half_value(static_cast<uint16_t>(low));
  const bool negative = std::signbit(value);
  int bits = low;
  if (magnitude >= 65536.0f) {
    const double far = chosen(negative ? -65535.9 : 65535.9, negative ? -65536 : 65504,
                              negative ? -65504 : 65536, true, suffix);
    bits = std::isinf(value) || std::fabs(far) == 65536 ? 0x7c00 : 0x7bff;
  } else if (negative) {
    bits = chosen(value, -next, -under, high % 2 != 0, suffix) == -under ? low : high;
  } else {
    bits = chosen(value, under, next, low % 2 != 0, suffix) == under ? low : high;
  }
  return half::from_bits(static_cast<uint16_t>(bits | (negative ? 0x8000 : 0)));
}

half scalar_half(Suffix suffix, float value) {
  switch (suffix) {
    case Suffix::tz:
      return __float2half_tz(value);
    case Suffix::oz:
      return __float2half_oz(value);
    case Suffix::up:
      return __float2half_up(value);
    case Suffix::dn:
      return __float2half_dn(value);
    case Suffix::rd:
      return __float2half_rd(value);
    case Suffix::rm:
      return __float2half_rm(value);
    case Suffix::rn:
      return __float2half_rn(value);
    case Suffix::none:
      return __float2half(value);
  }
  return half(0);
}

#define SCALAR_INTEGER(name, T)       \
  T name(Suffix suffix, half value) { \
    switch (suffix) {                 \
      case Suffix::tz:                \
        return __##name##_tz(value);  \
      case Suffix::oz:                \
        return __##name##_oz(value);  \
      case Suffix::up:                \
        return __##name##_up(value);  \
      case Suffix::dn:                \
        return __##name##_dn(value);  \
      case Suffix::rd:                \
        return __##name##_rd(value);  \
      case Suffix::rm:                \
        return __##name##_rm(value);  \
      case Suffix::rn:                \
        return __##name##_rn(value);  \
      case Suffix::none:              \
        return __##name(value);       \
    }                                 \
    return 0;                         \
  }
SCALAR_INTEGER(half2int, int)
SCALAR_INTEGER(half2uint, unsigned)
SCALAR_INTEGER(half2short, short)
SCALAR_INTEGER(half2ushort, unsigned short)
SCALAR_INTEGER(half2char, char)
SCALAR_INTEGER(half2uchar, unsigned char)

}  // namespace

TEST_CASE("half is binary16") {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const half h = half::from_bits(static_cast<uint16_t>(bits));
    const double expected = half_value(static_cast<uint16_t>(bits));
    REQUIRE(same(static_cast<double>(static_cast<float>(h)), expected));
    REQUIRE(same(static_cast<double>(bang::widen_half(static_cast<uint16_t>(bits))), expected));
    if (!std::isnan(expected)) {
      REQUIRE(half(static_cast<float>(expected)).bits() == bits);
      REQUIRE(half(expected).bits() == bits);
    }
  }
  static_assert(half(1).bits() == 0x3c00 && half(65519.0).bits() == 0x7bff);
  static_assert(half(65520.0f).bits() == 0x7c00, "a tie between the largest half and overflow");
  CHECK(half(1 + std::ldexp(1.0, -11) + std::ldexp(1.0, -40)).bits() == 0x3c01);  // not via float
  CHECK(std::isnan(half(kNan)));
}

TEST_CASE("half behaves like a number") {
  half h = 3;
  h += 0.5;
  h *= 2;
  h -= h / 7;
  CHECK(h == 6);
  CHECK(h++ == 6);
  CHECK(--h == 6);
  CHECK(std::sqrt(h * h) == 6);
  CHECK(min(h, 2.0f) == 2);
  CHECK(max(h, half(7)) == 7);
  CHECK(max(3, 4u) == 4);
  CHECK(min(2l, 3) == 2);
  const half scaled = true ? h : half(0);
  CHECK(scaled > 5.9f);
  CHECK(static_cast<int>(h) == 6);
  CHECK(bfloat16_t(1.0f).bits() == 0x3f80);
  CHECK(static_cast<float>(bfloat16_t(3.14159f)) == 3.140625f);
}

TEST_CASE("float to half rounds as each suffix says") {
  std::vector<float> values = around_halves();
  for (const float value : {65520.0f, 65536.0f, 1e6f, 3e38f, 1e-9f, 1e-45f, INFINITY}) {
    values.push_back(value);
    values.push_back(-value);
  }
  for (const Suffix suffix : kSuffixes) {
    int wrong = 0;
    for (const float value : values) {
      wrong += scalar_half(suffix, value).bits() != rounded_half(value, suffix).bits();
    }
    CAPTURE(static_cast<int>(suffix));
    CHECK(wrong == 0);
  }
  CHECK(__float2half(65535.0f).bits() == 0x7bff);  // toward zero, as documented
  CHECK(std::isnan(__float2half_tz(NAN)));
}

TEST_CASE("half to integers of all widths rounds and saturates") {
  const auto check = [](auto function, auto limits, Suffix suffix) {
    using T = decltype(limits);
    int wrong = 0;
    for (int bits = 0; bits < 0x10000; ++bits) {
      const double value = half_value(static_cast<uint16_t>(bits));
      const double expected =
          saturated(rounded_integer(value, suffix), std::numeric_limits<T>::min(),
                    std::numeric_limits<T>::max());
      const half h = half::from_bits(static_cast<uint16_t>(bits));
      wrong += static_cast<double>(function(suffix, h)) != expected;
    }
    CAPTURE(static_cast<int>(suffix));
    CHECK(wrong == 0);
  };
  for (int i = 0; i <= static_cast<int>(Suffix::none); ++i) {
    const auto suffix = static_cast<Suffix>(i);
    check(half2int, int{}, suffix);
    check(half2uint, unsigned{}, suffix);
    check(half2short, short{}, suffix);
    check(half2ushort, static_cast<unsigned short>(0), suffix);
    check(half2char, char{}, suffix);
    check(half2uchar, static_cast<unsigned char>(0), suffix);
  }
}

TEST_CASE("integers to floats round as the suffix says") {
  CHECK(__int2float_tz(16777217) == 16777216.0f);
  CHECK(__int2float_up(16777217) == 16777218.0f);
  CHECK(__int2float_rd(16777217) == 16777218.0f);
  CHECK(__int2float_rn(16777217) == 16777216.0f);
  CHECK(__int2float_rm(-16777217) == -16777216.0f);
  CHECK(__int2float_rd(-16777217) == -16777218.0f);
  CHECK(__int2float(std::numeric_limits<int>::max()) == 2147483520.0f);
  CHECK(__uint2float_oz(0xffffffffu) == 4294967296.0f);
  CHECK(__int2half_rn(2049) == 2048);
  CHECK(__int2half_rd(2049) == 2050);
  CHECK(__int2half_tz(100000) == 65504);
  CHECK(__float2int32(-1.9f) == -1);
  CHECK(__float2int32_dn(-1.1f) == -2);
  CHECK(__float2uint_rn(-3.0f) == 0);
  CHECK(__float2int_rn(3e9f) == std::numeric_limits<int>::max());
  CHECK(__float2bfloat16_up(1.001f).bits() == 0x3f81);
  CHECK(__bfloat162float(bfloat16_t(-2.5f)) == -2.5f);
  CHECK(bang::to_tf32(bang::Rounding::rn, 1.00048828125f) == 1.0f);
  CHECK(bang::to_tf32(bang::Rounding::rd, 1.00048828125f) == 1.0009765625f);
  CHECK(__popcnt(0xf0f00001u) == 9);
}

TEST_CASE("conversions of vectors agree with the references") {
  std::vector<float> values = around_halves();
  values.resize(24000);  // the kernel's memory
  for (const Suffix suffix : kSuffixes) {
    CAPTURE(static_cast<int>(suffix));
    const std::vector<half> result = run<half>(suffix, values);
    int wrong = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      wrong += result[i].bits() != rounded_half(values[i], suffix).bits();
    }
    CHECK(wrong == 0);
  }
  const std::vector<half> halves = all_halves();
  const std::vector<half> few(halves.begin() + 0x3000, halves.begin() + 0x7000);
  const std::vector<float> widened = run<float>(Suffix::none, few);
  for (size_t i = 0; i < few.size(); ++i) REQUIRE(widened[i] == static_cast<float>(few[i]));

  const std::vector<bfloat16_t> brains = run<bfloat16_t>(Suffix::none, values);
  for (size_t i = 0; i < values.size(); i += 97) REQUIRE(same(brains[i], bfloat16_t(values[i])));
}

TEST_CASE("fixed point: a value is integer * 2^position, integers saturate") {
  const std::vector<half> halves = all_halves();
  for (const Suffix suffix : kSuffixes) {
    for (const int position : {0, -3, 2}) {
      CAPTURE(static_cast<int>(suffix), position);
      const std::vector<int16> wide = run<int16>(suffix, halves, position);
      const std::vector<int8> narrow = run<int8>(suffix, halves, position);
      int wrong = 0;
      for (size_t i = 0; i < halves.size(); ++i) {
        const double scaled = std::ldexp(half_value(static_cast<uint16_t>(i)), -position);
        const double whole = rounded_integer(scaled, suffix);
        wrong += wide[i] != saturated(whole, -32768, 32767);
        wrong += narrow[i] != saturated(whole, -127, 127);  // symmetric
      }
      CHECK(wrong == 0);
    }
  }
  const std::vector<float> values = floats(4096, 34, 3);
  const std::vector<int> whole = run<int>(Suffix::none, values, 1);
  for (size_t i = 0; i < values.size(); ++i) {
    const double expected = saturated(std::trunc(values[i] / 2.0), -2147483648.0, 2147483647.0);
    REQUIRE(whole[i] == expected);
  }
  const std::vector<int16> numbers = {0, 1, -1, 100, 32767, -32768};
  const std::vector<float> scaled = run<float>(Suffix::none, numbers, -4);
  for (size_t i = 0; i < numbers.size(); ++i) CHECK(scaled[i] == numbers[i] / 16.0f);
  const std::vector<half> rounded = run<half>(Suffix::none, std::vector<int>{2049, 70000}, 0);
  CHECK(rounded[0] == 2048);
  CHECK(rounded[1] == 65504);  // toward zero without a suffix
  CHECK(run_requantized({200, -200, 6, -7}, 2, 1) == std::vector<int8>{100, -100, 3, -3});
  CHECK(run_requantized({1000, -1000}, 0, 0) == std::vector<int8>{127, -127});
  CHECK(run_int4({0, 0.5f, 1.25f, -4, 3.5f, 99, -99, -0.25f}, -1) ==
        std::vector<float>{0, 0.5f, 1, -4, 3.5f, 3.5f, -4, 0});
}

TEST_CASE("conversions take blocks a stride apart") {
  std::vector<half> values;
  for (int i = 0; i < 40; ++i) values.push_back(half(i));
  std::vector<int8> expected;
  for (int block = 0; block < 3; ++block) {
    for (int i = 0; i < 4; ++i) expected.push_back(static_cast<int8>(block * 10 + i));
  }
  CHECK(run_strided(values, 4, 0, 64, 20, 2) == expected);
  CHECK(run_strided(values, 2, 0, 64, 0, 2) == std::vector<int8>{0, 1, 0, 1, 0, 1});
}
