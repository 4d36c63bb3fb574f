#pragma once

// Operands for the tests of builtins, and how their results compare.

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace arithmetic {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class T>
bool same(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0 || (a != a && b != b);
}

// Signed values of all magnitudes, special ones among them.
inline std::vector<float> floats(size_t count, int exponents, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values = {0.0f, -0.0f, 1.0f, -1.0f, 0.5f, -0.5f, 1.5f, -1.5f, 2.5f, -2.5f};
  std::uniform_real_distribution<float> mantissa(1, 2);
  std::uniform_int_distribution<int> exponent(-exponents, exponents), sign(0, 1);
  while (values.size() < count) {
    const float magnitude = std::ldexp(mantissa(random), exponent(random));
    values.push_back(sign(random) != 0 ? magnitude : -magnitude);
  }
  return values;
}

template <class T>
std::vector<T> as(const std::vector<float>& values) {
  return std::vector<T>(values.begin(), values.end());
}

}  // namespace arithmetic
