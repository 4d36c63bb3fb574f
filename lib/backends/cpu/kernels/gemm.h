#pragma once

// Matrix products from packed panels. A tile of C is kept in registers (the micro-kernel) while a
// panel of A, a few rows, is multiplied with a panel of B, a few vectors of columns. Both are
// copied
// ("packed") so that the micro-kernel reads them in order; packing is also where transposed,
// strided and im2col operands become the same thing.

#include <algorithm>
#include <cstdint>
#include <utility>

#include <reel/backends/cpu/kernels/scratch.h>
#include <reel/backends/cpu/vec.h>

namespace reel::cpu::REEL_ISA {

/// Rows and vectors of C that fill the registers and leave room for a vector of B and one of A.
#if defined(__AVX512F__)
inline constexpr int kTileRows = 14;
#elif defined(__AVX2__)
inline constexpr int kTileRows = 6;
#elif defined(__aarch64__)
inline constexpr int kTileRows = 12;
#else
inline constexpr int kTileRows = 4;
#endif
inline constexpr int kTileVectors = 2;
template <class T>
inline constexpr int kTileColumns = kTileVectors* kLanes<T>;

/// How deep a packed block is: a panel of B of this depth stays in L1.
inline constexpr int64_t kBlockDepth = 256;

/// The order of a packed panel of A with R rows and L lanes; padded values are 0.
enum class PanelOrder {
  by_depth,   ///< [depth][R]: copied as it is from an A whose rows are contiguous along m
  by_vector,  ///< [depth / L][R][L]: copied a vector at a time where k is contiguous
};

/// c[R][columns] = row + a b with a row of as many columns, or c += a b if `row` is nullptr: the
/// product is summed for itself then, and added. b is [depth][vectors * L]. 1 <= columns <=
/// vectors * L. `ahead` is fetched to L2 meanwhile, as much as b's panel takes; nullptr: the panel
/// after it.
template <class T>
using MicroKernel = void (*)(int64_t depth, const T* a, const T* b, const T* row, T* c,
                             int64_t c_stride, int columns, const T* ahead);

/// An A that is not packed by vector but lies anywhere with even strides: the values of a row are
/// those of the runs, one after the other.
struct Run {
  int64_t offset, length;
};
template <class T>
struct Strided {
  const T* data;
  int64_t row_stride, depth_stride;
  const Run* runs;
  int64_t count, depth;      ///< of the runs; the sum of their lengths
  const T* ahead = nullptr;  ///< as a MicroKernel's
  int64_t b_gap = 0;         ///< elements of b between its rows
};
/// Memory that is fetched while something else is multiplied, by one kernel after the other.
template <class T>
struct Ahead {
  const T* from = nullptr;
  int64_t count = 0;
  /// Strided::ahead of a kernel whose panel of B has `size` elements.
  const T* next(int64_t size) {
    if (count <= 0) return nullptr;
    count -= size;
    return std::exchange(from, from + size);
  }
};
template <class T>
using StridedKernel = void (*)(const Strided<T>& a, const T* b, const T* row, T* c,
                               int64_t c_stride, int columns);

/// 1 <= rows <= kTileRows, 1 <= vectors <= kTileVectors; T is float or double.
template <class T>
MicroKernel<T> micro_kernel(int rows, int vectors);
template <class T>
StridedKernel<T> strided_kernel(int rows, int vectors);

/// At least kTileColumns zeros.
template <class T>
const T* zero_row();

/// `count` things in groups of at most `most`, as even as possible: 16 rows are 8 + 8, not 14 + 2.
struct EvenSplit {
  int64_t groups, base, extra;
  EvenSplit(int64_t count, int64_t most)
      : groups((count + most - 1) / most),
        base(groups == 0 ? 0 : count / groups),
        extra(groups == 0 ? 0 : count % groups) {}
  int64_t begin(int64_t group) const { return group * base + std::min(group, extra); }
  int64_t size(int64_t group) const { return base + (group < extra ? 1 : 0); }
  /// The group that holds element i.
  int64_t group(int64_t i) const {
    const int64_t larger = extra * (base + 1);
    return i < larger ? i / (base + 1) : extra + (i - larger) / base;
  }
};

/// Vectors of the panel of B that starts at column n of `columns`.
template <class T>
inline int panel_vectors(int64_t n, int64_t columns) {
  return columns - n > kLanes<T> ? kTileVectors : 1;
}
/// Columns of a packed B, the last panel filled up.
template <class T>
inline int64_t padded_columns(int64_t columns) {
  return (columns + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
}
/// Elements of a packed panel of A.
template <class T>
inline int64_t panel_size(PanelOrder order, int64_t rows, int64_t depth) {
  const int64_t block = order == PanelOrder::by_depth ? 1 : kLanes<T>;
  return rows * ((depth + block - 1) / block * block);
}

/// What the first block of the depth starts from.
template <class T>
struct Start {
  const T* row = nullptr;   ///< a bias, one value per column; nullptr: zeros
  bool accumulate = false;  ///< add to what c holds
};

/// Which panels of a tile are wanted: all, or those that reach the diagonal of the whole product or
/// lie above it, where the tile's first row is `lead` rows further on than its first column.
struct Wanted {
  bool all = true;
  int64_t lead = 0;
  bool operator()(int64_t row, int64_t column_end) const { return all || row + lead < column_end; }
};

/// c[rows][columns] += (or = start +) a b for packed blocks of one depth: the panels of A, split
/// evenly, one after the other, and those of B, panel_b(n) for column n, each when it is met. Those
/// of A in the order by_vector fetch what is `ahead`.
template <class T, class PanelB>
void multiply_panels(PanelOrder order, int64_t rows, int64_t columns, int64_t depth, const T* a,
                     const PanelB& panel_b, Start<T> start, T* c, int64_t c_stride,
                     Wanted wanted = {}, Ahead<T>* ahead = nullptr) {
  const EvenSplit split(rows, kTileRows);
  for (int64_t n = 0; n < columns; n += kTileColumns<T>) {
    const int vectors = panel_vectors<T>(n, columns);
    const int width = static_cast<int>(std::min<int64_t>(columns - n, kTileColumns<T>));
    if (!wanted(0, n + width)) continue;
    const T* const b = panel_b(n);
    const T* panel = a;
    for (int64_t i = 0; i < split.groups && wanted(split.begin(i), n + width); ++i) {
      const int64_t panel_rows = split.size(i);
      T* tile = c + split.begin(i) * c_stride + n;
      const T* row = start.accumulate ? nullptr : start.row ? start.row + n : zero_row<T>();
      const auto kernel_rows = static_cast<int>(panel_rows);
      if (order == PanelOrder::by_vector) {
        micro_kernel<T>(kernel_rows, vectors)(
            depth, panel, b, row, tile, c_stride, width,
            ahead == nullptr ? nullptr : ahead->next(depth * vectors * kLanes<T>));
      } else {
        const Run whole{0, depth};
        strided_kernel<T>(kernel_rows, vectors)({panel, 1, panel_rows, &whole, 1, depth}, b, row,
                                                tile, c_stride, width);
      }
      panel += panel_size<T>(order, panel_rows, depth);
    }
  }
}

/// The depth of a product in blocks, all but the last of `step`, which is a multiple of the lanes.
template <class T>
struct DepthBlocks {
  int64_t depth, step;
  explicit DepthBlocks(int64_t total) : depth(total), step(kLanes<T>) {
    const int64_t even = EvenSplit(total, kBlockDepth).size(0);
    step = std::max<int64_t>(step, (even + kLanes<T> - 1) / kLanes<T> * kLanes<T>);
  }
  int64_t size(int64_t k) const { return std::min(step, depth - k); }
};

/// Calls pack(m, rows, out) for each panel of a block of A.
template <class T, class Pack>
void for_each_row_panel(PanelOrder order, int64_t rows, int64_t depth, T* out, const Pack& pack) {
  const EvenSplit split(rows, kTileRows);
  for (int64_t i = 0; i < split.groups; ++i) {
    pack(split.begin(i), split.size(i), out);
    out += panel_size<T>(order, split.size(i), depth);
  }
}

/// The blocks of A for multiply_tile, each packed by pack(m, rows, k, depth, out) when it is asked
/// for.
template <class T, class Pack>
auto blocks_of_rows(PanelOrder order, int64_t rows, const Pack& pack) {
  return [=, &pack](int64_t k, int64_t depth) -> const T* {
    T* a = scratch<T>(Slot::panel_a, panel_size<T>(order, rows, depth));
    for_each_row_panel(order, rows, depth, a, [&](int64_t m, int64_t count, T* panel) {
      pack(m, count, k, depth, panel);
    });
    return a;
  };
}

/// A product's tile: c[rows][columns], the whole depth. `block_a(k, depth)` gives the packed blocks
/// of A, panel after panel in the given order, panel_b(k, depth, n) the panels of B.
template <class T, class BlockA, class PanelB>
void multiply_tile(PanelOrder order, int64_t rows, int64_t columns, int64_t depth,
                   const BlockA& block_a, const PanelB& panel_b, Start<T> start, T* c,
                   int64_t c_stride, Wanted wanted = {}, Ahead<T> ahead = {}) {
  const DepthBlocks<T> blocks(depth);
  // A product without depth is what it starts from.
  if (depth == 0) {
    const T* none = zero_row<T>();
    multiply_panels<T>(
        order, rows, columns, 0, none, [&](int64_t) { return none; }, start, c, c_stride);
  }
  for (int64_t k = 0; k < depth; k += blocks.step) {
    const int64_t depth_here = blocks.size(k);
    multiply_panels<T>(
        order, rows, columns, depth_here, block_a(k, depth_here),
        [&](int64_t n) { return panel_b(k, depth_here, n); }, start, c, c_stride, wanted, &ahead);
    start = {nullptr, true};
  }
}

/// Calls pack(n, columns, vectors, out) for each panel of a block of B.
template <class T, class Pack>
void for_each_panel(int64_t columns, int64_t depth, T* out, const Pack& pack) {
  for (int64_t n = 0; n < columns; n += kTileColumns<T>) {
    pack(n, std::min<int64_t>(columns - n, kTileColumns<T>), panel_vectors<T>(n, columns),
         out + n * depth);
  }
}

/// A matrix anywhere in memory.
template <class T>
struct Matrix {
  T* data;
  int64_t row_stride, column_stride;
  T* at(int64_t row, int64_t column) const {
    return data + row * row_stride + column * column_stride;
  }
  Matrix transposed() const { return {data, column_stride, row_stride}; }
};

/// Packs `rows` rows of a, `depth` columns from k on, into a panel of the order.
template <class T>
void pack_rows(PanelOrder order, const Matrix<const T>& a, int64_t m, int64_t rows, int64_t k,
               int64_t depth, T* out);
/// Packs `columns` columns of b, `depth` rows from k on, into [depth][vectors * L].
template <class T>
void pack_columns(const Matrix<const T>& b, int64_t n, int64_t columns, int vectors, int64_t k,
                  int64_t depth, T* out);

/// c [M, N] = a [M, K] b [K, N], on all threads.
template <class T>
void gemm(int64_t rows, int64_t columns, int64_t depth, const Matrix<const T>& a,
          const Matrix<const T>& b, const Matrix<T>& c);
/// The same of Half or BFloat16: sums are floats, and each is rounded once.
template <class T>
void gemm_low(int64_t rows, int64_t columns, int64_t depth, const Matrix<const T>& a,
              const Matrix<const T>& b, const Matrix<T>& c);

}  // namespace reel::cpu::REEL_ISA
