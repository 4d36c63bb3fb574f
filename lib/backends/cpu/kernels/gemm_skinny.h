#pragma once

// Products with so few rows that packing would cost more than it saves: B is read once, as it lies
// in memory. E is the type in memory of B and C; A and the sums are as wide as vectors compute.

#include <reel/backends/cpu/kernels/gemm_tiles.h>

namespace reel::cpu::REEL_ISA {

/// Below this many multiplications packing costs more than it saves.
inline constexpr int64_t kTinyVolume = 512;
/// Products with at most so many rows read B once, as it lies in memory.
inline constexpr int64_t kSkinnyRows = 4;

template <class E>
void multiply_plainly(int64_t rows, int64_t columns, int64_t depth, const Matrix<const E>& a,
                      const Matrix<const E>& b, const Matrix<E>& c) {
  using T = Wide<E>;
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < columns; ++n) {
      T sum = 0;
      for (int64_t k = 0; k < depth; ++k) {
        sum += static_cast<T>(*a.at(m, k)) * static_cast<T>(*b.at(k, n));
      }
      *c.at(m, n) = static_cast<E>(sum);
    }
  }
}

/// A few rows of A, rows of B contiguous: columns of C stay in registers while B streams by.
template <class E, int kRows>
void multiply_streaming(int64_t n, int64_t n_end, int64_t depth, const Matrix<const Wide<E>>& a,
                        const Matrix<const E>& b, const Matrix<E>& c) {
  using T = Wide<E>;
  constexpr int kL = kLanes<T>, kVectors = kRows == 1 ? 8 : 4;
  for (; n < n_end; n += kVectors * kL) {
    const int64_t width = std::min<int64_t>(n_end - n, kVectors * kL);
    Vec<T> acc[kRows][kVectors];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) acc[r][v] = broadcast(T(0));
    }
    for (int64_t k = 0; k < depth; ++k) {
      const E* p = b.at(k, n);
      Vec<T> bv[kVectors];
      if (width == kVectors * kL) {
        for (int v = 0; v < kVectors; ++v) bv[v] = load_wide(p + v * kL);
      } else {
        for (int v = 0; v < kVectors; ++v) {
          const auto lanes = std::clamp<int64_t>(width - v * kL, 0, kL);
          bv[v] = load_wide_n(p + v * kL, static_cast<int>(lanes));
        }
      }
      for (int r = 0; r < kRows; ++r) {
        const Vec<T> ar = broadcast(*a.at(r, k));
        for (int v = 0; v < kVectors; ++v) acc[r][v] = fma(ar, bv[v], acc[r][v]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      alignas(64) T row[kVectors * kL];
      for (int v = 0; v < kVectors; ++v) store(row + v * kL, acc[r][v]);
      for (int64_t j = 0; j < width; ++j) *c.at(r, n + j) = static_cast<E>(row[j]);
    }
  }
}

/// A few rows of A, columns of B contiguous: every element of C is a dot product.
template <class E, int kRows>
void multiply_dots(int64_t n, int64_t n_end, int64_t depth, const Matrix<const Wide<E>>& a,
                   const Matrix<const E>& b, const Matrix<E>& c) {
  using T = Wide<E>;
  constexpr int kL = kLanes<T>, kChains = 4;  // independent sums hide the latency of fma
  for (; n < n_end; ++n) {
    const E* column = b.at(0, n);
    Vec<T> acc[kRows][kChains];
    for (int r = 0; r < kRows; ++r) {
      for (int i = 0; i < kChains; ++i) acc[r][i] = broadcast(T(0));
    }
    int64_t k = 0;
    for (; k + kChains * kL <= depth; k += kChains * kL) {
      for (int i = 0; i < kChains; ++i) {
        const Vec<T> bv = load_wide(column + k + i * kL);
        for (int r = 0; r < kRows; ++r) {
          acc[r][i] = fma(load(a.at(r, k + i * kL)), bv, acc[r][i]);
        }
      }
    }
    for (; k < depth; k += kL) {
      const int lanes = static_cast<int>(std::min<int64_t>(depth - k, kL));
      const Vec<T> bv = load_wide_n(column + k, lanes);
      for (int r = 0; r < kRows; ++r) acc[r][0] = fma(load_n(a.at(r, k), lanes), bv, acc[r][0]);
    }
    for (int r = 0; r < kRows; ++r) {
      *c.at(r, n) = static_cast<E>(reduce_add((acc[r][0] + acc[r][1]) + (acc[r][2] + acc[r][3])));
    }
  }
}

/// At most kSkinnyRows rows. Returns false if neither operand lies as it must.
template <class E>
bool multiply_skinny(int64_t rows, int64_t columns, int64_t depth, const Matrix<const Wide<E>>& a,
                     const Matrix<const E>& b, const Matrix<E>& c) {
  const bool dots = b.row_stride == 1 && a.column_stride == 1;
  // Streaming runs along the columns; a deep product of few columns has too few of them to share.
  if (!dots && (b.column_stride != 1 || (columns < 256 && depth > 4096))) return false;
  // Out of cache, it reads some columns of each of B's rows after the other; packing reads more at
  // a time, which two rows already pay for.
  constexpr int64_t kCached = 2 << 20;
  if (!dots && rows > 1 && columns * depth * int64_t{sizeof(E)} > kCached) return false;
  using Part = void (*)(int64_t, int64_t, int64_t, const Matrix<const Wide<E>>&,
                        const Matrix<const E>&, const Matrix<E>&);
  static constexpr Part kParts[2][kSkinnyRows] = {
      {multiply_streaming<E, 1>, multiply_streaming<E, 2>, multiply_streaming<E, 3>,
       multiply_streaming<E, 4>},
      {multiply_dots<E, 1>, multiply_dots<E, 2>, multiply_dots<E, 3>, multiply_dots<E, 4>}};
  const Part part = kParts[dots ? 1 : 0][rows - 1];
  const int64_t step = dots ? 1 : 8 * kLanes<Wide<E>>;
  const int64_t grain = (kTaskVolume / (rows * depth * step) + 1) * step;
  parallel_for(0, columns, grain,
               [&](int64_t n, int64_t n_end) { part(n, n_end, depth, a, b, c); });
  return true;
}

}  // namespace reel::cpu::REEL_ISA
