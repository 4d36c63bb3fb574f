#pragma once

#include <reel/nn/nn.h>
#include <reel/tensor/arg.h>

namespace reel::nn::models {

class AlexNetOptions {
  REEL_ARG(int64_t, num_classes) = 1000;
  /// Before the two hidden layers of the classifier, when training.
  REEL_ARG(double, dropout) = 0.5;
};

/// AlexNet on one column of convolutions (Krizhevsky, 2014, "One weird trick for parallelizing
/// convolutional neural networks"): [N, 3, H, W] of at least 63 x 63 pixels, made for 224 x 224, to
/// scores [N, num_classes]. Layers, names and starting values are torchvision's.
struct AlexNetImpl : Cloneable<AlexNetImpl> {
  explicit AlexNetImpl(const AlexNetOptions& options = {});
  void reset() override;
  Tensor forward(const Tensor& input);

  AlexNetOptions options;
  Sequential features{nullptr};
  Sequential classifier{nullptr};
};
REEL_MODULE(AlexNet);

}  // namespace reel::nn::models
