#pragma once

// The vocabulary of formula.h for complex numbers. Values on branch cuts and of infinities are
// those of the C standard, by way of std::complex.

#include <complex>

#include <reel/tensor/complex.h>

namespace reel::ops {

template <class T>
std::complex<T> to_std(Complex<T> x) {
  return {x.real(), x.imag()};
}

template <class T>
constexpr Complex<T> like(Complex<T>, double value) {
  return static_cast<T>(value);
}
template <class T>
constexpr Complex<T> where(bool condition, Complex<T> a, Complex<T> b) {
  return condition ? a : b;
}
/// The magnitude.
template <class T>
T abs(Complex<T> x) {
  return std::abs(to_std(x));
}
template <class T>
Complex<T> acos(Complex<T> x) {
  return Complex<T>(std::acos(to_std(x)));
}
template <class T>
Complex<T> acosh(Complex<T> x) {
  return Complex<T>(std::acosh(to_std(x)));
}
template <class T>
Complex<T> asin(Complex<T> x) {
  return Complex<T>(std::asin(to_std(x)));
}
template <class T>
Complex<T> asinh(Complex<T> x) {
  return Complex<T>(std::asinh(to_std(x)));
}
template <class T>
Complex<T> atan(Complex<T> x) {
  return Complex<T>(std::atan(to_std(x)));
}
template <class T>
Complex<T> atanh(Complex<T> x) {
  return Complex<T>(std::atanh(to_std(x)));
}
template <class T>
Complex<T> cos(Complex<T> x) {
  return Complex<T>(std::cos(to_std(x)));
}
template <class T>
Complex<T> cosh(Complex<T> x) {
  return Complex<T>(std::cosh(to_std(x)));
}
template <class T>
Complex<T> exp(Complex<T> x) {
  return Complex<T>(std::exp(to_std(x)));
}
template <class T>
Complex<T> log(Complex<T> x) {
  return Complex<T>(std::log(to_std(x)));
}
template <class T>
Complex<T> log10(Complex<T> x) {
  return Complex<T>(std::log10(to_std(x)));
}
template <class T>
Complex<T> log2(Complex<T> x) {
  const Complex<T> y = log(x);
  constexpr T kLog2 = static_cast<T>(0.693147180559945309417L);
  return {y.real() / kLog2, y.imag() / kLog2};
}
template <class T>
Complex<T> pow(Complex<T> x, Complex<T> y) {
  return Complex<T>(std::pow(to_std(x), to_std(y)));
}
template <class T>
Complex<T> sin(Complex<T> x) {
  return Complex<T>(std::sin(to_std(x)));
}
template <class T>
Complex<T> sinh(Complex<T> x) {
  return Complex<T>(std::sinh(to_std(x)));
}
template <class T>
Complex<T> sqrt(Complex<T> x) {
  return Complex<T>(std::sqrt(to_std(x)));
}
template <class T>
Complex<T> tan(Complex<T> x) {
  return Complex<T>(std::tan(to_std(x)));
}
template <class T>
Complex<T> tanh(Complex<T> x) {
  return Complex<T>(std::tanh(to_std(x)));
}

}  // namespace reel::ops
