#pragma once

#include <reel/tensor/ops/conv.h>

// Products of integers of fixed point, Char or Short: exact sums, times 2^shift, as Float.

namespace reel::ops {

/// y, Char (bits = 8) or Short (16), = clamp(round(x / 2^shift)) of x, Float.
struct QuantizeFixed {
  static constexpr const char* name = "quantize_fixed";
  int64_t bits = 8, shift = 0;
  /// The largest number either way.
  int64_t limit() const { return (int64_t{1} << (bits - 1)) - 1; }
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

/// c [M, N] = a [M, K] b [K, N] * 2^shift + an optional bias [N].
struct FixedMm {
  static constexpr const char* name = "fixed_mm";
  int64_t shift = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

/// As Conv2d and its gradients: of x and weight with an optional bias, g and weight, g and x.
struct FixedConv2d : ConvAttrs {
  static constexpr const char* name = "fixed_conv2d";
  int64_t shift = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};
struct FixedConv2dInputGrad : ConvAttrs {
  static constexpr const char* name = "fixed_conv2d_input_grad";
  std::array<int64_t, 2> input_size{};  ///< (H, W) of x
  int64_t shift = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};
struct FixedConv2dWeightGrad : ConvAttrs {
  static constexpr const char* name = "fixed_conv2d_weight_grad";
  std::array<int64_t, 2> kernel_size{};
  int64_t shift = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

}  // namespace reel::ops
