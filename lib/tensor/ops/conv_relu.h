#pragma once

#include <reel/tensor/ops/conv.h>

// A convolution and what follows it in most networks, as one op that meets memory once. Backends
// without kernels for them compose the parts.

namespace reel::ops {

/// relu(conv2d(x, weight, bias)).
struct Conv2dRelu : ConvAttrs {
  static constexpr const char* name = "conv2d_relu";
  static constexpr Reads reads{/*x*/ in(1) | out(), /*weight*/ in(0) | out(), /*bias*/ out()};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// (values, winners): max_pool2d(relu(conv2d(x, weight, bias)), 2). A winner (Byte) is the number
/// of the value in its window, row by row; kNoWinner where all four are at most 0.
struct Conv2dReluPool : ConvAttrs {
  static constexpr const char* name = "conv2d_relu_max_pool2d";
  static constexpr int outputs = 2;
  static constexpr uint8_t kNoWinner = 4;
  static constexpr Reads reads{/*x*/ in(1) | out(1), /*weight*/ in(0) | out(1), /*bias*/ out(1)};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// dx of Conv2dRelu from g, the weight and the result.
struct Conv2dReluInputGrad : ConvAttrs {
  static constexpr const char* name = "conv2d_relu_input_grad";
  static constexpr Reads reads{/*g*/ in(1) | in(2), /*weight*/ in(0) | in(2), 0};
  std::array<int64_t, 2> input_size{};  ///< (H, W) of x
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// dx of Conv2dReluPool from g, the weight and the winners.
struct Conv2dReluPoolInputGrad : ConvAttrs {
  static constexpr const char* name = "conv2d_relu_max_pool2d_input_grad";
  static constexpr Reads reads{/*g*/ in(1) | in(2), /*weight*/ in(0) | in(2), 0};
  std::array<int64_t, 2> input_size{};  ///< (H, W) of x
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

}  // namespace reel::ops
