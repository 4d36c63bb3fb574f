#pragma once

#include <reel/nn/nn.h>
#include <reel/tensor/arg.h>

namespace reel::nn::models {

class VGG19Options {
  REEL_ARG(int64_t, num_classes) = 1000;
  /// After the two hidden layers of the classifier, when training.
  REEL_ARG(double, dropout) = 0.5;
};

/// VGG-19 with its classifier (Simonyan and Zisserman, 2014): [N, 3, H, W] of at least 32 x 32
/// pixels, made for 224 x 224, to scores [N, num_classes]. Layers, names and starting values are
/// torchvision's. For its activations take VGG19Features, whose layers bear the paper's names.
struct VGG19Impl : Cloneable<VGG19Impl> {
  explicit VGG19Impl(const VGG19Options& options = {});
  void reset() override;
  Tensor forward(const Tensor& input);

  VGG19Options options;
  Sequential features{nullptr};
  Sequential classifier{nullptr};
};
REEL_MODULE(VGG19);

}  // namespace reel::nn::models
