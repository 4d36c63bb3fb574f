#include <array>
#include <utility>

#include <reel/backends/cpu/kernels/gemm.h>
#include <reel/backends/cpu/kernels/unroll.h>

namespace reel::cpu::REEL_ISA {
namespace {

// The tile of C in registers.
template <class T, int kRows, int kVectors>
struct Accumulators {
  static constexpr int kL = kLanes<T>;
  Vec<T> sums[kRows][kVectors];

  // What is added to, or overwritten, is touched at the end: it is on its way meanwhile.
  [[gnu::always_inline]] void begin(const T* row, const T* c, int64_t c_stride, int columns) {
    const T* from = row == nullptr ? zero_row<T>() : row;
    Vec<T> start[kVectors];
    unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      start[v] = load_n(from + v * kL, v < kVectors - 1 ? kL : columns - v * kL);
    });
    unroll<kRows>([&](auto r) __attribute__((always_inline)) {
      unroll<kVectors>([&](auto v) __attribute__((always_inline)) { sums[r][v] = start[v]; });
    });
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) __builtin_prefetch(c + r * c_stride + v * kL, 1);
    }
  }
  [[gnu::always_inline]] void end(const T* row, T* c, int64_t stride, int columns) {
    if (row == nullptr) {
      each(
          [&](auto r, auto v, bool whole, int last) __attribute__((always_inline)) {
            const T* p = c + r * stride + v * kL;
            sums[r][v] = sums[r][v] + (whole ? load(p) : load_n(p, last));
          },
          columns);
    }
    each(
        [&](auto r, auto v, bool whole, int last) __attribute__((always_inline)) {
          T* p = c + r * stride + v * kL;
          whole ? store(p, sums[r][v]) : store_n(p, sums[r][v], last);
        },
        columns);
  }
  // One step of the depth: at(r) is where the value of A in row r lies. `next` further on in B is
  // the panel after this one, which the next call reads: on its way to L2 meanwhile.
  template <class At>
  [[gnu::always_inline]] void multiply(const At& at, const T* b, int64_t next) {
    Vec<T> bv[kVectors];
    unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      bv[v] = load(b + v * kL);
      __builtin_prefetch(b + next + v * kL, 0, 2);
    });
    unroll<kRows>([&](auto r) __attribute__((always_inline)) {
      const Vec<T> ar = broadcast(*at(r));
      unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
        sums[r][v] = fma(ar, bv[v], sums[r][v]);
      });
    });
  }

 private:
  template <class Body>
  [[gnu::always_inline]] static void each(const Body& body, int columns) {
    const bool all = columns == kVectors * kL;
    const int last = columns - (kVectors - 1) * kL;  // columns in the last vector
    unroll<kRows>([&](auto r) __attribute__((always_inline)) {
      unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
        body(r, v, all || v < kVectors - 1, last);
      });
    });
  }
};

// From one array to another, as prefetching takes it.
template <class T>
int64_t distance(const T* from, const T* to) {
  return (reinterpret_cast<intptr_t>(to) - reinterpret_cast<intptr_t>(from)) /
         static_cast<int64_t>(sizeof(T));
}

// a [depth / L][kRows][L], b [depth][kVectors * L], c [kRows][columns].
template <class T, int kRows, int kVectors>
void micro(int64_t depth, const T* a, const T* b, const T* row, T* c, int64_t c_stride, int columns,
           const T* ahead) {
  constexpr int kL = kLanes<T>;
  Accumulators<T, kRows, kVectors> acc;
  acc.begin(row, c, c_stride, columns);
  const int64_t next = ahead == nullptr ? depth * kVectors * kL : distance(b, ahead);
  const auto multiply = [&](const T* ak) __attribute__((always_inline)) {
    acc.multiply(
        [&](auto r) __attribute__((always_inline)) { return ak + r * kL; }, b, next);
    b += kVectors * kL;
  };
  int64_t k = 0;
  for (; k + kL <= depth; k += kL) {
#pragma GCC unroll 4
    for (int i = 0; i < kL; ++i) multiply(a + i);
    a += kRows * kL;
  }
  for (; k < depth; ++k) multiply(a++);
  acc.end(row, c, c_stride, columns);
}

// The same with an A that is read where it lies.
template <class T, int kRows, int kVectors>
void micro_strided(const Strided<T>& a, const T* b, const T* row, T* c, int64_t c_stride,
                   int columns) {
  Accumulators<T, kRows, kVectors> acc;
  acc.begin(row, c, c_stride, columns);
  const int64_t next = a.ahead == nullptr ? a.depth * kVectors * kLanes<T> : distance(b, a.ahead);
  // Five rows an address, at 0, 1, 2, 3 and 4 strides from it, which x86 adds for free.
  constexpr int kShare = 5, kBases = (kRows + kShare - 1) / kShare;
  const int64_t stride = a.row_stride, stride3 = 3 * stride, step = a.depth_stride;
  for (int64_t i = 0; i < a.count; ++i) {
    const T* base[kBases];
    for (int q = 0; q < kBases; ++q) base[q] = a.data + a.runs[i].offset + q * kShare * stride;
    for (int64_t k = a.runs[i].length; k > 0; --k) {
      acc.multiply(
          [&](auto r) __attribute__((always_inline)) {
            return base[r / kShare] + (r % kShare == 3 ? stride3 : r % kShare * stride);
          },
          b, next);
      b += kVectors * kLanes<T> + a.b_gap;
      unroll<kBases>([&](auto q) __attribute__((always_inline)) {
        base[q] += step;
        asm("" : "+r"(base[q]));  // or each row gets a register of its own, and there are too few
      });
    }
  }
  acc.end(row, c, c_stride, columns);
}

template <class T, int kVectors, int... kRow>
constexpr std::array<MicroKernel<T>, kTileRows> by_rows(std::integer_sequence<int, kRow...>) {
  return {micro<T, kRow + 1, kVectors>...};
}
template <class T, int kVectors, int... kRow>
constexpr std::array<StridedKernel<T>, kTileRows> strided_by_rows(
    std::integer_sequence<int, kRow...>) {
  return {micro_strided<T, kRow + 1, kVectors>...};
}

}  // namespace

template <class T>
MicroKernel<T> micro_kernel(int rows, int vectors) {
  constexpr auto kRows = std::make_integer_sequence<int, kTileRows>{};
  static constexpr std::array<MicroKernel<T>, kTileRows> kTable[kTileVectors] = {
      by_rows<T, 1>(kRows), by_rows<T, 2>(kRows)};
  return kTable[vectors - 1][static_cast<size_t>(rows - 1)];
}
template <class T>
StridedKernel<T> strided_kernel(int rows, int vectors) {
  constexpr auto kRows = std::make_integer_sequence<int, kTileRows>{};
  static constexpr std::array<StridedKernel<T>, kTileRows> kTable[kTileVectors] = {
      strided_by_rows<T, 1>(kRows), strided_by_rows<T, 2>(kRows)};
  return kTable[vectors - 1][static_cast<size_t>(rows - 1)];
}

template <class T>
const T* zero_row() {
  alignas(64) static constexpr T kZeros[kTileColumns<T>] = {};
  return kZeros;
}

template MicroKernel<float> micro_kernel<float>(int, int);
template MicroKernel<double> micro_kernel<double>(int, int);
template StridedKernel<float> strided_kernel<float>(int, int);
template StridedKernel<double> strided_kernel<double>(int, int);
template const float* zero_row<float>();
template const double* zero_row<double>();

}  // namespace reel::cpu::REEL_ISA
