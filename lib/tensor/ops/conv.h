#pragma once

#include <array>

#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// Geometry of a 2-d convolution; pairs are (height, width).
struct ConvAttrs {
  std::array<int64_t, 2> stride{1, 1};
  std::array<int64_t, 2> padding{0, 0};
  std::array<int64_t, 2> dilation{1, 1};
  int64_t groups = 1;
};

/// (Ho, Wo) of a convolution of a picture of (H, W); errors if the kernel is larger than that with
/// its padding.
std::array<int64_t, 2> conv_output_size(const char* op, const ConvAttrs& attrs,
                                        const std::array<int64_t, 2>& input,
                                        const std::array<int64_t, 2>& kernel);

/// y [N, O, Ho, Wo] from x [N, C, H, W], weight [O, C/groups, Kh, Kw] and an optional bias [O].
struct Conv2d : ConvAttrs {
  static constexpr const char* name = "conv2d";
  static constexpr Reads reads{/*x*/ in(1), /*weight*/ in(0), /*bias*/ 0};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// dx [N, C, H, W] from g [N, O, Ho, Wo] and weight; also the transposed convolution.
struct Conv2dInputGrad : ConvAttrs {
  static constexpr const char* name = "conv2d_input_grad";
  static constexpr Reads reads{/*g*/ in(1), /*weight*/ in(0)};
  std::array<int64_t, 2> input_size{};  ///< (H, W) of x
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// dweight [O, C/groups, Kh, Kw] from g [N, O, Ho, Wo] and x [N, C, H, W].
struct Conv2dWeightGrad : ConvAttrs {
  static constexpr const char* name = "conv2d_weight_grad";
  static constexpr Reads reads{/*g*/ in(1), /*x*/ in(0)};
  std::array<int64_t, 2> kernel_size{};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

}  // namespace reel::ops
