#pragma once

#include <concepts>
#include <cstdint>

#include <reel/tensor/dtype.h>

namespace reel {

/// A number of any kind, as PyTorch's Scalar: it does not widen the dtype of a tensor it meets
/// unless it is of a higher category (bool < integer < floating point < complex).
class Scalar {
 public:
  constexpr Scalar() : Scalar(0) {}
  constexpr Scalar(bool value) : kind_(Kind::Bool), integer_(value ? 1 : 0) {}
  template <class T>
  requires(std::integral<T> && !std::same_as<T, bool>) constexpr Scalar(T value)
      : kind_(Kind::Integer), integer_(static_cast<int64_t>(value)) {}
  template <class T>
  requires(std::floating_point<T>) constexpr Scalar(T value)
      : kind_(Kind::Floating), real_(static_cast<double>(value)) {}
  constexpr Scalar(Half value) : Scalar(static_cast<float>(value)) {}
  constexpr Scalar(BFloat16 value) : Scalar(static_cast<float>(value)) {}
  template <class T>
  constexpr Scalar(complex<T> value)
      : kind_(Kind::Complex), real_(value.real()), imag_(value.imag()) {}

  constexpr bool is_boolean() const { return kind_ == Kind::Bool; }
  constexpr bool is_integral(bool include_bool = false) const {
    return kind_ == Kind::Integer || (include_bool && is_boolean());
  }
  constexpr bool is_floating_point() const { return kind_ == Kind::Floating; }
  constexpr bool is_complex() const { return kind_ == Kind::Complex; }
  /// Bool, Long, Double or ComplexDouble.
  constexpr ScalarType type() const {
    constexpr ScalarType kTypes[] = {kBool, kLong, kDouble, kComplexDouble};
    return kTypes[static_cast<int>(kind_)];
  }

  template <class T>
  constexpr T to() const {
    if constexpr (std::same_as<T, complex<float>> || std::same_as<T, complex<double>>) {
      return T(complex<double>(to<double>(), imag_));
    } else if constexpr (std::same_as<T, bool>) {
      return is_exact() ? integer_ != 0 : real_ != 0 || imag_ != 0;
    } else if constexpr (std::same_as<T, Half> || std::same_as<T, BFloat16>) {
      return T(is_exact() ? static_cast<float>(integer_) : static_cast<float>(real_));
    } else {
      return is_exact() ? static_cast<T>(integer_) : static_cast<T>(real_);
    }
  }
  constexpr double toDouble() const { return to<double>(); }
  constexpr float toFloat() const { return to<float>(); }
  constexpr int64_t toLong() const { return to<int64_t>(); }
  constexpr int toInt() const { return to<int>(); }
  constexpr bool toBool() const { return to<bool>(); }

 private:
  enum class Kind : uint8_t { Bool, Integer, Floating, Complex };
  constexpr bool is_exact() const { return kind_ <= Kind::Integer; }

  Kind kind_;
  int64_t integer_ = 0;
  double real_ = 0;
  double imag_ = 0;
};

}  // namespace reel
