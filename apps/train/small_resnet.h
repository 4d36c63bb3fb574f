#pragma once

#include <reel/nn/models/resnet.h>

namespace train {

/// A residual network for small pictures of one channel, after the one of He et al. for CIFAR-10:
/// a 3x3 convolution and three blocks of 16, 32 and 64 channels, eight layers in all: [N, 1, H, W]
/// to scores [N, classes].
struct SmallResNetImpl : reel::nn::Cloneable<SmallResNetImpl> {
  explicit SmallResNetImpl(int64_t classes = 10) : classes(classes) { SmallResNetImpl::reset(); }
  void reset() override {
    using namespace reel::nn;
    conv = register_module("conv", Conv2d(Conv2dOptions(1, 16, 3).padding(1).bias(false)));
    bn = register_module("bn", BatchNorm2d(16));
    block1 = register_module("block1", models::BasicBlock(16, 16, 1));
    block2 = register_module("block2", models::BasicBlock(16, 32, 2));
    block3 = register_module("block3", models::BasicBlock(32, 64, 2));
    fc = register_module("fc", Linear(64, classes));
  }
  reel::Tensor forward(const reel::Tensor& input) {
    reel::Tensor x = bn->forward(conv->forward(input)).relu_();
    x = block3->forward(block2->forward(block1->forward(x)));
    return fc->forward(adaptive_avg_pool2d(x, {1, 1}).flatten(1));
  }

  int64_t classes;
  reel::nn::Conv2d conv{nullptr};
  reel::nn::BatchNorm2d bn{nullptr};
  reel::nn::models::BasicBlock block1{nullptr}, block2{nullptr}, block3{nullptr};
  reel::nn::Linear fc{nullptr};
};
REEL_MODULE(SmallResNet);

}  // namespace train
