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
  constexpr Scalar(Complex<T> value)
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
    if constexpr (std::same_as<T, Complex<float>> || std::same_as<T, Complex<double>>) {
      return T(Complex<double>(to<double>(), imag_));
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
  constexpr Complex<float> toComplexFloat() const { return to<Complex<float>>(); }
  constexpr Complex<double> toComplexDouble() const { return to<Complex<double>>(); }
  constexpr bool isIntegral(bool include_bool) const { return is_integral(include_bool); }
  constexpr bool isFloatingPoint() const { return is_floating_point(); }
  constexpr bool isComplex() const { return is_complex(); }
  constexpr bool isBoolean() const { return is_boolean(); }

  constexpr Scalar conj() const {
    return is_complex() ? Scalar(Complex<double>(real_, -imag_)) : *this;
  }

  // Arithmetic in the wider kind of the two. Integers wrap around, their quotient is a floating
  // point number, and bools count as integers.
  constexpr Scalar operator-() const {
    if (is_complex()) return -toComplexDouble();
    if (is_floating_point()) return -real_;
    return static_cast<int64_t>(0 - static_cast<uint64_t>(integer_));
  }
  friend constexpr Scalar operator+(const Scalar& a, const Scalar& b) {
    return combine(a, b, [](auto x, auto y) { return x + y; });
  }
  friend constexpr Scalar operator-(const Scalar& a, const Scalar& b) {
    return combine(a, b, [](auto x, auto y) { return x - y; });
  }
  friend constexpr Scalar operator*(const Scalar& a, const Scalar& b) {
    return combine(a, b, [](auto x, auto y) { return x * y; });
  }
  friend constexpr Scalar operator/(const Scalar& a, const Scalar& b) {
    if (a.is_complex() || b.is_complex()) return a.toComplexDouble() / b.toComplexDouble();
    return a.toDouble() / b.toDouble();
  }
  /// By value: 1 equals 1.0.
  template <class T>
  constexpr bool equal(T value) const {
    return *this == Scalar(value);
  }
  friend constexpr bool operator==(const Scalar& a, const Scalar& b) {
    if (a.is_exact() && b.is_exact()) return a.integer_ == b.integer_;
    return a.toComplexDouble() == b.toComplexDouble();
  }
  friend constexpr bool operator<(const Scalar& a, const Scalar& b) {
    if (a.is_exact() && b.is_exact()) return a.integer_ < b.integer_;
    return a.toDouble() < b.toDouble();
  }
  friend constexpr bool operator>(const Scalar& a, const Scalar& b) { return b < a; }
  friend constexpr bool operator<=(const Scalar& a, const Scalar& b) { return a < b || a == b; }
  friend constexpr bool operator>=(const Scalar& a, const Scalar& b) { return b <= a; }

 private:
  enum class Kind : uint8_t { Bool, Integer, Floating, Complex };
  constexpr bool is_exact() const { return kind_ <= Kind::Integer; }

  template <class Operation>
  static constexpr Scalar combine(const Scalar& a, const Scalar& b, const Operation& operation) {
    if (a.is_complex() || b.is_complex()) {
      return operation(a.toComplexDouble(), b.toComplexDouble());
    }
    if (!a.is_exact() || !b.is_exact()) return operation(a.toDouble(), b.toDouble());
    return static_cast<int64_t>(
        operation(static_cast<uint64_t>(a.integer_), static_cast<uint64_t>(b.integer_)));
  }

  Kind kind_;
  int64_t integer_ = 0;
  double real_ = 0;
  double imag_ = 0;
};

}  // namespace reel
