#pragma once

#include <cstdint>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

// Minimal filtering along one axis (Winograd, 1980, "Arithmetic complexity of computations"):
// `outputs` results of a filter of `taps` from `positions` inputs by as many multiplications, of
// the values of polynomials at some points and at infinity: y = A' [(G w) * (B' x)].

namespace reel::cpu::REEL_ISA {

/// Which pixels of a tile, `stride` elements apart, are in the map: [begin, end). The others are
/// zeros.
struct LineTile {
  int64_t stride;
  int begin, end;
};

/// All transforms are of some channels at a time; transformed, the positions are
/// [position][channel].
struct LineFilter {
  int taps, outputs, positions;
  /// Of a weight's gradient: the error of one sum grows with the root of its length.
  int64_t longest_sum;
  /// v = B' x. Equal inputs give exact zeros at all positions but one, and so equal outputs, as in
  /// a direct convolution.
  void (*transform_input)(const float* x, const LineTile& tile, int64_t channels, float* v);
  /// y = A' m + bias.
  void (*transform_output)(const float* m, int64_t channels, const float* bias, bool relu, float* y,
                           const LineTile& tile);
  /// m = A g.
  void (*transform_output_grad)(const float* g, const LineTile& tile, int64_t channels, float* m);
  /// u = G w of some outputs: taps a stride apart, positions a step.
  void (*transform_weight)(const float* w, int64_t stride, int64_t output_stride, int64_t outputs,
                           int64_t step, float* u);
  /// dw = G' u.
  void (*transform_weight_grad)(const float* u, int64_t step, int64_t channels, float* dw,
                                int64_t channel_stride, int64_t stride);
};

/// Of 5 or 7 taps; else nullptr.
const LineFilter* line_filter(int64_t taps);

}  // namespace reel::cpu::REEL_ISA
