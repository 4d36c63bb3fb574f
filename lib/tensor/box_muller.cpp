#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

#include <reel/tensor/box_muller.h>

// PyTorch computes float logarithms, sines and cosines here with polynomials of the Cephes library
// (S. Moshier) in Giovanni Garberoglio's AVX form. What follows is the same arithmetic, with the
// fused multiply-adds where PyTorch's compiler puts them: they decide the last bits.

namespace reel::detail {
namespace {

// Inlined into a version with the FMA instruction and one without, which takes the same sums
// through fmaf().
#define REEL_ALWAYS_INLINE [[gnu::always_inline]] inline

REEL_ALWAYS_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

/// ln x for x of (0, 1].
REEL_ALWAYS_INLINE float natural_log(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x < 0x1p-126f ? 0x1p-126f : x);
  float e = static_cast<float>(static_cast<int32_t>(bits >> 23) - 0x7f) + 1.0f;
  float m = std::bit_cast<float>((bits & 0x807fffffu) | 0x3f000000u);
  const bool low = m < 0.707106781186547524f;
  const float added = low ? m : 0.0f;
  m = m - 1.0f;
  e = e - (low ? 1.0f : 0.0f);
  m = m + added;

  const float z = m * m;
  float y = 7.0376836292E-2f;
  y = fma(y, m, -1.1514610310E-1f);
  y = fma(y, m, 1.1676998740E-1f);
  y = fma(y, m, -1.2420140846E-1f);
  y = fma(y, m, 1.4249322787E-1f);
  y = fma(y, m, -1.6668057665E-1f);
  y = fma(y, m, 2.0000714765E-1f);
  y = fma(y, m, -2.4999993993E-1f);
  y = fma(y, m, 3.3333331174E-1f);
  y = fma(y * m, z, e * -2.12194440e-4f);
  y = fma(z, -0.5f, y);
  return fma(e, 0.693359375f, m + y);
}

struct SineCosine {
  float sine;
  float cosine;
};

/// For x of [0, 2 pi).
REEL_ALWAYS_INLINE SineCosine sine_cosine(float x) {
  const uint32_t octant = (static_cast<uint32_t>(x * 1.27323954473516f) + 1u) & ~1u;
  const float y = static_cast<float>(static_cast<int32_t>(octant));
  x = fma(y, -0.78515625f, x);
  x = fma(y, -2.4187564849853515625e-4f, x);
  x = fma(y, -3.77489497744594108e-8f, x);

  const float z = x * x;
  float c = 2.443315711809948E-005f;
  c = fma(c, z, -1.388731625493765E-003f);
  c = fma(c, z, 4.166664568298827E-002f);
  c = fma(c * z, z, -(z * 0.5f)) + 1.0f;
  float s = -1.9515295891E-4f;
  s = fma(s, z, 8.3321608736E-3f);
  s = fma(s, z, -1.6666654611E-1f);
  s = fma(s * z, x, x);

  const bool straight = (octant & 2u) == 0;
  const float sine = straight ? s : c;
  const float cosine = straight ? c : s;
  const uint32_t sine_sign = (octant & 4u) << 29;
  const uint32_t cosine_sign = (~(octant - 2u) & 4u) << 29;
  return {std::bit_cast<float>(std::bit_cast<uint32_t>(sine) ^ sine_sign),
          std::bit_cast<float>(std::bit_cast<uint32_t>(cosine) ^ cosine_sign)};
}

REEL_ALWAYS_INLINE void transform(float* values, float mean, float std) {
  constexpr float kTwoPi = static_cast<float>(2 * std::numbers::pi);
  for (int j = 0; j < 8; ++j) {
    const float radius = std::sqrt(-2.0f * natural_log(1.0f - values[j]));
    const SineCosine angle = sine_cosine(kTwoPi * values[j + 8]);
    values[j] = fma(radius * angle.cosine, std, mean);
    values[j + 8] = fma(radius * angle.sine, std, mean);
  }
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void transform_fma(float* values, float mean, float std) {
  transform(values, mean, std);
}
#endif

}  // namespace

void box_muller_16(float* values, float mean, float std) {
#if defined(__x86_64__)
  static const bool has_fma = __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
  if (has_fma) return transform_fma(values, mean, std);
#endif
  transform(values, mean, std);
}

void box_muller_16(double* values, double mean, double std) {
  for (int j = 0; j < 8; ++j) {
    const double radius = std::sqrt(-2 * std::log(1 - values[j]));
    const double theta = 2 * std::numbers::pi * values[j + 8];
    values[j] = std::fma(radius * std::cos(theta), std, mean);
    values[j + 8] = std::fma(radius * std::sin(theta), std, mean);
  }
}

}  // namespace reel::detail
