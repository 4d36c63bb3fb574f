#include <reel/nn/models/checks.h>
#include <reel/nn/models/resnet.h>
#include <reel/tensor/ops.h>

namespace reel::nn::models {

namespace {

constexpr int64_t kExpansion = 4;  // of a Bottleneck

Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1) {
  Conv2d layer(Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
  init::kaiming_normal_(layer->weight, 0, kFanOut, kReLU);
  return layer;
}

/// What brings a block's input to the shape of its output; empty if that is its own.
Sequential projection(int64_t in, int64_t out, int64_t stride) {
  if (in == out && stride == 1) return nullptr;
  return Sequential(conv(in, out, 1, stride), BatchNorm2d(out));
}

template <class Block>
Sequential stage(int64_t& channels, int64_t width, int64_t depth, int64_t stride,
                 int64_t expansion) {
  Sequential blocks;
  for (int64_t i = 0; i < depth; ++i) {
    blocks->push_back(Block(channels, width, i == 0 ? stride : 1));
    channels = width * expansion;
  }
  return blocks;
}

}  // namespace

BasicBlockImpl::BasicBlockImpl(int64_t in, int64_t width, int64_t stride)
    : in(in), width(width), stride(stride) {
  BasicBlockImpl::reset();
}

void BasicBlockImpl::reset() {
  conv1 = register_module("conv1", conv(in, width, 3, stride));
  bn1 = register_module("bn1", BatchNorm2d(width));
  conv2 = register_module("conv2", conv(width, width, 3));
  bn2 = register_module("bn2", BatchNorm2d(width));
  downsample = projection(in, width, stride);
  if (downsample) register_module("downsample", downsample);
}

Tensor BasicBlockImpl::forward(const Tensor& input) {
  Tensor x = bn1->forward(conv1->forward(input)).relu_();
  x = bn2->forward(conv2->forward(x));
  return x.add_(downsample ? downsample->forward(input) : input).relu_();
}

BottleneckImpl::BottleneckImpl(int64_t in, int64_t width, int64_t stride)
    : in(in), width(width), stride(stride) {
  BottleneckImpl::reset();
}

void BottleneckImpl::reset() {
  const int64_t out = width * kExpansion;
  conv1 = register_module("conv1", conv(in, width, 1));
  bn1 = register_module("bn1", BatchNorm2d(width));
  conv2 = register_module("conv2", conv(width, width, 3, stride));
  bn2 = register_module("bn2", BatchNorm2d(width));
  conv3 = register_module("conv3", conv(width, out, 1));
  bn3 = register_module("bn3", BatchNorm2d(out));
  downsample = projection(in, out, stride);
  if (downsample) register_module("downsample", downsample);
}

Tensor BottleneckImpl::forward(const Tensor& input) {
  Tensor x = bn1->forward(conv1->forward(input)).relu_();
  x = bn2->forward(conv2->forward(x)).relu_();
  x = bn3->forward(conv3->forward(x));
  return x.add_(downsample ? downsample->forward(input) : input).relu_();
}

ResNetImpl::ResNetImpl(const ResNetOptions& options) : options(options) { ResNetImpl::reset(); }

void ResNetImpl::reset() {
  check_option("ResNet", "num_classes", options.num_classes());
  for (const int64_t depth : options.depths()) check_option("ResNet", "depths", depth);
  const bool basic = options.block() == ResNetBlock::Basic;
  conv1 = register_module("conv1", conv(3, 64, 7, 2));
  bn1 = register_module("bn1", BatchNorm2d(64));
  int64_t channels = 64;
  const auto add = [&](const char* name, size_t index) {
    const int64_t width = int64_t{64} << index, depth = options.depths()[index];
    const int64_t stride = index == 0 ? 1 : 2;
    return register_module(name,
                           basic ? stage<BasicBlock>(channels, width, depth, stride, 1)
                                 : stage<Bottleneck>(channels, width, depth, stride, kExpansion));
  };
  layer1 = add("layer1", 0);
  layer2 = add("layer2", 1);
  layer3 = add("layer3", 2);
  layer4 = add("layer4", 3);
  fc = register_module("fc", Linear(channels, options.num_classes()));
}

Tensor ResNetImpl::forward(const Tensor& input) {
  check_pictures("ResNet", input, 1);
  Tensor x = bn1->forward(conv1->forward(input)).relu_();
  x = max_pool2d(x, 3, 2, 1);
  for (Sequential* layer : {&layer1, &layer2, &layer3, &layer4}) x = (*layer)->forward(x);
  return fc->forward(adaptive_avg_pool2d(x, {1, 1}).flatten(1));
}

ResNet resnet18(int64_t num_classes) {
  return ResNet(
      ResNetOptions().block(ResNetBlock::Basic).depths({2, 2, 2, 2}).num_classes(num_classes));
}

ResNet resnet50(int64_t num_classes) { return ResNet(ResNetOptions().num_classes(num_classes)); }

}  // namespace reel::nn::models
