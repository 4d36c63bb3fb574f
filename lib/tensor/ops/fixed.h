#pragma once

#include <reel/tensor/ops/conv.h>

// Products of integers of fixed point, Char or Short: exact sums, times 2^shift, as Float. An
// operand that is Float is quantised first, so that kernels may do it as they read.

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

/// The least shift with which integers of so many bits hold numbers up to `largest` > 0:
/// ceil(log2(largest / (2^(bits-1) - 1))).
int64_t fixed_shift(double largest, int64_t bits);
/// The shifts of which 2^shift and its inverse are normal numbers of Float: those up to this.
inline constexpr int64_t kMostShift = 126;

/// y [3] = max |x|, mean |x|, and mean |x^| of x^, x of fixed point (8 or 16 bits) with the shift
/// of its largest. x is Float and not empty. If the largest is not finite, or is 0, the third says
/// nothing.
struct FixedStatistics {
  static constexpr const char* name = "fixed_statistics";
  int64_t bits = 8;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

/// What an operand that is Float becomes.
struct FixedFormat {
  int64_t bits = 8, shift = 0;
};
/// Of two operands; `shift` is the sum of theirs.
struct FixedProduct {
  int64_t shift = 0;
  FixedFormat first = {}, second = {};
};

/// c [M, N] = a [M, K] b [K, N] * 2^shift + an optional bias [N].
struct FixedMm : FixedProduct {
  static constexpr const char* name = "fixed_mm";
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

/// As Conv2d and its gradients: of x and weight with an optional bias, g and weight, g and x.
struct FixedConv2d : ConvAttrs, FixedProduct {
  static constexpr const char* name = "fixed_conv2d";
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};
struct FixedConv2dInputGrad : ConvAttrs, FixedProduct {
  static constexpr const char* name = "fixed_conv2d_input_grad";
  std::array<int64_t, 2> input_size{};  ///< (H, W) of x
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};
struct FixedConv2dWeightGrad : ConvAttrs, FixedProduct {
  static constexpr const char* name = "fixed_conv2d_weight_grad";
  std::array<int64_t, 2> kernel_size{};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

}  // namespace reel::ops
