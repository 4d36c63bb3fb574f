#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include <reel/backends/cpu/kernels/past_cache.h>

namespace reel::cpu::REEL_ISA {

/// A square of T, as wide as a register.
template <class T>
struct Square {
  static constexpr int kSize = kLanes<float> * 4 / static_cast<int>(sizeof(T));
  using Row [[gnu::vector_size(kSize * sizeof(T))]] = T;

  // The first (0) or second (1) halves of a and b, element by element in turn.
  template <int kHalf, int... kIndex>
  static Row interleave(Row a, Row b, std::integer_sequence<int, kIndex...>) {
    return __builtin_shufflevector(a, b, (kHalf * kSize / 2 + kIndex / 2 + kIndex % 2 * kSize)...);
  }

  // Interleaving rows i and i + half, log2(size) times, exchanges the bits of row and column
  // numbers.
  template <int kStep>
  static void shuffle(Row* rows) {
    if constexpr (kStep < kSize) {
      constexpr auto kAll = std::make_integer_sequence<int, kSize>();
      Row next[kSize];
#pragma GCC unroll 16
      for (int i = 0; i < kSize / 2; ++i) {
        next[2 * i] = interleave<0>(rows[i], rows[i + kSize / 2], kAll);
        next[2 * i + 1] = interleave<1>(rows[i], rows[i + kSize / 2], kAll);
      }
#pragma GCC unroll 16
      for (int i = 0; i < kSize; ++i) rows[i] = next[i];
      shuffle<2 * kStep>(rows);
    }
  }

  // y[r * y_stride + c] = x[c * x_stride + r]; kStream as in past_cache.h.
  template <bool kStream>
  static void transpose(const T* x, int64_t x_stride, T* y, int64_t y_stride) {
    Row rows[kSize];
#pragma GCC unroll 16
    for (int i = 0; i < kSize; ++i) std::memcpy(&rows[i], x + i * x_stride, sizeof(Row));
    shuffle<1>(rows);
#pragma GCC unroll 16
    for (int i = 0; i < kSize; ++i) write<kStream>(y + i * y_stride, rows[i]);
  }
};

/// y[r * y_stride + c] = x[c * x_stride + r]; kStream only if are_lines(y, y_stride).
template <bool kStream = false, class T>
inline void transpose_tile(const T* x, int64_t x_stride, T* y, int64_t y_stride, int64_t rows,
                           int64_t cols) {
  int64_t whole_rows = 0;
  int64_t whole_cols = 0;
  if constexpr (sizeof(T) >= 4) {
    constexpr int64_t kSize = Square<T>::kSize;
    whole_rows = rows / kSize * kSize;
    whole_cols = cols / kSize * kSize;
    const auto square = [&](int64_t r, int64_t c) {
      Square<T>::template transpose<kStream>(x + c * x_stride + r, x_stride, y + r * y_stride + c,
                                             y_stride);
    };
    // Along the lines that are further apart, so that few of them are met at a time: as many as a
    // square has, or twice as many if they are read, so that pairs of cache lines are written.
    if (x_stride > y_stride) {
      for (int64_t first = 0; first < whole_cols; first += 2 * kSize) {
        const int64_t last = std::min(whole_cols, first + 2 * kSize);
        for (int64_t r = 0; r < whole_rows; r += kSize) {
          for (int64_t c = first; c < last; c += kSize) square(r, c);
        }
      }
    } else {
      for (int64_t r = 0; r < whole_rows; r += kSize) {
        for (int64_t c = 0; c < whole_cols; c += kSize) square(r, c);
      }
    }
  }
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t first = r < whole_rows ? whole_cols : 0;
    for (int64_t c = first; c < cols; ++c) y[r * y_stride + c] = x[c * x_stride + r];
  }
  end_writes<kStream>();
}

}  // namespace reel::cpu::REEL_ISA
