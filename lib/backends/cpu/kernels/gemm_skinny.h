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
/// while B streams by, a few of its rows at a time. B is read up to a whole vector.
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
      for (int64_t v = 0; v < width; v += kL) {
        Vec<T> values[kDepth];
        unroll<kDepth>([&](auto d) __attribute__((always_inline)) {
          values[d] = load_wide(lines[d] + v);
          __builtin_prefetch(lines[d] + v + ahead);
        });
        unroll<kRows>([&](auto r) __attribute__((always_inline)) {
          Vec<T> sum = load(sums[r] + v);
          unroll<kDepth>([&](auto d) __attribute__((always_inline)) {
            sum = fma(factors[r][d], values[d], sum);
          });
          store(sums[r] + v, sum);
        });
      }
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
  E rest[kColumns][kL] = {};
  for (int64_t k = 0; k < depth; k += kL, a += rows * kL, b += kL) {
    if (depth - k < kL) {
      for (int j = 0; j < kColumns; ++j) std::copy_n(b + j * b_stride, depth - k, rest[j]);
      b = rest[0];
      b_stride = kL;
    }
    Vec<T> values[kColumns];
    unroll<kColumns>([&](auto j) __attribute__((always_inline)) {
      values[j] = load_wide(b + j * b_stride);
    });
    unroll<kRows>([&](auto r) __attribute__((always_inline)) {
      const Vec<T> row = load(a + row_at[r]);
      unroll<kColumns>([&](auto j) __attribute__((always_inline)) {
        acc[r][j] = fma(row, values[j], acc[r][j]);
      });
    });
  }
  T sums[kRows][kColumns];
  unroll<kRows>([&](auto r) __attribute__((always_inline)) {
    unroll<kColumns>([&](auto j)
                         __attribute__((always_inline)) { sums[r][j] = reduce_add(acc[r][j]); });
  });
  for (int64_t r = 0; r < rows; ++r) store_row(sums[r], kColumns, c.at(r, 0), c.column_stride);
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
  constexpr int64_t kL = kLanes<T>;
  // Of numbers of two bytes, eight rows take memory no longer than four.
  constexpr int kFew = sizeof(E) == 2 ? 8 : 4;
  const int64_t grain = kTaskVolume / (rows * depth + 1) + 1;
  if (b.row_stride == 1) {
    const size_t size = sizeof(T) * panel_size<T>(PanelOrder::by_vector, rows, depth);
    const Storage memory = allocate_storage(size, kCPU);
    T* panel = static_cast<T*>(memory->data());
    pack_rows<T>(PanelOrder::by_vector, a, 0, rows, 0, depth, panel);
    const auto part = rows == 1   ? multiply_columns<E, 1>
                      : rows <= 4 ? multiply_columns<E, kFew>
                                  : multiply_columns<E, 8>;
    parallel_for(0, columns, grain,
                 [&](int64_t n, int64_t end) { part(n, end, rows, depth, panel, b, c); });
    return true;
  }
  // Streaming runs along the columns; a deep product of few columns has too few of them to share.
  if (b.column_stride != 1 || (columns < 256 && depth > 4096)) return false;
  const auto part = rows == 1   ? multiply_streaming<E, 1>
                    : rows <= 4 ? multiply_streaming<E, kFew>
                                : multiply_streaming<E, 8>;
  const int64_t vectors = columns / kL, whole = vectors * kL;
  // Wide parts, so that memory is read in long runs.
  const int64_t wide = std::max((grain + kL - 1) / kL, vectors / kEnoughTasks);
  parallel_for(0, vectors, wide,
               [&](int64_t v, int64_t end) { part(v * kL, end * kL, rows, depth, a, b, c); });
  if (whole == columns) return true;
  // Columns that are no whole vector are copied, with zeros behind.
  const Storage memory = allocate_storage(sizeof(E) * static_cast<size_t>(depth * kL), kCPU);
  E* rest = static_cast<E*>(memory->data());
  for (int64_t k = 0; k < depth; ++k) {
    std::fill_n(std::copy_n(b.at(k, whole), columns - whole, rest + k * kL), whole + kL - columns,
                E(0));
  }
  part(0, columns - whole, rows, depth, a, {rest, kL, 1},
       {c.at(0, whole), c.row_stride, c.column_stride});
  return true;
}

}  // namespace reel::cpu::REEL_ISA
