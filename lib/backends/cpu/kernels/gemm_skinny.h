#pragma once

// Products with so few rows that packing would cost more than it saves: B is read once, as it lies
// in memory. E is the type in memory of B and C; A and the sums are as wide as vectors compute.

#include <reel/backends/cpu/kernels/gemm_tiles.h>
#include <reel/backends/cpu/kernels/unroll.h>

namespace reel::cpu::REEL_ISA {

/// Below this many multiplications packing costs more than it saves.
inline constexpr int64_t kTinyVolume = 512;
/// Products with at most so many rows read B once, as it lies in memory.
inline constexpr int64_t kSkinnyRows = 8;

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

/// At most kRows rows of A, rows of B contiguous: a part of the columns of C stays in L1 as sums
/// while B streams by, a few of its rows at a time.
template <class E, int kRows>
void multiply_streaming(int64_t n, int64_t n_end, int64_t rows, int64_t depth,
                        const Matrix<const Wide<E>>& a, const Matrix<const E>& b,
                        const Matrix<E>& c) {
  using T = Wide<E>;
  constexpr int kL = kLanes<T>;
  // Factors of A are in registers, and as many rows of B go by at a time.
  constexpr int kDepth = std::clamp(kTileRows / kRows, 2, 8);
  constexpr int64_t kColumns = (16 << 10) / int64_t{sizeof(T)} / kRows;
  for (; n < n_end; n += kColumns) {
    const int64_t width = std::min(n_end - n, kColumns);
    alignas(64) T sums[kRows][kColumns] = {};
    for (int64_t k = 0; k < depth; k += kDepth) {
      Vec<T> factors[kRows][kDepth];
      const E* lines[kDepth];
      unroll<kDepth>([&](auto d) __attribute__((always_inline)) {
        // What lies beyond the depth counts as the last row, zero times.
        const int64_t step = std::min(k + d, depth - 1);
        lines[d] = b.at(step, n);
        unroll<kRows>([&](auto r) __attribute__((always_inline)) {
          factors[r][d] =
              broadcast(k + d < depth ? *a.at(std::min<int64_t>(r, rows - 1), step) : 0);
        });
      });
      const int64_t ahead = kDepth * b.row_stride;
      const auto add = [&](int64_t v, int lanes) __attribute__((always_inline)) {
        Vec<T> values[kDepth];
        unroll<kDepth>([&](auto d) __attribute__((always_inline)) {
          values[d] = lanes == kL ? load_wide(lines[d] + v) : load_wide_n(lines[d] + v, lanes);
          __builtin_prefetch(lines[d] + v + ahead);
        });
        unroll<kRows>([&](auto r) __attribute__((always_inline)) {
          Vec<T> sum = load(sums[r] + v);
          unroll<kDepth>([&](auto d) __attribute__((always_inline)) {
            sum = fma(factors[r][d], values[d], sum);
          });
          store(sums[r] + v, sum);
        });
      };
      int64_t v = 0;
      for (; v + kL <= width; v += kL) add(v, kL);
      if (v < width) add(v, static_cast<int>(width - v));
    }
    for (int64_t r = 0; r < rows; ++r) store_row(sums[r], width, c.at(r, n), c.column_stride);
  }
}

/// At most kRows rows of A, a packed panel by vector, times kColumns columns of B, each contiguous:
/// every element of C is a dot product.
template <class E, int kRows, int kColumns>
void multiply_dots(int64_t rows, int64_t depth, const Wide<E>* a, const E* b, int64_t b_stride,
                   const Matrix<E>& c) {
  using T = Wide<E>;
  constexpr int kL = kLanes<T>;
  int64_t row_at[kRows];
  for (int r = 0; r < kRows; ++r) row_at[r] = std::min<int64_t>(r, rows - 1) * kL;
  Vec<T> acc[kRows][kColumns];
  unroll<kRows>([&](auto r) __attribute__((always_inline)) {
    unroll<kColumns>([&](auto j) __attribute__((always_inline)) { acc[r][j] = broadcast(T(0)); });
  });
  const auto add = [&](int lanes) __attribute__((always_inline)) {
    Vec<T> values[kColumns];
    unroll<kColumns>([&](auto j) __attribute__((always_inline)) {
      const E* p = b + j * b_stride;
      values[j] = lanes == kL ? load_wide(p) : load_wide_n(p, lanes);
    });
    unroll<kRows>([&](auto r) __attribute__((always_inline)) {
      const Vec<T> row = load(a + row_at[r]);
      unroll<kColumns>([&](auto j) __attribute__((always_inline)) {
        acc[r][j] = fma(row, values[j], acc[r][j]);
      });
    });
    a += rows * kL;
    b += kL;
  };
  int64_t k = 0;
  for (; k + kL <= depth; k += kL) add(kL);
  if (k < depth) add(static_cast<int>(depth - k));
  unroll<kRows>([&](auto r) __attribute__((always_inline)) {
    if (r >= rows) return;
    unroll<kColumns>([&](auto j) __attribute__((always_inline)) {
      *c.at(r, j) = static_cast<E>(reduce_add(acc[r][j]));
    });
  });
}

/// Columns [n, n_end) by dot products, as many at a time as registers allow.
template <class E, int kRows>
void multiply_columns(int64_t n, int64_t n_end, int64_t rows, int64_t depth, const Wide<E>* a,
                      const Matrix<const E>& b, const Matrix<E>& c) {
  constexpr int kColumns = std::clamp(kTileRows * kTileVectors / kRows, 1, 4);
  const auto at = [&](int64_t column) {
    return Matrix<E>{c.at(0, column), c.row_stride, c.column_stride};
  };
  for (; n + kColumns <= n_end; n += kColumns) {
    multiply_dots<E, kRows, kColumns>(rows, depth, a, b.at(0, n), b.column_stride, at(n));
  }
  for (; n < n_end; ++n) {
    multiply_dots<E, kRows, 1>(rows, depth, a, b.at(0, n), b.column_stride, at(n));
  }
}

/// At most kSkinnyRows rows. Returns false if neither operand lies as it must.
template <class E>
bool multiply_skinny(int64_t rows, int64_t columns, int64_t depth, const Matrix<const Wide<E>>& a,
                     const Matrix<const E>& b, const Matrix<E>& c) {
  using T = Wide<E>;
  const bool dots = b.row_stride == 1;
  // Streaming runs along the columns; a deep product of few columns has too few of them to share.
  if (!dots && (b.column_stride != 1 || (columns < 256 && depth > 4096))) return false;
  const int64_t grain = kTaskVolume / (rows * depth + 1) + 1;
  if (dots) {
    const size_t size = sizeof(T) * panel_size<T>(PanelOrder::by_vector, rows, depth);
    const Storage memory = allocate_storage(size, kCPU);
    T* panel = static_cast<T*>(memory->data());
    pack_rows<T>(PanelOrder::by_vector, a, 0, rows, 0, depth, panel);
    const auto part = rows == 1   ? multiply_columns<E, 1>
                      : rows == 2 ? multiply_columns<E, 2>
                      : rows <= 4 ? multiply_columns<E, 4>
                                  : multiply_columns<E, 8>;
    parallel_for(0, columns, grain,
                 [&](int64_t n, int64_t end) { part(n, end, rows, depth, panel, b, c); });
    return true;
  }
  const auto part = rows == 1   ? multiply_streaming<E, 1>
                    : rows == 2 ? multiply_streaming<E, 2>
                    : rows <= 4 ? multiply_streaming<E, 4>
                                : multiply_streaming<E, 8>;
  constexpr int64_t kLine = 8 * kLanes<T>;
  parallel_for(0, columns, (grain + kLine - 1) / kLine * kLine,
               [&](int64_t n, int64_t end) { part(n, end, rows, depth, a, b, c); });
  return true;
}

}  // namespace reel::cpu::REEL_ISA
