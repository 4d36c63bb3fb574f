#pragma once

// The vocabulary of the SIMD kernels: one vector type and the few operations xsimd lacks or spells
// differently from version to version. Included by kernels only; everything lives in a namespace
// named after the instruction set, so the copies of a kernel file never meet at link time.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include <xsimd/xsimd.hpp>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

namespace reel::cpu::REEL_ISA {

/// As many T as a register holds: float, double, int32_t, int64_t. Has + - * / & | ^ and
/// comparisons; xsimd's functions (sqrt, exp, ...) are found by ADL.
template <class T>
using Vec = xsimd::batch<T>;
/// What comparisons of Vec<T> give.
template <class T>
using Mask = xsimd::batch_bool<T>;
template <class T>
inline constexpr int kLanes = static_cast<int>(Vec<T>::size);

template <class T>
inline Vec<T> broadcast(T value) {
  return Vec<T>(value);
}

/// Unaligned; the fast case on every CPU of interest if the address happens to be aligned.
template <class T>
inline Vec<T> load(const T* p) {
  return Vec<T>::load_unaligned(p);
}
template <class T>
inline void store(T* p, const Vec<T>& v) {
  v.store_unaligned(p);
}

#ifdef __AVX512VL__
template <class T>
inline __mmask16 first_lanes(int n) {
  return static_cast<__mmask16>((1u << n) - 1u);
}
#endif

/// The first n lanes, 0 <= n <= kLanes; the others are 0 and their memory is not touched.
template <class T>
inline Vec<T> load_n(const T* p, int n) {
#ifdef __AVX512VL__
  const __mmask16 mask = first_lanes<T>(n);
  if constexpr (std::is_same_v<T, float>) {
    return Vec<T>(_mm512_maskz_loadu_ps(mask, p));
  } else if constexpr (std::is_same_v<T, double>) {
    return Vec<T>(_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), p));
  } else if constexpr (sizeof(T) == 4) {
    return Vec<T>(_mm512_maskz_loadu_epi32(mask, p));
  } else if constexpr (sizeof(T) == 8) {
    return Vec<T>(_mm512_maskz_loadu_epi64(static_cast<__mmask8>(mask), p));
  }
#endif
  alignas(64) T lanes[kLanes<T>] = {};
  std::memcpy(lanes, p, sizeof(T) * static_cast<size_t>(n));
  return load(lanes);
}

/// The first n floats whose label is `wanted`; the others are 0.
inline Vec<float> load_where_equal(const float* p, const uint8_t* labels, uint8_t wanted, int n) {
#ifdef __AVX512VL__
  const __mmask16 lanes = first_lanes<float>(n);
  const __m128i found = _mm_maskz_loadu_epi8(lanes, labels);
  const __m128i sought = _mm_set1_epi8(static_cast<char>(wanted));
  return Vec<float>(_mm512_maskz_loadu_ps(_mm_mask_cmpeq_epi8_mask(lanes, found, sought), p));
#else
  alignas(64) float values[kLanes<float>] = {};
  for (int i = 0; i < n; ++i) values[i] = labels[i] == wanted ? p[i] : 0.0f;
  return load(values);
#endif
}

/// Writes the first n lanes, 0 <= n <= kLanes, and nothing else.
template <class T>
inline void store_n(T* p, const Vec<T>& v, int n) {
#ifdef __AVX512VL__
  const __mmask16 mask = first_lanes<T>(n);
  if constexpr (std::is_same_v<T, float>) {
    return _mm512_mask_storeu_ps(p, mask, v);
  } else if constexpr (std::is_same_v<T, double>) {
    return _mm512_mask_storeu_pd(p, static_cast<__mmask8>(mask), v);
  } else if constexpr (sizeof(T) == 4) {
    return _mm512_mask_storeu_epi32(p, mask, v);
  } else if constexpr (sizeof(T) == 8) {
    return _mm512_mask_storeu_epi64(p, static_cast<__mmask8>(mask), v);
  }
#endif
  alignas(64) T lanes[kLanes<T>];
  store(lanes, v);
  std::memcpy(p, lanes, sizeof(T) * static_cast<size_t>(n));
}

/// a * b + c in one rounding where the CPU can.
template <class T>
inline Vec<T> fma(const Vec<T>& a, const Vec<T>& b, const Vec<T>& c) {
#ifdef __AVX512F__
  // xsimd 8 multiplies and adds here, which the compiler contracts in some copies of a function and
  // not in others: they would differ in the last bit.
  if constexpr (std::is_same_v<T, float>) return Vec<T>(_mm512_fmadd_ps(a, b, c));
  if constexpr (std::is_same_v<T, double>) return Vec<T>(_mm512_fmadd_pd(a, b, c));
#endif
  if constexpr (std::is_floating_point_v<T>) {
    return xsimd::fma(a, b, c);
  } else {
    return a * b + c;
  }
}

/// Quotient and square root, correctly rounded. xsimd's on NEON are estimates for float, and NaN
/// where infinity takes part.
template <class T>
inline Vec<T> divide(const Vec<T>& a, const Vec<T>& b) {
#ifdef __aarch64__
  if constexpr (std::is_same_v<T, float>) return Vec<T>(vdivq_f32(a, b));
#endif
  return a / b;
}
template <class T>
inline Vec<T> square_root(const Vec<T>& a) {
#ifdef __aarch64__
  if constexpr (std::is_same_v<T, float>) return Vec<T>(vsqrtq_f32(a));
#endif
  return xsimd::sqrt(a);
}

template <class T>
inline T first_lane(const Vec<T>& v) {
  using Lanes [[gnu::vector_size(sizeof(Vec<T>))]] = T;
  return std::bit_cast<Lanes>(v)[0];
}
template <class T>
inline Vec<T> select(const Mask<T>& mask, const Vec<T>& yes, const Vec<T>& no) {
  return xsimd::select(mask, yes, no);
}
template <class T>
inline Mask<T> is_nan(const Vec<T>& v) {
  // Not v != v: that comparison of xsimd's is false for NaN on some instruction sets.
  if constexpr (std::is_floating_point_v<T>) {
    return xsimd::isnan(v);
  } else {
    return Mask<T>(false);
  }
}

/// Bit i is lane i's.
inline uint64_t lane_bits(const Mask<float>& mask) {
#if defined(__AVX512F__)
  return static_cast<__mmask16>(mask);
#elif defined(__AVX__)
  return static_cast<uint64_t>(_mm256_movemask_ps(mask));
#elif defined(__SSE2__)
  return static_cast<uint64_t>(_mm_movemask_ps(mask));
#else
  uint64_t bits = 0;
  for (size_t i = 0; i < mask.size; ++i) bits |= uint64_t{mask.get(i)} << i;
  return bits;
#endif
}

/// b unless a is larger (smaller); so of NaN as a and a number the number.
template <class T>
inline Vec<T> larger(const Vec<T>& a, const Vec<T>& b) {
#ifdef __aarch64__
  return select(a > b, a, b);
#else
  return xsimd::max(a, b);
#endif
}
template <class T>
inline Vec<T> smaller(const Vec<T>& a, const Vec<T>& b) {
#ifdef __aarch64__
  return select(a < b, a, b);
#else
  return xsimd::min(a, b);
#endif
}

/// PyTorch's maximum and minimum: NaN if either is NaN; of equal values (0 and -0 too) the second.
template <class T>
inline Vec<T> max_nan(const Vec<T>& a, const Vec<T>& b) {
  // x86's max and min give the second if the numbers are equal or do not compare.
  return select(is_nan(a), a, xsimd::max(a, b));
}
template <class T>
inline Vec<T> min_nan(const Vec<T>& a, const Vec<T>& b) {
  return select(is_nan(a), a, xsimd::min(a, b));
}

/// Lane i of the result is lane i of v for the first n lanes, the others are `rest`.
template <class T>
inline Vec<T> first_or(const Vec<T>& v, int n, T rest) {
  alignas(64) static constexpr auto kNumbers = [] {
    std::array<T, kLanes<T>> numbers{};
    for (int i = 0; i < kLanes<T>; ++i) numbers[static_cast<size_t>(i)] = static_cast<T>(i);
    return numbers;
  }();
  return select(load(kNumbers.data()) < broadcast(static_cast<T>(n)), v, broadcast(rest));
}

/// The second half of 2 * kHalf lanes, before lanes that do not matter.
template <int kHalf, class T, int... kI>
inline Vec<T> second_half(const Vec<T>& v, std::integer_sequence<int, kI...>) {
  using Lanes [[gnu::vector_size(sizeof(Vec<T>))]] = T;
  const auto lanes = std::bit_cast<Lanes>(v);
  return std::bit_cast<Vec<T>>(__builtin_shufflevector(lanes, lanes, (kI % kHalf + kHalf)...));
}

/// Combines the lanes pairwise, in an order that depends on the number of lanes alone.
template <class T, int kHalf = kLanes<T> / 2, class Combine>
inline T reduce_lanes(const Vec<T>& v, const Combine& combine) {
  if constexpr (kHalf == 0) {
    return first_lane(v);
  } else {
    constexpr auto kAll = std::make_integer_sequence<int, kLanes<T>>();
    return reduce_lanes<T, kHalf / 2>(combine(v, second_half<kHalf, T>(v, kAll)), combine);
  }
}
template <class T>
inline T reduce_add(const Vec<T>& v) {
  return reduce_lanes<T>(v, [](const Vec<T>& a, const Vec<T>& b) { return a + b; });
}

}  // namespace reel::cpu::REEL_ISA
