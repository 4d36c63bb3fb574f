// Special functions of one number, by methods of Abramowitz and Stegun, Handbook of Mathematical
// Functions (1964); sections are named at each.

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include <reel/tensor/ops/formula_math.h>

namespace reel::ops::special {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = std::numbers::pi;

// The Bernoulli numbers B2, B4, ... of the asymptotic series.
constexpr std::array<double, 10> kBernoulli{1.0 / 6,       -1.0 / 30,      1.0 / 42, -1.0 / 30,
                                            5.0 / 66,      -691.0 / 2730,  7.0 / 6,  -3617.0 / 510,
                                            43867.0 / 798, -174611.0 / 330};
// From here on, those series are exact to the last place.
constexpr double kAsymptotic = 12;

// The n-th derivative of pi cot(pi x), x no whole number: a polynomial in c = cot(pi x), since
// c' = -pi (1 + c^2). For n <= 8, beyond what gradients of any use need.
double cotangent_derivative(int n, double x) {
  std::array<double, 12> p{0, 1};
  for (int k = 0; k < n; ++k) {
    std::array<double, 12> next{};
    for (size_t i = 1; i + 1 < p.size(); ++i) {
      next[i - 1] -= static_cast<double>(i) * p[i];
      next[i + 1] -= static_cast<double>(i) * p[i];
    }
    p = next;
  }
  // Of the fraction of x, which is exact, lest pi x lose digits.
  const double c = 1 / std::tan(kPi * (x - std::round(x)));
  double value = 0;
  for (size_t i = p.size(); i-- > 0;) value = value * c + p[i];
  return value * std::pow(kPi, n + 1);
}

}  // namespace

// 6.3.5, 6.3.7 and 6.3.18. At the poles NaN, but at 0 the limit from zero's side.
double digamma(double x) {
  if (x == 0) return std::copysign(kInf, -x);
  if (x < 0) {
    if (std::isinf(x) || x == std::floor(x)) return kNaN;
    return digamma(1 - x) - cotangent_derivative(0, x);
  }
  double shifted = 0;
  while (x < kAsymptotic) {
    shifted -= 1 / x;
    x += 1;
  }
  if (std::isinf(x)) return x;
  const double square = 1 / (x * x);
  double power = square;
  double series = 0;
  for (size_t k = 0; k < kBernoulli.size(); ++k, power *= square) {
    series += kBernoulli[k] / (2.0 * static_cast<double>(k + 1)) * power;
  }
  return shifted + std::log(x) - 0.5 / x - series;
}

// 6.4.6, 6.4.7 and 6.4.11.
double polygamma(int n, double x) {
  if (n == 0) return digamma(x);
  if (std::isnan(x)) return x;
  const double sign = n % 2 == 0 ? -1 : 1;
  if (x <= 0 && x == std::floor(x)) return sign * kInf;
  if (x < 0) {
    return (n % 2 == 0 ? 1 : -1) * polygamma(n, 1 - x) - cotangent_derivative(n, x);
  }
  double sum = 0;  // of 1 / (x + k)^(n + 1)
  while (x < kAsymptotic + n) {
    sum += std::pow(x, -n - 1);
    x += 1;
  }
  // n! times the sum of what is left, by Euler and Maclaurin's formula.
  double factorial = 1;
  for (int k = 2; k <= n; ++k) factorial *= k;
  const double square = 1 / (x * x);
  double series = (1 / static_cast<double>(n) + 0.5 / x) * std::pow(x, -n);
  double rising = n + 1;  // (2k + n - 1)! / n! / (2k)!, times (2k)!
  double even = 2;        // (2k)!
  double power = std::pow(x, -n) * square;
  for (size_t k = 0; k < kBernoulli.size(); ++k, power *= square) {
    series += kBernoulli[k] * rising / even * power;
    const double next = 2.0 * static_cast<double>(k + 1) + n;
    rising *= next * (next + 1);
    even *= (2.0 * static_cast<double>(k) + 3) * (2.0 * static_cast<double>(k) + 4);
  }
  return sign * factorial * (sum + series);
}

// Newton's method with the second derivative (Halley's) from Winitzki's approximation (2008), which
// is within 2e-3.
double erfinv(double x) {
  if (!(std::fabs(x) < 1)) return std::fabs(x) == 1 ? std::copysign(kInf, x) : kNaN;
  const double a = 0.147;
  const double l = std::log1p(-x * x);
  const double m = 2 / (kPi * a) + l / 2;
  double y = std::copysign(std::sqrt(std::sqrt(m * m - l / a) - m), x);
  for (int i = 0; i < 3; ++i) {
    // Near 1 the complement keeps the digits.
    const double error = std::fabs(x) < 0.5 ? std::erf(y) - x
                         : x > 0            ? (1 - x) - std::erfc(y)
                                            : std::erfc(-y) - (1 + x);
    const double step = error / (2 / std::sqrt(kPi) * std::exp(-y * y));
    y -= step / (1 + y * step);
  }
  return y;
}

// 9.6.10 near zero, where all terms are of one sign, and 9.7.1 beyond.
double bessel_i(int order, double x) {
  const double z = std::fabs(x);
  if (std::isnan(x)) return x;
  const double sign = order % 2 != 0 && x < 0 ? -1 : 1;
  if (std::isinf(z)) return sign * kInf;
  if (z < 20) {
    const double quarter = z * z / 4;
    double term = 1;
    for (int k = 1; k <= order; ++k) term *= z / 2 / k;
    double sum = term;
    for (int k = 1; term > sum * 0x1p-56; ++k) {
      term *= quarter / k / (k + order);
      sum += term;
    }
    return sign * sum;
  }
  const double mu = 4.0 * order * order;
  double term = 1;
  double sum = 1;
  for (int k = 1; std::fabs(term) > 0x1p-56 && k < 60; ++k) {
    const double odd = 2 * k - 1;
    term *= -(mu - odd * odd) / (k * 8 * z);
    sum += term;
  }
  // e^z in two factors: the result is finite a little longer than e^z.
  const double half = std::exp(z / 2);
  return sign * (half / std::sqrt(2 * kPi * z) * sum) * half;
}

}  // namespace reel::ops::special
