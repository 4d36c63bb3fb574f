#include <array>
#include <cstring>
#include <utility>

#include <reel/backends/cpu/kernels/gemm.h>
#include <reel/backends/cpu/kernels/transpose.h>

namespace reel::cpu::REEL_ISA {
namespace {

// A constant row count turns the copy into two or three moves.
template <class T, int kRows>
void pack_by_depth(const T* a, int64_t stride, int64_t depth, T* out) {
  for (int64_t k = 0; k < depth; ++k) {
    std::memcpy(out, a, sizeof(T) * kRows);
    a += stride;
    out += kRows;
  }
}

template <class T, int... kRow>
constexpr auto by_depth_table(std::integer_sequence<int, kRow...>) {
  return std::array<void (*)(const T*, int64_t, int64_t, T*), kTileRows>{
      pack_by_depth<T, kRow + 1>...};
}

}  // namespace

template <class T>
void pack_rows(PanelOrder order, const Matrix<const T>& a, int64_t m, int64_t rows, int64_t k,
               int64_t depth, T* out) {
  constexpr int kL = kLanes<T>;
  if (order == PanelOrder::by_depth && a.row_stride == 1) {
    static constexpr auto kTable = by_depth_table<T>(std::make_integer_sequence<int, kTileRows>{});
    kTable[static_cast<size_t>(rows - 1)](a.at(m, k), a.column_stride, depth, out);
  } else if (order == PanelOrder::by_depth) {
    for (int64_t i = 0; i < depth; ++i) {
      for (int64_t r = 0; r < rows; ++r) *out++ = *a.at(m + r, k + i);
    }
  } else {
    for (int64_t i = 0; i < depth; i += kL) {
      const int lanes = static_cast<int>(std::min<int64_t>(depth - i, kL));
      for (int64_t r = 0; r < rows; ++r, out += kL) {
        const T* p = a.at(m + r, k + i);
        if (a.column_stride == 1) {
          store(out, lanes == kL ? load(p) : load_n(p, lanes));
        } else {
          for (int j = 0; j < kL; ++j) out[j] = j < lanes ? p[j * a.column_stride] : T(0);
        }
      }
    }
  }
}

template <class T>
void pack_columns(const Matrix<const T>& b, int64_t n, int64_t columns, int vectors, int64_t k,
                  int64_t depth, T* out) {
  constexpr int kL = kLanes<T>;
  const int64_t width = vectors * kL;
  const T* source = b.at(k, n);
  if (b.column_stride == 1 && columns == kTileColumns<T>) {
    for (int64_t i = 0; i < depth; ++i, out += width, source += b.row_stride) {
      for (int v = 0; v < kTileVectors; ++v) store(out + v * kL, load(source + v * kL));
    }
  } else if (b.column_stride == 1) {
    for (int64_t i = 0; i < depth; ++i, out += width, source += b.row_stride) {
      for (int v = 0; v < vectors; ++v) {
        const int64_t lanes = std::clamp<int64_t>(columns - v * kL, 0, kL);
        store(out + v * kL, load_n(source + v * kL, static_cast<int>(lanes)));
      }
    }
  } else {
    const int64_t copied = b.row_stride == 1 ? columns : 0;
    if (copied > 0) transpose_tile(source, b.column_stride, out, width, depth, copied);
    for (int64_t i = 0; i < depth && copied < width; ++i) {
      for (int64_t j = copied; j < width; ++j) {
        out[i * width + j] = j < columns ? source[i * b.row_stride + j * b.column_stride] : T(0);
      }
    }
  }
}

template void pack_rows<float>(PanelOrder, const Matrix<const float>&, int64_t, int64_t, int64_t,
                               int64_t, float*);
template void pack_rows<double>(PanelOrder, const Matrix<const double>&, int64_t, int64_t, int64_t,
                                int64_t, double*);
template void pack_columns<float>(const Matrix<const float>&, int64_t, int64_t, int, int64_t,
                                  int64_t, float*);
template void pack_columns<double>(const Matrix<const double>&, int64_t, int64_t, int, int64_t,
                                   int64_t, double*);

}  // namespace reel::cpu::REEL_ISA
