#pragma once

// Elementary functions of vectors to 2 units in the last place at most, denormal numbers,
// infinities and zeros of both signs included; test/backends/cpu/ulp_test.cpp measures them.

#include <limits>

#include <reel/backends/cpu/kernels/erf_pieces.h>
#include <reel/backends/cpu/vec.h>

namespace reel::cpu::REEL_ISA {

/// c[0] + c[1] x + c[2] x^2 + ...
template <class T, size_t kCount>
inline Vec<T> polynomial(const Vec<T>& x, const T (&c)[kCount]) {
  Vec<T> sum(c[kCount - 1]);
  for (size_t i = kCount - 1; i-- > 0;) sum = fma(sum, x, Vec<T>(c[i]));
  return sum;
}

/// With a's magnitude and b's sign.
template <class T>
inline Vec<T> copy_sign(const Vec<T>& a, const Vec<T>& b) {
  return xsimd::abs(a) | xsimd::bitofsign(b);
}

template <class T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
  // Beyond these the result is 0 or infinite.
  static constexpr float kLowest = -105, kHighest = 90;
  // Adding and taking away 1.5 * 2^23 rounds to an integer, also where there is no instruction for
  // it; the sum's last bits are the integer.
  static constexpr float kMagic = 0x1.8p23f;
  // ln 2 in two parts, the first with zeros at its end so that its product with n is exact.
  static constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  // Least maximum of the relative error, by Remez' exchange: 3.6e-9.
  static constexpr float kCoefficients[] = {4.9999994040e-1f, 1.6666521132e-1f, 4.1668388993e-2f,
                                            8.3687454462e-3f, 1.3814540580e-3f};
};
template <>
struct ExpConstants<double> {
  static constexpr double kLowest = -746, kHighest = 710;
  static constexpr double kMagic = 0x1.8p52;
  static constexpr double kLn2High = 0x1.62e42fefap-1, kLn2Low = 0x1.cf79abc9e3b4p-40;
  // Least maximum of the relative error, by Remez' exchange: 3.4e-18.
  static constexpr double kCoefficients[] = {
      0x1.000000000000bp-1,  0x1.5555555555561p-3,  0x1.5555555550036p-5,  0x1.111111110d671p-7,
      0x1.6c16c185a60e2p-10, 0x1.a01a01bace3dap-13, 0x1.a019969729b2dp-16, 0x1.71dddffadaef5p-19,
      0x1.28b045fe3eeb6p-22, 0x1.af853a525d029p-26};
};

/// e^x = 2^n factor, with a whole n and factor = e^r: x = n ln 2 + r, |r| <= ln 2 / 2.
template <class T>
struct ExpParts {
  Vec<T> n;
  Vec<T> factor;

  explicit ExpParts(const Vec<T>& x) : n(round(x * Vec<T>(T(1.44269504088896340736)))) {
    using Constants = ExpConstants<T>;
    Vec<T> r = fma(n, Vec<T>(-Constants::kLn2High), x);
    r = fma(n, Vec<T>(-Constants::kLn2Low), r);
    factor = fma(polynomial(r, Constants::kCoefficients), r * r, r) + Vec<T>(T(1));
  }
  static Vec<T> round(const Vec<T>& x) {
    const Vec<T> magic(ExpConstants<T>::kMagic);
    return (x + magic) - magic;
  }
};

#ifdef __AVX512F__
/// n in sixteenths, of which the whole part counts: 2^(i/16) is looked up, in two parts, and |r| is
/// no more than ln 2 / 32.
template <>
struct ExpParts<float> {
  Vec<float> n;
  Vec<float> factor;

  explicit ExpParts(const Vec<float>& x) {
    using Constants = ExpConstants<float>;
    alignas(64) static constexpr float kPowers[] = {
        1.0f,        1.04427373f, 1.09050775f, 1.13878858f, 1.18920708f, 1.24185777f,
        1.29683959f, 1.35425556f, 1.41421354f, 1.47682619f, 1.54221082f, 1.61049032f,
        1.68179286f, 1.75625217f, 1.8340081f,  1.91520655f};
    alignas(64) static constexpr float kRest[] = {0.0f,
                                                  4.83347016e-08f,
                                                  -1.30775399e-08f,
                                                  5.38622231e-08f,
                                                  3.79763527e-08f,
                                                  4.4968381e-08f,
                                                  -4.01899953e-08f,
                                                  -1.01233493e-08f,
                                                  2.4203235e-08f,
                                                  -4.50089885e-08f,
                                                  8.07090483e-09f,
                                                  9.83621717e-09f,
                                                  -2.47553267e-08f,
                                                  -9.23577037e-09f,
                                                  -1.1239278e-08f,
                                                  9.84532811e-09f};
    const Vec<float> magic(0x1.8p19f);  // the last bit of a sum with it is 1/16
    const Vec<float> sum = fma(x, Vec<float>(1.44269504f), magic);
    n = sum - magic;
    Vec<float> r = fma(n, Vec<float>(-Constants::kLn2High), x);
    r = fma(n, Vec<float>(-Constants::kLn2Low), r);
    const __m512i sixteenth = _mm512_castps_si512(sum);
    const Vec<float> power(_mm512_permutexvar_ps(sixteenth, load(kPowers)));
    const Vec<float> rest(_mm512_permutexvar_ps(sixteenth, load(kRest)));
    // The series, its second coefficient such that what is left out errs least: by 1.2e-9.
    const Vec<float> part =
        fma(fma(r, Vec<float>(0.166666672f), Vec<float>(0.50001955f)), r * r, r);
    factor = fma(power, part, rest) + power;
  }
};
#endif

/// x * 2^n for a whole n, with AVX-512 the whole part of any n, without it only if 2^n is neither
/// denormal nor infinite.
template <class T>
inline Vec<T> times_power(const Vec<T>& x, const Vec<T>& n) {
#ifdef __AVX512F__
  // With a mask, because GCC 12 warns of what the plain ones read.
  if constexpr (std::is_same_v<T, float>) return Vec<T>(_mm512_mask_scalef_ps(x, 0xffff, x, n));
  if constexpr (std::is_same_v<T, double>) return Vec<T>(_mm512_mask_scalef_pd(x, 0xff, x, n));
#endif
  using Int = xsimd::as_integer_t<Vec<T>>;
  // The last bits of the sum are n.
  const Int bits = xsimd::bitwise_cast<Int>(n + Vec<T>(ExpConstants<T>::kMagic));
  const Int power =
      (bits << (std::numeric_limits<T>::digits - 1)) + xsimd::bitwise_cast<Int>(Vec<T>(T(1)));
  return x * xsimd::bitwise_cast<Vec<T>>(power);
}

/// e^x where x <= kHighest.
template <class T>
inline Vec<T> exp_not_large(const Vec<T>& x) {
  // In this order of arguments, here and below, NaN stays.
  const ExpParts<T> parts(xsimd::max(Vec<T>(ExpConstants<T>::kLowest), x));
#ifdef __AVX512F__
  return times_power(parts.factor, parts.n);
#else
  // In two steps, since 2^n itself need not be a number of the type.
  const Vec<T> half = ExpParts<T>::round(parts.n * Vec<T>(T(0.5)));
  return times_power(times_power(parts.factor, half), parts.n - half);
#endif
}

/// e^x.
template <class T>
inline Vec<T> exp(const Vec<T>& x) {
  return exp_not_large(xsimd::min(Vec<T>(ExpConstants<T>::kHighest), x));
}

/// e^x where it is neither denormal nor infinite.
template <class T>
inline Vec<T> exp_within(const Vec<T>& x) {
  const ExpParts<T> parts(x);
  return times_power(parts.factor, parts.n);
}

/// e^x - 1, without cancellation near 0.
template <class T>
inline Vec<T> expm1(const Vec<T>& x) {
  const Vec<T> large(40);
  // xsimd's of -0 is 0.
  Vec<T> y = copy_sign(xsimd::expm1(x), x);
  if (xsimd::any(x > large)) y = select(x > large, exp(x), y);
  return y;
}

/// Polynomial of N. Juffa's logf, found by a search for the least error in float.
inline Vec<float> log(const Vec<float>& x) {
  // x = 2^e (1 + f), -1/3 <= f < 1/3; denormal numbers are multiplied by 2^23 first.
  const Mask<float> tiny = x < Vec<float>(std::numeric_limits<float>::min());
  const auto bits = xsimd::bitwise_cast<Vec<int32_t>>(select(tiny, x * Vec<float>(0x1p23f), x));
  const Vec<int32_t> power = (bits - Vec<int32_t>(0x3f2aaaab)) & Vec<int32_t>(-0x800000);
  const Vec<float> f = xsimd::bitwise_cast<Vec<float>>(bits - power) - Vec<float>(1);
  const Vec<float> e = fma(xsimd::to_float(power), Vec<float>(0x1p-23f),
                           select(tiny, Vec<float>(-23), Vec<float>(0)));
  static constexpr float kEven[] = {-0.249996200f, -0.166846126f, -0.121483512f, -0.130310059f};
  static constexpr float kOdd[] = {0.200120345f, 0.139814854f, 0.140869141f};
  const Vec<float> s = f * f;
  Vec<float> y = fma(polynomial(s, kOdd), f, polynomial(s, kEven));
  y = fma(y, f, Vec<float>(0.333331972f));
  y = fma(y, f, Vec<float>(-0.5f));
  y = fma(y, s, f);
  y = fma(e, Vec<float>(0.693147182f), y);
  const Vec<float> infinity(std::numeric_limits<float>::infinity()), zero(0);
  y = select(x > zero, y,
             select(x < zero, Vec<float>(std::numeric_limits<float>::quiet_NaN()), -infinity));
  return select(x < infinity, y, x);
}

/// 1 - 2 / (e^2x + 1), which cancels where x is small; there a polynomial in x^2 of the least
/// maximum of the relative error, by Remez' exchange: 3.7e-8.
inline Vec<float> tanh(const Vec<float>& x) {
  const Vec<float> size = xsimd::min(Vec<float>(10), xsimd::abs(x));
  const Vec<float> one(1);
  const Vec<float> large = fma(Vec<float>(-2), divide(one, exp_within(size + size) + one), one);
  static constexpr float kSmall[] = {-0.3333294666f, 0.1332072549f, -0.05267183833f,
                                     0.01643762278f};
  const Vec<float> s = x * x;
  const Vec<float> small = fma(polynomial(s, kSmall) * s, x, x);
  return copy_sign(select(size < Vec<float>(0.55f), small, large), x);  // small of -0 is 0
}

#ifdef __AVX512F__
/// A polynomial around the nearest eighth, whose coefficients are looked up in two registers each.
inline Vec<float> erf(const Vec<float>& x) {
  // Beyond, erf is 1. In this order of arguments NaN stays.
  const Vec<float> size = xsimd::min(Vec<float>(3.9374f), xsimd::abs(x));
  const Vec<float> magic(0x1.8p20f);  // the last bit of a sum with it is 1/8
  const Vec<float> sum = size + magic;
  const Vec<float> t = size - (sum - magic);
  const auto coefficient = [&](int i) {
    return Vec<float>(_mm512_permutex2var_ps(load(kErfPieces[i]), _mm512_castps_si512(sum),
                                             load(kErfPieces[i] + 16)));
  };
  Vec<float> y = coefficient(5);
  for (int i = 4; i >= 1; --i) y = fma(y, t, coefficient(i));
  return copy_sign(fma(y, t, select(sum == magic, t, coefficient(0))), x);
}
#else
/// 1 - e^p(x), and where x is small x + x q(x^2); polynomials of N. Juffa's erff.
inline Vec<float> erf(const Vec<float>& x) {
  const Vec<float> size = xsimd::min(Vec<float>(4), xsimd::abs(x));
  static constexpr float kLarge[] = {-1.28717512e-1f, -6.34846687e-1f, -1.06777877e-1f,
                                     2.42546219e-2f,  -3.88396438e-3f, 3.83197126e-4f,
                                     -1.72853470e-5f};
  const Vec<float> large = Vec<float>(1) - exp_within(fma(polynomial(size, kLarge), size, -size));
  static constexpr float kSmall[] = {1.28379166e-1f,  -3.76125336e-1f, 1.12819925e-1f,
                                     -2.67681349e-2f, 4.99119423e-3f,  -5.96761703e-4f};
  const Vec<float> small = fma(polynomial(x * x, kSmall), x, x);
  return copy_sign(select(size < Vec<float>(0.927734375f), small, large), x);
}
#endif

}  // namespace reel::cpu::REEL_ISA
