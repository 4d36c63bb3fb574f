#pragma once

#include <reel/nn/modules/conv.h>
#include <reel/nn/modules/linear.h>

namespace reel::nn::models {

/// LeNet-5 (LeCun et al., 1998) for 28x28 pictures of one channel, with ReLU and max pooling:
/// [N, 1, 28, 28] to scores [N, classes].
struct LeNetImpl : Cloneable<LeNetImpl> {
  explicit LeNetImpl(int64_t classes = 10);
  void reset() override;
  Tensor forward(const Tensor& input);

  int64_t classes;
  Conv2d conv1{nullptr};
  Conv2d conv2{nullptr};
  Linear fc1{nullptr};
  Linear fc2{nullptr};
  Linear fc3{nullptr};
};
REEL_MODULE(LeNet);

}  // namespace reel::nn::models
