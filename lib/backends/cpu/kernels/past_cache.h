#pragma once

// Writing past the cache, whole lines at a time: they are not read first, and do not displace what
// will be read again. For what is too long, or too scattered, to be in the cache when it is read.

#include <bit>
#include <cstdint>
#include <cstring>

#include <reel/backends/cpu/vec.h>

namespace reel::cpu::REEL_ISA {

/// An output of so many bytes has left the caches of most CPUs when it is complete.
inline constexpr int64_t kPastCache = int64_t{32} << 20;

/// True where p and what is a multiple of `step` elements from there can be written past the cache.
template <class T>
inline bool are_lines([[maybe_unused]] const T* p, [[maybe_unused]] int64_t step) {
#ifdef __AVX512F__
  constexpr size_t kLine = 64;
  return reinterpret_cast<uintptr_t>(p) % kLine == 0 &&
         static_cast<size_t>(step) * sizeof(T) % kLine == 0;
#else
  return false;
#endif
}

/// Writes a register at p; past the cache if kStream, and then p begins a line.
template <bool kStream, class V>
inline void write(void* p, const V& v) {
#ifdef __AVX512F__
  if constexpr (kStream) {
    return _mm512_stream_si512(static_cast<__m512i*>(p), std::bit_cast<__m512i>(v));
  }
#endif
  std::memcpy(p, &v, sizeof(V));
}

/// After the last write: others find it in memory when they are told that it is there.
template <bool kStream>
inline void end_writes() {
#ifdef __AVX512F__
  if constexpr (kStream) _mm_sfence();
#endif
}

/// Copies n elements that fill whole lines of `to` past the cache.
template <class T>
inline void copy_lines(const T* from, T* to, int64_t n) {
  constexpr int64_t kStep = sizeof(Vec<float>) / sizeof(T);
  for (int64_t i = 0; i < n; i += kStep) {
    Vec<float> lanes;
    std::memcpy(&lanes, from + i, sizeof(lanes));
    write<true>(to + i, lanes);
  }
}

}  // namespace reel::cpu::REEL_ISA
