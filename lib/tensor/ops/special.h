#pragma once

// Elementwise ops of one tensor beyond arithmetic: trigonometric and hyperbolic functions and their
// inverses, functions related to the normal distribution, the gamma function and Bessel's.

#include <reel/tensor/ops/elementwise.h>
#include <reel/tensor/ops/formula_math.h>

namespace reel::ops {

// For the gradients of formulas written in tensors.
Tensor i1(const Tensor& x);
Tensor polygamma(int64_t n, const Tensor& x);

/// A formula that kernels compute number by number: its functions have no vector form.
template <class Op>
struct ScalarUnary : Unary<Op> {
  static constexpr bool scalar = true;
};

struct Acos : ScalarUnary<Acos> {
  static constexpr const char* name = "acos";
  static constexpr bool complex = true;
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return acos(x); }
  auto df(const auto& x, const auto&) const { return -1 / sqrt((1 - x) * (1 + x)); }
};

struct Acosh : ScalarUnary<Acosh> {
  static constexpr const char* name = "acosh";
  static constexpr bool complex = true;
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return acosh(x); }
  auto df(const auto& x, const auto&) const { return 1 / (sqrt(x - 1) * sqrt(x + 1)); }
};

struct Asin : ScalarUnary<Asin> {
  static constexpr const char* name = "asin";
  static constexpr bool complex = true;
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return asin(x); }
  auto df(const auto& x, const auto&) const { return 1 / sqrt((1 - x) * (1 + x)); }
};

struct Asinh : ScalarUnary<Asinh> {
  static constexpr const char* name = "asinh";
  static constexpr bool complex = true;
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return asinh(x); }
  auto df(const auto& x, const auto&) const { return 1 / sqrt(x * x + 1); }
};

struct Atan : ScalarUnary<Atan> {
  static constexpr const char* name = "atan";
  static constexpr bool complex = true;
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return atan(x); }
  auto df(const auto& x, const auto&) const { return 1 / (x * x + 1); }
};

struct Atanh : ScalarUnary<Atanh> {
  static constexpr const char* name = "atanh";
  static constexpr bool complex = true;
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return atanh(x); }
  auto df(const auto& x, const auto&) const { return 1 / ((1 - x) * (1 + x)); }
};

struct Cosh : ScalarUnary<Cosh> {
  static constexpr const char* name = "cosh";
  static constexpr bool complex = true;
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return cosh(x); }
  auto df(const auto& x, const auto&) const { return sinh(x); }
};

struct Sinh : ScalarUnary<Sinh> {
  static constexpr const char* name = "sinh";
  static constexpr bool complex = true;
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return sinh(x); }
  auto df(const auto& x, const auto&) const { return cosh(x); }
};

struct Erfc : ScalarUnary<Erfc> {
  static constexpr const char* name = "erfc";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return erfc(x); }
  auto df(const auto& x, const auto&) const { return -1.1283791670955125739 * exp(-(x * x)); }
};

struct Erfinv : ScalarUnary<Erfinv> {
  static constexpr const char* name = "erfinv";
  static constexpr Reads reads{out()};
  auto f(const auto& x) const { return erfinv(x); }
  auto df(const auto&, const auto& y) const { return 0.88622692545275801365 * exp(y * y); }
};

struct Exp2 : ScalarUnary<Exp2> {
  static constexpr const char* name = "exp2";
  static constexpr Reads reads{out()};
  auto f(const auto& x) const { return exp2(x); }
  auto df(const auto&, const auto& y) const { return y * 0.69314718055994530942; }
};

/// The modified Bessel function of the first kind of order 0, and of order 1.
struct I0 : ScalarUnary<I0> {
  static constexpr const char* name = "i0";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return i0(x); }
  auto df(const auto& x, const auto&) const { return i1(x); }
};

struct I1 : ScalarUnary<I1> {
  static constexpr const char* name = "i1";
  static constexpr Reads reads{in(0) | out()};
  auto f(const auto& x) const { return i1(x); }
  auto df(const auto& x, const auto& y) const { return where(x == 0, like(x, 0.5), i0(x) - y / x); }
};

struct Lgamma : ScalarUnary<Lgamma> {
  static constexpr const char* name = "lgamma";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return lgamma(x); }
  auto df(const auto& x, const auto&) const { return digamma(x); }
};

struct Digamma : ScalarUnary<Digamma> {
  static constexpr const char* name = "digamma";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return digamma(x); }
  auto df(const auto& x, const auto&) const { return polygamma(1, x); }
};

/// The n-th derivative of digamma.
struct Polygamma : ScalarUnary<Polygamma> {
  static constexpr const char* name = "polygamma";
  static constexpr Reads reads{in(0)};
  int64_t n = 1;
  auto f(const auto& x) const { return polygamma(n, x); }
  auto df(const auto& x, const auto&) const { return polygamma(n + 1, x); }
};

/// sin(pi x) / (pi x), 1 at 0.
struct Sinc : ScalarUnary<Sinc> {
  static constexpr const char* name = "sinc";
  static constexpr bool complex = true;
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const {
    const auto t = x * like(x, 3.14159265358979323846);
    return where(x == 0, like(x, 1), sin(t) / t);
  }
  auto df(const auto& x, const auto&) const {
    const auto t = x * like(x, 3.14159265358979323846);
    return where(x == 0, like(x, 0), (t * cos(t) - sin(t)) / (t * x));
  }
};

struct Trunc : Unary<Trunc> {
  static constexpr const char* name = "trunc";
  static constexpr Reads reads{};
  static constexpr bool floating = false;
  auto f(const auto& x) const { return trunc(x); }
  auto df(const auto&, const auto&) const { return 0; }
};

struct Frac : Unary<Frac> {
  static constexpr const char* name = "frac";
  static constexpr Reads reads{};
  auto f(const auto& x) const { return x - trunc(x); }
  auto df(const auto&, const auto&) const { return 1; }
};

struct Deg2rad : Unary<Deg2rad> {
  static constexpr const char* name = "deg2rad";
  static constexpr Reads reads{};
  auto f(const auto& x) const { return x * like(x, 0.017453292519943295769); }
  auto df(const auto&, const auto&) const { return 0.017453292519943295769; }
};

struct Rad2deg : Unary<Rad2deg> {
  static constexpr const char* name = "rad2deg";
  static constexpr Reads reads{};
  auto f(const auto& x) const { return x * like(x, 57.295779513082320877); }
  auto df(const auto&, const auto&) const { return 57.295779513082320877; }
};

/// log(z / (1 - z)), z being x or, if an eps of at least 0 is given, x clamped to [eps, 1 - eps].
struct Logit : Unary<Logit> {
  static constexpr const char* name = "logit";
  static constexpr Reads reads{in(0)};
  double eps = -1;
  auto f(const auto& x) const {
    if (eps < 0) return log(x / (1 - x));
    const auto z =
        where(x < like(x, eps), like(x, eps), where(x > like(x, 1 - eps), like(x, 1 - eps), x));
    return log(z / (1 - z));
  }
  auto df(const auto& x, const auto&) const {
    const auto low = like(x, eps < 0 ? 0 : eps);
    const auto high = like(x, eps < 0 ? 1 : 1 - eps);
    const auto outside = like(x, eps < 0 ? std::numeric_limits<double>::quiet_NaN() : 0);
    return where(x < low, outside, where(x > high, outside, 1 / (x * (1 - x))));
  }
};

}  // namespace reel::ops
