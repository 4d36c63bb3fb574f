#include <reel/backends/cpu/kernels/gemm_skinny.h>
#include <reel/backends/cpu/kernels/gemm_words.h>

// Products of half and bfloat16: operands become floats as they are packed, sums are floats, and
// each result is rounded once. Where the CPU multiplies tiles of bfloat16, those are packed as they
// are.

namespace reel::cpu::REEL_ISA {
namespace {

// rows x columns of a, from (row, column) on, as floats: by columns if a lies so, else by rows.
template <class T>
Matrix<const float> widened(const Matrix<const T>& a, int64_t row, int64_t rows, int64_t column,
                            int64_t columns, float* out) {
  if (a.row_stride == 1 && a.column_stride != 1) {
    for (int64_t j = 0; j < columns; ++j) widen(a.at(row, column + j), rows, out + j * rows);
    return {out, 1, rows};
  }
  for (int64_t i = 0; i < rows; ++i) {
    const T* from = a.at(row + i, column);
    float* to = out + i * columns;
    if (a.column_stride == 1) {
      widen(from, columns, to);
    } else {
      for (int64_t j = 0; j < columns; ++j) to[j] = from[j * a.column_stride];
    }
  }
  return {out, columns, 1};
}

// As multiply_skinny, of an A that lies in any way.
template <class T>
bool multiply_few_rows(int64_t rows, int64_t columns, int64_t depth, const Matrix<const T>& a,
                       const Matrix<const T>& b, const Matrix<T>& c) {
  if (rows > kSkinnyRows) return false;
  const Storage values = allocate_storage(sizeof(float) * static_cast<size_t>(rows * depth), kCPU);
  auto* const wide = static_cast<float*>(values->data());
  for (int64_t i = 0; i < rows; ++i) widened(a, i, 1, 0, depth, wide + i * depth);
  return multiply_skinny<T>(rows, columns, depth, {wide, depth, 1}, b, c);
}

template <class T>
void multiply_widened(int64_t rows, int64_t columns, int64_t depth, const Matrix<const T>& a,
                      const Matrix<const T>& b, const Matrix<T>& c) {
  const PanelOrder order =
      a.row_stride == 1 && a.column_stride != 1 ? PanelOrder::by_depth : PanelOrder::by_vector;
  multiply_in_tiles<float>(
      order, rows, columns, depth,
      [&](int64_t m, int64_t count, int64_t k, int64_t block, float* panel) {
        float values[kTileRows * kBlockDepth];
        pack_rows<float>(order, widened(a, m, count, k, block, values), 0, count, 0, block, panel);
      },
      [&](int64_t n, int64_t count, int vectors, int64_t k, int64_t block, float* panel) {
        float values[kTileColumns<float> * kBlockDepth];
        pack_columns<float>(widened(b, k, block, n, count, values), 0, count, vectors, 0, block,
                            panel);
      },
      c);
}

void multiply_words_of(const WordKernel<float>& kernel, int64_t rows, int64_t columns,
                       int64_t depth, const Matrix<const BFloat16>& a,
                       const Matrix<const BFloat16>& b, const Matrix<BFloat16>& c) {
  const auto bits = [](const BFloat16* p) { return reinterpret_cast<const uint16_t*>(p); };
  const Lines<uint16_t> lines_a{bits(a.data), a.row_stride, a.column_stride, rows, depth};
  const Lines<uint16_t> lines_b{bits(b.data), b.column_stride, b.row_stride, columns, depth};
  multiply_words(
      kernel, rows, columns, depth,
      [&](int64_t m, int64_t count, int32_t* out) {
        pack_word_rows<uint16_t, 2>(lines_a, m, count, 0, out);
      },
      [&](int64_t n, int vectors, int32_t* out) {
        pack_word_columns<uint16_t, 2>(lines_b, n, vectors, out);
      },
      [&](int64_t m, int64_t n, int64_t count, int64_t width, const float* sums, int64_t stride) {
        for (int64_t i = 0; i < count; ++i) {
          store_row(sums + i * stride, width, c.at(m + i, n), c.column_stride);
        }
      });
}

}  // namespace

template <class T>
void gemm_low(int64_t rows, int64_t columns, int64_t depth, const Matrix<const T>& a,
              const Matrix<const T>& b, const Matrix<T>& c) {
  if (rows == 0 || columns == 0) return;
  if (rows * columns * depth <= kTinyVolume) {
    return multiply_plainly(rows, columns, depth, a, b, c);
  }
  const Matrix<const T> at = a.transposed(), bt = b.transposed();
  if (multiply_few_rows(rows, columns, depth, a, b, c) ||
      multiply_few_rows(columns, rows, depth, bt, at, c.transposed())) {
    return;
  }
  // Rows of results are stored; a C that lies the other way is the transpose of B' A'.
  if (c.column_stride != 1 && c.row_stride == 1) {
    return gemm_low(columns, rows, depth, bt, at, c.transposed());
  }
  if constexpr (std::is_same_v<T, BFloat16>) {
    const WordKernel<float> kernel = bfloat16_kernel();
    if (kernel.multiply != nullptr) {
      return multiply_words_of(kernel, rows, columns, depth, a, b, c);
    }
  }
  multiply_widened(rows, columns, depth, a, b, c);
}

template void gemm_low<Half>(int64_t, int64_t, int64_t, const Matrix<const Half>&,
                             const Matrix<const Half>&, const Matrix<Half>&);
template void gemm_low<BFloat16>(int64_t, int64_t, int64_t, const Matrix<const BFloat16>&,
                                 const Matrix<const BFloat16>&, const Matrix<BFloat16>&);

}  // namespace reel::cpu::REEL_ISA
