#pragma once

#include <reel/backends/cpu/vec.h>

namespace reel::cpu::REEL_ISA {

/// e^x to 1 unit in the last place, denormal results included. xsimd's for float overflows already
/// at 88.38 (the largest float is e^88.72) and flushes below e^-87.
inline Vec<float> exp(const Vec<float>& x) {
  // Beyond these the result is infinite or 0; in this order of arguments NaN stays.
  const Vec<float> bounded = xsimd::max(Vec<float>(-105), xsimd::min(Vec<float>(90), x));
  // x = n ln 2 + r, |r| <= ln 2 / 2; ln 2 in two parts, the first with zeros at its end so that its
  // product with n is exact. Polynomial of Cephes' expf.
  // Adding and taking away 1.5 * 2^23 rounds to an integer, also where there is no instruction for
  // it.
  const Vec<float> magic(12582912.0f);
  const Vec<float> n = fma(bounded, Vec<float>(1.44269504f), magic) - magic;
  Vec<float> r = fma(n, Vec<float>(-0.693359375f), bounded);
  r = fma(n, Vec<float>(2.12194440e-4f), r);
  Vec<float> p(1.9875691500e-4f);
  p = fma(p, r, Vec<float>(1.3981999507e-3f));
  p = fma(p, r, Vec<float>(8.3334519073e-3f));
  p = fma(p, r, Vec<float>(4.1665795894e-2f));
  p = fma(p, r, Vec<float>(1.6666665459e-1f));
  p = fma(p, r, Vec<float>(5.0000001201e-1f));
  p = fma(p, r * r, r) + Vec<float>(1);
  // In two steps, since 2^n itself need not be a float.
  const Vec<int32_t> exponent = xsimd::to_int(n);
  const Vec<int32_t> half = exponent >> 1;
  return xsimd::ldexp(xsimd::ldexp(p, half), exponent - half);
}
inline Vec<double> exp(const Vec<double>& x) { return xsimd::exp(x); }

/// e^x - 1, without cancellation near 0.
template <class T>
inline Vec<T> expm1(const Vec<T>& x) {
  const Vec<T> large(40);
  if (xsimd::any(x > large)) return select(x > large, exp(x), xsimd::expm1(x));
  return xsimd::expm1(x);
}

}  // namespace reel::cpu::REEL_ISA
