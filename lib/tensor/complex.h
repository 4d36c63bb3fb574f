#pragma once

namespace reel {

/// A complex number with the layout of std::complex<T>, whose header would bring <sstream> into
/// every user's file.
template <class T>
struct Complex {
  using value_type = T;

  T real_ = 0;
  T imag_ = 0;

  constexpr Complex() = default;
  constexpr Complex(T real, T imag = 0) : real_(real), imag_(imag) {}
  /// From a number of other precision, or a std::complex.
  template <class U>
  requires requires(const U& z) {
    typename U::value_type;
    z.real();
    z.imag();
  }
  constexpr explicit Complex(const U& other)
      : real_(static_cast<T>(other.real())), imag_(static_cast<T>(other.imag())) {}

  constexpr T real() const { return real_; }
  constexpr T imag() const { return imag_; }

  friend constexpr Complex operator+(Complex a) { return a; }
  friend constexpr Complex operator-(Complex a) { return {-a.real_, -a.imag_}; }
  friend constexpr Complex operator+(Complex a, Complex b) {
    return {a.real_ + b.real_, a.imag_ + b.imag_};
  }
  friend constexpr Complex operator-(Complex a, Complex b) {
    return {a.real_ - b.real_, a.imag_ - b.imag_};
  }
  friend constexpr Complex operator*(Complex a, Complex b) {
    return {a.real_ * b.real_ - a.imag_ * b.imag_, a.real_ * b.imag_ + a.imag_ * b.real_};
  }
  /// By Smith's algorithm (1962), which does not overflow where the quotient fits.
  friend constexpr Complex operator/(Complex a, Complex b) {
    const auto magnitude = [](T x) { return x < 0 ? -x : x; };
    if (!(magnitude(b.real_) < magnitude(b.imag_))) {
      if (b.real_ == 0 && b.imag_ == 0) {
        const T zero = 0;
        return {a.real_ / zero, a.imag_ / zero};
      }
      const T ratio = b.imag_ / b.real_;
      const T scale = 1 / (b.real_ + b.imag_ * ratio);
      return {(a.real_ + a.imag_ * ratio) * scale, (a.imag_ - a.real_ * ratio) * scale};
    }
    const T ratio = b.real_ / b.imag_;
    const T scale = 1 / (b.real_ * ratio + b.imag_);
    return {(a.real_ * ratio + a.imag_) * scale, (a.imag_ * ratio - a.real_) * scale};
  }
  constexpr Complex& operator+=(Complex b) { return *this = *this + b; }
  constexpr Complex& operator-=(Complex b) { return *this = *this - b; }
  constexpr Complex& operator*=(Complex b) { return *this = *this * b; }
  constexpr Complex& operator/=(Complex b) { return *this = *this / b; }
  friend constexpr bool operator==(Complex a, Complex b) = default;

  friend constexpr T real(Complex a) { return a.real_; }
  friend constexpr T imag(Complex a) { return a.imag_; }
  friend constexpr Complex conj(Complex a) { return {a.real_, -a.imag_}; }
};

/// Imaginary numbers: `1.0 + 2.0_id`, or `_if` for Complex<float>.
inline namespace complex_literals {
constexpr Complex<float> operator""_if(long double imag) { return {0, static_cast<float>(imag)}; }
constexpr Complex<float> operator""_if(unsigned long long imag) {
  return {0, static_cast<float>(imag)};
}
constexpr Complex<double> operator""_id(long double imag) { return {0, static_cast<double>(imag)}; }
constexpr Complex<double> operator""_id(unsigned long long imag) {
  return {0, static_cast<double>(imag)};
}
}  // namespace complex_literals

}  // namespace reel
