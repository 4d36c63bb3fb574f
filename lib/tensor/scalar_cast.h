#pragma once

// Internal: numbers of the user on their way into a tensor.

#include <cmath>
#include <limits>

#include <reel/tensor/check.h>
#include <reel/tensor/scalar.h>

namespace reel {

namespace detail {
/// LibTorch's name of the C++ type of an element.
constexpr const char* cpp_name(ScalarType type) {
  constexpr const char* kNames[] = {"uint8_t",
                                    "int8_t",
                                    "int16_t",
                                    "int",
                                    "int64_t",
                                    "at::Half",
                                    "float",
                                    "double",
                                    "at::BFloat16",
                                    "c10::complex<float>",
                                    "c10::complex<double>",
                                    "bool"};
  return type < ScalarType::QInt8 ? kNames[static_cast<int>(type)] : to_string(type);
}
}  // namespace detail

/// `value` as an element of type T. Throws PyTorch's error if it does not fit; rounding is allowed,
/// and so are infinity and NaN in floating point, and negative numbers that wrap to unsigned ones.
template <class T>
T checked_cast(const char* op, const Scalar& value) {
  constexpr ScalarType kType = scalar_type_of<T>;
  const auto check = [&](bool fits) {
    if (fits) return;
    fail("{}: value cannot be converted to type {} without overflow", op, detail::cpp_name(kType));
  };
  if constexpr (kType == ScalarType::Bool) {
    return value.to<bool>();
  } else if constexpr (is_integral(kType)) {
    constexpr auto kLow = static_cast<int64_t>(std::numeric_limits<T>::min());
    constexpr auto kHigh = static_cast<int64_t>(std::numeric_limits<T>::max());
    constexpr int64_t kLowest = kLow == 0 ? -kHigh : kLow;
    check(!value.is_complex() || value.to<Complex<double>>().imag() == 0);
    if (value.is_integral(/*include_bool=*/true)) {
      check(value.toLong() >= kLowest && value.toLong() <= kHigh);
    } else {
      // The first double beyond the range, since the last int64 is not one.
      check(value.toDouble() >= static_cast<double>(kLowest) &&
            value.toDouble() < static_cast<double>(kHigh) + 1);
    }
    return static_cast<T>(value.toLong());
  } else if constexpr (is_complex(kType)) {
    return value.to<T>();
  } else {
    constexpr double kMax = kType == ScalarType::Half       ? 65504
                            : kType == ScalarType::BFloat16 ? 0x1.fep127
                            : kType == ScalarType::Float
                                ? static_cast<double>(std::numeric_limits<float>::max())
                                : std::numeric_limits<double>::max();
    check(!value.is_complex() || value.to<Complex<double>>().imag() == 0);
    check(!(std::abs(value.toDouble()) > kMax) || std::isinf(value.toDouble()));
    return value.to<T>();
  }
}

}  // namespace reel
