#pragma once

namespace reel {

/// A complex number with the layout of std::complex<T>, whose header would bring <sstream> into
/// every user's file.
template <class T>
struct complex {
  using value_type = T;

  T real_ = 0;
  T imag_ = 0;

  constexpr complex() = default;
  constexpr complex(T real, T imag = 0) : real_(real), imag_(imag) {}
  template <class U>
  constexpr explicit complex(const complex<U>& other)
      : real_(static_cast<T>(other.real_)), imag_(static_cast<T>(other.imag_)) {}

  constexpr T real() const { return real_; }
  constexpr T imag() const { return imag_; }

  friend constexpr complex operator+(complex a, complex b) {
    return {a.real_ + b.real_, a.imag_ + b.imag_};
  }
  friend constexpr complex operator-(complex a, complex b) {
    return {a.real_ - b.real_, a.imag_ - b.imag_};
  }
  friend constexpr complex operator*(complex a, complex b) {
    return {a.real_ * b.real_ - a.imag_ * b.imag_, a.real_ * b.imag_ + a.imag_ * b.real_};
  }
  friend constexpr bool operator==(complex a, complex b) = default;
};

}  // namespace reel
