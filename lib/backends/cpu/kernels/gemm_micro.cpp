#include <array>
#include <utility>

#include <reel/backends/cpu/kernels/gemm.h>
#include <reel/backends/cpu/kernels/unroll.h>

namespace reel::cpu::REEL_ISA {
namespace {

// a [depth / kBlock][kRows][kBlock], b [depth][kVectors * L], c [kRows][columns].
template <class T, int kRows, int kVectors, int kBlock>
void micro(int64_t depth, const T* a, const T* b, const T* init, int64_t init_stride, T* c,
           int64_t c_stride, int columns) {
  constexpr int kL = kLanes<T>;
  const bool whole = columns == kVectors * kL;
  const int last = columns - (kVectors - 1) * kL;  // columns in the last vector
  Vec<T> acc[kRows][kVectors];
  unroll<kRows>([&](auto r) __attribute__((always_inline)) {
    unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      const T* p = init + r * init_stride + v * kL;
      acc[r][v] = whole || v < kVectors - 1 ? load(p) : load_n(p, last);
    });
  });
  // The panel of B after this one, which the next call reads: on its way to L2 meanwhile.
  const int64_t next = depth * kVectors * kL;
  const auto multiply = [&](const T* ak) __attribute__((always_inline)) {
    Vec<T> bv[kVectors];
    unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      bv[v] = load(b + v * kL);
      __builtin_prefetch(b + next + v * kL, 0, 2);
    });
    unroll<kRows>([&](auto r) __attribute__((always_inline)) {
      const Vec<T> ar = broadcast(ak[r * kBlock]);
      unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
        acc[r][v] = fma(ar, bv[v], acc[r][v]);
      });
    });
    b += kVectors * kL;
  };
  int64_t k = 0;
  for (; k + kBlock <= depth; k += kBlock) {
#pragma GCC unroll 4
    for (int i = 0; i < kBlock; ++i) multiply(a + i);
    a += kRows * kBlock;
  }
  for (; k < depth; ++k) multiply(a++);
  unroll<kRows>([&](auto r) __attribute__((always_inline)) {
    unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      T* p = c + r * c_stride + v * kL;
      if (whole || v < kVectors - 1) {
        store(p, acc[r][v]);
      } else {
        store_n(p, acc[r][v], last);
      }
    });
  });
}

template <class T, int kVectors, int kBlock, int... kRow>
constexpr std::array<MicroKernel<T>, kTileRows> by_rows(std::integer_sequence<int, kRow...>) {
  return {micro<T, kRow + 1, kVectors, kBlock>...};
}

}  // namespace

template <class T>
MicroKernel<T> micro_kernel(PanelOrder order, int rows, int vectors) {
  constexpr auto kRows = std::make_integer_sequence<int, kTileRows>{};
  static constexpr std::array<MicroKernel<T>, kTileRows> kTable[2][kTileVectors] = {
      {by_rows<T, 1, 1>(kRows), by_rows<T, 2, 1>(kRows)},
      {by_rows<T, 1, kLanes<T>>(kRows), by_rows<T, 2, kLanes<T>>(kRows)}};
  return kTable[order == PanelOrder::by_vector][vectors - 1][static_cast<size_t>(rows - 1)];
}

template <class T>
const T* zero_row() {
  alignas(64) static constexpr T kZeros[kTileColumns<T>] = {};
  return kZeros;
}

template MicroKernel<float> micro_kernel<float>(PanelOrder, int, int);
template MicroKernel<double> micro_kernel<double>(PanelOrder, int, int);
template const float* zero_row<float>();
template const double* zero_row<double>();

}  // namespace reel::cpu::REEL_ISA
