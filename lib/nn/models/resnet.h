#pragma once

#include <array>

#include <reel/nn/nn.h>
#include <reel/tensor/arg.h>

namespace reel::nn::models {

/// What a residual block adds up: two convolutions of 3x3, or one between two of 1x1 that narrow
/// and widen to four times its width.
enum class ResNetBlock { Basic, Bottleneck };

/// Blocks of each of the four stages.
using ResNetDepths = std::array<int64_t, 4>;

/// ResNet-50 unless set otherwise.
class ResNetOptions {
  REEL_ARG(ResNetBlock, block) = ResNetBlock::Bottleneck;
  REEL_ARG(ResNetDepths, depths) = {3, 4, 6, 3};
  REEL_ARG(int64_t, num_classes) = 1000;
};

/// relu(x' + F(x)) with F = 3x3, 3x3 convolutions, each normalised, and x' = x, projected by a
/// convolution of 1x1 where F changes the shape: [N, in, H, W] to [N, width, H/stride, W/stride].
struct BasicBlockImpl : Cloneable<BasicBlockImpl> {
  BasicBlockImpl(int64_t in, int64_t width, int64_t stride);
  void reset() override;
  Tensor forward(const Tensor& input);

  int64_t in, width, stride;
  Conv2d conv1{nullptr}, conv2{nullptr};
  BatchNorm2d bn1{nullptr}, bn2{nullptr};
  Sequential downsample{nullptr};  ///< empty where the input keeps its shape
};
REEL_MODULE(BasicBlock);

/// The same with F = 1x1, 3x3, 1x1 convolutions, to [N, 4 * width, H/stride, W/stride]. The stride
/// is the 3x3's, as in torchvision, which is more accurate than the paper's.
struct BottleneckImpl : Cloneable<BottleneckImpl> {
  BottleneckImpl(int64_t in, int64_t width, int64_t stride);
  void reset() override;
  Tensor forward(const Tensor& input);

  int64_t in, width, stride;
  Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  BatchNorm2d bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  Sequential downsample{nullptr};  ///< empty where the input keeps its shape
};
REEL_MODULE(Bottleneck);

/// Residual networks (He et al., 2015): [N, 3, H, W], made for 224 x 224, to scores
/// [N, num_classes]. Layers, names and starting values are torchvision's.
struct ResNetImpl : Cloneable<ResNetImpl> {
  explicit ResNetImpl(const ResNetOptions& options = {});
  void reset() override;
  Tensor forward(const Tensor& input);

  ResNetOptions options;
  Conv2d conv1{nullptr};
  BatchNorm2d bn1{nullptr};
  Sequential layer1{nullptr}, layer2{nullptr}, layer3{nullptr}, layer4{nullptr};
  Linear fc{nullptr};
};
REEL_MODULE(ResNet);

ResNet resnet18(int64_t num_classes = 1000);
ResNet resnet50(int64_t num_classes = 1000);

}  // namespace reel::nn::models
