#pragma once

// Half and bfloat16 as kernels read and write them: as floats. The conversions of half.h are
// written for clarity; these are what the CPU has.

#include <algorithm>

#include <reel/backends/cpu/vec.h>
#include <reel/tensor/half.h>

namespace reel::cpu::REEL_ISA {

/// What is computed with for a T in memory.
template <class T>
using Wide = std::conditional_t<sizeof(T) == 2, float, T>;

/// A vector of them.
template <class T>
inline Vec<T> load_wide(const T* p) {
  return load(p);
}
template <class T>
requires(sizeof(T) == 2) inline Vec<float> load_wide(const T* p) {
#if defined(__AVX512F__)
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  if constexpr (std::is_same_v<T, Half>) {
    return Vec<float>(_mm512_cvtph_ps(bits));
  } else {
    return Vec<float>(_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16)));
  }
#elif defined(__AVX2__)
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  if constexpr (std::is_same_v<T, Half>) {
    return Vec<float>(_mm256_cvtph_ps(bits));
  } else {
    return Vec<float>(_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16)));
  }
#else
  alignas(64) float values[kLanes<float>];
  for (int i = 0; i < kLanes<float>; ++i) values[i] = p[i];
  return load(values);
#endif
}

/// The first n of them, 0 <= n <= kLanes; the others are 0 and their memory is not touched.
template <class T>
inline Vec<T> load_wide_n(const T* p, int n) {
  return load_n(p, n);
}
template <class T>
requires(sizeof(T) == 2) inline Vec<float> load_wide_n(const T* p, int n) {
  T values[kLanes<float>] = {};
  std::copy_n(p, n, values);
  return load_wide(values);
}

template <class T>
inline void widen(const T* p, int64_t n, float* out) {
  constexpr int kL = kLanes<float>;
  int64_t i = 0;
  for (; i + kL <= n; i += kL) store(out + i, load_wide(p + i));
  const int rest = static_cast<int>(n - i);
  if (rest > 0) store_n(out + i, load_wide_n(p + i, rest), rest);
}

/// To the nearest, ties to even.
inline void narrow(const float* p, int64_t n, Half* out) {
  int64_t i = 0;
#ifdef __F16C__
  const auto narrow8 = [](const float* from, Half* to) {
    const __m128i bits = _mm256_cvtps_ph(_mm256_loadu_ps(from), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bits);
  };
  for (; i + 8 <= n; i += 8) narrow8(p + i, out + i);
  if (i < n) {
    float values[8] = {};
    Half rounded[8];
    std::copy_n(p + i, n - i, values);
    narrow8(values, rounded);
    std::copy_n(rounded, n - i, out + i);
  }
#else
  for (; i < n; ++i) out[i] = Half(p[i]);
#endif
}

inline void narrow(const float* p, int64_t n, BFloat16* out) {
  for (int64_t i = 0; i < n; ++i) {
    uint32_t x = 0;
    std::memcpy(&x, p + i, sizeof x);
    const uint32_t rounded = (x + 0x7fffu + (x >> 16 & 1u)) >> 16;
    const bool is_nan = (x & 0x7fffffffu) > 0x7f800000u;
    out[i].bits = static_cast<uint16_t>(is_nan ? 0x7fc0u : rounded);
  }
}

}  // namespace reel::cpu::REEL_ISA
