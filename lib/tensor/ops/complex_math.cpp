#include <complex>

#include <reel/tensor/ops/complex_math.h>

namespace reel::ops {
namespace {

template <class T>
std::complex<T> to_std(Complex<T> x) {
  return {x.real(), x.imag()};
}
template <class T>
Complex<T> from_std(std::complex<T> x) {
  return {x.real(), x.imag()};
}

}  // namespace

template <class T>
T abs(Complex<T> x) {
  return std::abs(to_std(x));
}
template <class T>
Complex<T> acos(Complex<T> x) {
  return from_std(std::acos(to_std(x)));
}
template <class T>
Complex<T> acosh(Complex<T> x) {
  return from_std(std::acosh(to_std(x)));
}
template <class T>
Complex<T> asin(Complex<T> x) {
  return from_std(std::asin(to_std(x)));
}
template <class T>
Complex<T> asinh(Complex<T> x) {
  return from_std(std::asinh(to_std(x)));
}
template <class T>
Complex<T> atan(Complex<T> x) {
  return from_std(std::atan(to_std(x)));
}
template <class T>
Complex<T> atanh(Complex<T> x) {
  return from_std(std::atanh(to_std(x)));
}
template <class T>
Complex<T> cos(Complex<T> x) {
  return from_std(std::cos(to_std(x)));
}
template <class T>
Complex<T> cosh(Complex<T> x) {
  return from_std(std::cosh(to_std(x)));
}
template <class T>
Complex<T> exp(Complex<T> x) {
  return from_std(std::exp(to_std(x)));
}
template <class T>
Complex<T> log(Complex<T> x) {
  return from_std(std::log(to_std(x)));
}
template <class T>
Complex<T> log10(Complex<T> x) {
  return from_std(std::log10(to_std(x)));
}
template <class T>
Complex<T> log2(Complex<T> x) {
  constexpr T kLog2 = static_cast<T>(0.693147180559945309417L);
  const Complex<T> y = log(x);
  return {y.real() / kLog2, y.imag() / kLog2};
}
template <class T>
Complex<T> sin(Complex<T> x) {
  return from_std(std::sin(to_std(x)));
}
template <class T>
Complex<T> sinh(Complex<T> x) {
  return from_std(std::sinh(to_std(x)));
}
template <class T>
Complex<T> sqrt(Complex<T> x) {
  return from_std(std::sqrt(to_std(x)));
}
template <class T>
Complex<T> tan(Complex<T> x) {
  return from_std(std::tan(to_std(x)));
}
template <class T>
Complex<T> tanh(Complex<T> x) {
  return from_std(std::tanh(to_std(x)));
}
template <class T>
Complex<T> pow(Complex<T> x, Complex<T> y) {
  return from_std(std::pow(to_std(x), to_std(y)));
}

template float abs(Complex<float>);
template Complex<float> acos(Complex<float>);
template Complex<float> acosh(Complex<float>);
template Complex<float> asin(Complex<float>);
template Complex<float> asinh(Complex<float>);
template Complex<float> atan(Complex<float>);
template Complex<float> atanh(Complex<float>);
template Complex<float> cos(Complex<float>);
template Complex<float> cosh(Complex<float>);
template Complex<float> exp(Complex<float>);
template Complex<float> log(Complex<float>);
template Complex<float> log10(Complex<float>);
template Complex<float> log2(Complex<float>);
template Complex<float> sin(Complex<float>);
template Complex<float> sinh(Complex<float>);
template Complex<float> sqrt(Complex<float>);
template Complex<float> tan(Complex<float>);
template Complex<float> tanh(Complex<float>);
template Complex<float> pow(Complex<float>, Complex<float>);
template double abs(Complex<double>);
template Complex<double> acos(Complex<double>);
template Complex<double> acosh(Complex<double>);
template Complex<double> asin(Complex<double>);
template Complex<double> asinh(Complex<double>);
template Complex<double> atan(Complex<double>);
template Complex<double> atanh(Complex<double>);
template Complex<double> cos(Complex<double>);
template Complex<double> cosh(Complex<double>);
template Complex<double> exp(Complex<double>);
template Complex<double> log(Complex<double>);
template Complex<double> log10(Complex<double>);
template Complex<double> log2(Complex<double>);
template Complex<double> sin(Complex<double>);
template Complex<double> sinh(Complex<double>);
template Complex<double> sqrt(Complex<double>);
template Complex<double> tan(Complex<double>);
template Complex<double> tanh(Complex<double>);
template Complex<double> pow(Complex<double>, Complex<double>);

}  // namespace reel::ops
