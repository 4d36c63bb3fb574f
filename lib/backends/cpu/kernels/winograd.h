#pragma once

#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/winograd_transforms.h>

// 3x3 convolution by Winograd's F(4x4, 3x3) or F(6x6, 3x3). With U, V, M the transformed weights,
// inputs and outputs, M[t] = V[t] U[t] for each of the P = 36 or 64 positions t of a transformed
// tile:
//
//   U [O / part][P][part / 2L][C][2L]     panels of B, for parts of the outputs
//   V [P][C / D][tiles / R][D / L][R][L]  panels of A, in the order by_vector; D is kBlockDepth
//   M [P][part / 2L][tiles][2L]

namespace reel::cpu::REEL_ISA {

/// A convolution, or an input gradient as the convolution that it is. Activations are dense and
/// channels-last.
struct WinogradCall {
  int64_t images, in_height, in_width, in_channels;
  int64_t out_height, out_width, out_channels;
  std::array<int64_t, 2> padding;
  Weight<float> weight;
  bool input_grad;
  const float* x;
  const float* bias;
  float* y;
  Gate<float> gate;   ///< of x, if that is a gradient
  Epilogue epilogue;  ///< of y
};

/// The same in tiles of kOutputs x kOutputs.
template <int kOutputs>
struct Winograd : WinogradCall, WinogradTile<kOutputs> {
  TileGrid grid() const { return {images, out_height, out_width, kOutputs}; }
  int64_t in_padded() const { return padded_columns<float>(in_channels); }
  // Of the block of V's depth that begins with channel k.
  int64_t v_depth(int64_t k) const { return std::min(kBlockDepth, in_padded() - k); }
  int64_t out_padded() const { return padded_columns<float>(out_channels); }
  // Outputs that are multiplied at a time, so that their M is small.
  int64_t part() const { return std::min<int64_t>(4 * kTileColumns<float>, out_padded()); }
  int64_t u_stride() const { return position_stride(part() * in_channels); }
  int64_t u_part_size() const { return Winograd::kPositions * u_stride(); }
  size_t u_bytes() const {
    return sizeof(float) *
           static_cast<size_t>((out_channels + part() - 1) / part() * u_part_size());
  }
  // The part of U that begins with output n.
  template <class T>
  T* part_of(T* u, int64_t n) const {
    return u + n / part() * u_part_size();
  }
};

/// taps [count][9][width] of the panel of outputs from n on, for input channels from `channel` on.
template <int kOut>
void gather_taps(const Winograd<kOut>& conv, int64_t channel, int64_t count, int64_t n,
                 float* taps);

/// Row `row` of the positions of U for these: u[column * stride] is [count][width].
template <int kOut>
void transform_taps(const Winograd<kOut>& conv, const float* taps, int64_t count, int width,
                    int64_t row, float* u, int64_t stride);

/// U of the outputs [begin, end), which begin with a part, part by part. On all threads.
template <int kOut>
void transform_weights(const Winograd<kOut>& conv, int64_t begin, int64_t end, float* u);

/// V of `count` tiles from `first` + `row` on, number `row` and on of the `tiles` in v.
template <int kOut>
void transform_inputs(const Winograd<kOut>& conv, int64_t first, int64_t row, int64_t count,
                      float* v, int64_t tiles, int64_t stride);

/// Fetches what transform_inputs will read of line `line` of a tile and no tile before it has read.
template <int kOut>
void fetch_inputs(const Winograd<kOut>& conv, int64_t tile, int64_t line);

/// The results of `count` tiles from `first` + `row` on, number `row` and on of the `tiles` in m:
/// channels [begin, end), whole panels.
template <int kOut>
void transform_outputs(const Winograd<kOut>& conv, int64_t first, int64_t row, int64_t count,
                       const float* m, int64_t tiles, int64_t stride, int64_t begin, int64_t end);

/// Fetches what transform_outputs will write of line `line` of a tile.
template <int kOut>
void fetch_outputs(const Winograd<kOut>& conv, int64_t tile, int64_t line, int64_t begin,
                   int64_t end);

}  // namespace reel::cpu::REEL_ISA
