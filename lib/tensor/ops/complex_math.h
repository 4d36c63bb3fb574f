#pragma once

// The vocabulary of formula.h for complex numbers, of float and double. Values on branch cuts and
// of infinities are those of the C standard, by way of std::complex (in complex_math.cpp, since its
// header is heavy).

#include <reel/tensor/complex.h>

namespace reel::ops {

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
T abs(Complex<T> x);
template <class T>
Complex<T> acos(Complex<T> x);
template <class T>
Complex<T> acosh(Complex<T> x);
template <class T>
Complex<T> asin(Complex<T> x);
template <class T>
Complex<T> asinh(Complex<T> x);
template <class T>
Complex<T> atan(Complex<T> x);
template <class T>
Complex<T> atanh(Complex<T> x);
template <class T>
Complex<T> cos(Complex<T> x);
template <class T>
Complex<T> cosh(Complex<T> x);
template <class T>
Complex<T> exp(Complex<T> x);
template <class T>
Complex<T> log(Complex<T> x);
template <class T>
Complex<T> log10(Complex<T> x);
template <class T>
Complex<T> log2(Complex<T> x);
template <class T>
Complex<T> sin(Complex<T> x);
template <class T>
Complex<T> sinh(Complex<T> x);
template <class T>
Complex<T> sqrt(Complex<T> x);
template <class T>
Complex<T> tan(Complex<T> x);
template <class T>
Complex<T> tanh(Complex<T> x);
template <class T>
Complex<T> pow(Complex<T> x, Complex<T> y);

}  // namespace reel::ops
