#pragma once

// Implicit GEMM: the rows of A are output pixels, its columns (tap, channel) of their windows. A is
// never stored. An input gradient is the same with other taps; a strided one falls into one such
// problem for each residue of the pixel's position modulo the stride.

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <reel/backends/cpu/kernels/conv.h>

namespace reel::cpu::REEL_ISA {

/// A pixel of the window, relative to where the window of output (0, 0) starts, and which weight
/// belongs to it.
struct Tap {
  int64_t row, column;                // offset in the input
  int64_t kernel_row, kernel_column;  // in the weight
};

/// y[n, i * out_stride + out_origin] = bias + sum over taps x[n, i * in_stride + tap] weight[tap]
struct TapProblem {
  std::vector<Tap> taps;
  int64_t images, groups;
  int64_t in_height, in_width, in_channels;  // channels of a group
  int64_t rows, columns;                     // positions i computed in each image
  std::array<int64_t, 2> in_stride{1, 1};
  int64_t out_height, out_width, out_channels;  // channels of a group
  std::array<int64_t, 2> out_stride{1, 1}, out_origin{0, 0};

  int64_t in_pixel() const { return groups * in_channels; }
  int64_t out_pixel() const { return groups * out_channels; }
  int64_t positions() const { return images * rows * columns; }
  int64_t depth() const { return static_cast<int64_t>(taps.size()) * in_channels; }
  bool writes_every_pixel() const {
    return out_stride == std::array<int64_t, 2>{1, 1} && rows == out_height && columns == out_width;
  }
  // Row m of A is pixel m of the image: 1x1 convolutions.
  bool reads_every_pixel() const {
    return taps.size() == 1 && taps[0].row == 0 && taps[0].column == 0 && rows == in_height &&
           columns == in_width && in_stride == std::array<int64_t, 2>{1, 1};
  }
};

/// The problem solved by tiles of pixels anywhere, whose windows are packed (conv_windows_packed),
/// or by lines, whose windows are read where they lie (conv_windows_in_place). `packed` is B.
template <class T>
void solve_packed(const TapProblem& problem, const T* x, const T* packed, const T* bias, T* y,
                  bool with_relu);
template <class T>
void solve_in_place(const TapProblem& problem, const T* x, const T* packed, const T* bias, T* y,
                    bool with_relu);

/// The gradient of the weight of a forward problem: windows packed, windows of few channels in
/// place, or windows of many channels in a copy of x by blocks of channels (conv_weight_grad).
template <class T>
void weight_grad_packed(const TapProblem& problem, const T* g, const T* x, const View& dweight);
template <class T>
void weight_grad_in_place(const TapProblem& problem, const T* g, const T* x, const View& dweight);
template <class T>
void weight_grad_by_channels(const TapProblem& problem, const T* g, const T* x,
                             const View& dweight);

/// dweight = what sums [tap, channel][outputs] of each group, a step from those of the next one,
/// add up to.
template <class T>
void add_slices(const TapProblem& problem, const Slices& slices, int64_t group_step, const T* sums,
                const View& dweight);

/// Copies a short run; writes up to a vector beyond its end.
template <class T>
inline void copy_run(const T* from, int64_t count, T* to) {
#ifdef __AVX512VL__
  for (int64_t i = 0; i < count; i += kLanes<T>) {
    store(to + i, load_n(from + i, static_cast<int>(std::min<int64_t>(count - i, kLanes<T>))));
  }
#else
  std::memcpy(to, from, sizeof(T) * static_cast<size_t>(count));
#endif
}

/// What a relu makes of values.
template <class T>
inline void relu(T* values, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes<T>) {
    const int lanes = static_cast<int>(std::min<int64_t>(count - i, kLanes<T>));
    const Vec<T> v = load_n(values + i, lanes), zero = broadcast(T(0));
    store_n(values + i, select(v < zero, zero, v), lanes);
  }
}

/// Few pixels and many channels (the last layers of a classifier) are cut along the channels.
template <class T>
inline int64_t columns_of_tile(const TapProblem& problem, int64_t pieces) {
  if (pieces * problem.groups >= kEnoughTasks) return problem.out_channels;
  const int64_t parts = kEnoughTasks / (pieces * problem.groups);
  const int64_t even = (problem.out_channels + parts - 1) / parts;
  constexpr int64_t kStep = 2 * kTileColumns<T>;
  return (even + kStep - 1) / kStep * kStep;
}

}  // namespace reel::cpu::REEL_ISA
