#pragma once

#include <reel/nn/nn.h>
#include <reel/tensor/arg.h>

namespace reel::nn::models {

class MobileNetV2Options {
  REEL_ARG(int64_t, num_classes) = 1000;
  /// Scales the channels of every layer, to multiples of 8.
  REEL_ARG(double, width_mult) = 1.0;
  /// Before the classifier, when training.
  REEL_ARG(double, dropout) = 0.2;
};

/// A convolution that keeps the size of its input, up to its stride, batch normalisation and ReLU6.
struct ConvNormReLU6Impl : Cloneable<ConvNormReLU6Impl> {
  explicit ConvNormReLU6Impl(const Conv2dOptions& options);
  void reset() override;
  Tensor forward(const Tensor& input);

  Conv2dOptions options;
  Conv2d conv{nullptr};       ///< named "0", as in torchvision's sequence of layers
  BatchNorm2d norm{nullptr};  ///< named "1"
};
REEL_MODULE(ConvNormReLU6);

/// A 1x1 convolution to `expand` times the channels, a 3x3 one of each channel and a linear 1x1 one
/// to few; the input is added where it has the output's shape.
struct InvertedResidualImpl : Cloneable<InvertedResidualImpl> {
  InvertedResidualImpl(int64_t in, int64_t out, int64_t stride, int64_t expand);
  void reset() override;
  Tensor forward(const Tensor& input);

  int64_t in, out, stride, expand;
  Sequential conv{nullptr};
};
REEL_MODULE(InvertedResidual);

/// MobileNetV2 (Sandler et al., 2018): [N, 3, H, W], made for 224 x 224, to scores
/// [N, num_classes]. Layers, names and starting values are torchvision's.
struct MobileNetV2Impl : Cloneable<MobileNetV2Impl> {
  explicit MobileNetV2Impl(const MobileNetV2Options& options = {});
  void reset() override;
  Tensor forward(const Tensor& input);

  MobileNetV2Options options;
  Sequential features{nullptr};
  Sequential classifier{nullptr};
};
REEL_MODULE(MobileNetV2);

}  // namespace reel::nn::models
