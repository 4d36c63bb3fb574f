#pragma once

#include <array>

#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// Geometry of 2-d pooling; pairs are (height, width).
struct PoolAttrs {
  std::array<int64_t, 2> kernel_size{};
  std::array<int64_t, 2> stride{};
  std::array<int64_t, 2> padding{0, 0};
  std::array<int64_t, 2> dilation{1, 1};
  bool ceil_mode = false;
};

/// (values, indices) from x [N, C, H, W]. Indices are int64 positions h * W + w in the plane of x;
/// the first of equal maxima wins and NaN wins over all, as in PyTorch.
struct MaxPool2d : PoolAttrs {
  static constexpr const char* name = "max_pool2d";
  static constexpr int outputs = 2;
  static constexpr Reads reads{out(1)};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// dx [N, C, H, W] from g and the indices of MaxPool2d.
struct MaxPool2dGrad : PoolAttrs {
  static constexpr const char* name = "max_pool2d_grad";
  static constexpr Reads reads{/*g*/ in(1), 0};
  std::array<int64_t, 2> input_size{};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// Mean over windows of x [N, C, H, W]; padding counts as zeros if count_include_pad.
struct AvgPool2d : PoolAttrs {
  static constexpr const char* name = "avg_pool2d";
  static constexpr Reads reads{0};
  bool count_include_pad = true;
  int64_t divisor_override = 0;  ///< 0: the window's size
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// dx [N, C, H, W] from g: each value spread over its window.
struct AvgPool2dGrad : PoolAttrs {
  static constexpr const char* name = "avg_pool2d_grad";
  static constexpr Reads reads{0};
  bool count_include_pad = true;
  int64_t divisor_override = 0;
  std::array<int64_t, 2> input_size{};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

}  // namespace reel::ops
