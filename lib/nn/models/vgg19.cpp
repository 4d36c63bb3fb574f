#include <reel/nn/models/checks.h>
#include <reel/nn/models/vgg19.h>
#include <reel/tensor/ops.h>

namespace reel::nn::models {

VGG19Impl::VGG19Impl(const VGG19Options& options) : options(options) { VGG19Impl::reset(); }

void VGG19Impl::reset() {
  struct Block {
    int64_t width;
    int convolutions;
  };
  check_option("VGG19", "num_classes", options.num_classes());
  features = register_module("features", Sequential());
  int64_t channels = 3;
  for (const Block block : {Block{64, 2}, {128, 2}, {256, 4}, {512, 4}, {512, 4}}) {
    for (int i = 0; i < block.convolutions; ++i) {
      Conv2d conv(Conv2dOptions(channels, block.width, 3).padding(1));
      init::kaiming_normal_(conv->weight, 0, kFanOut, kReLU);
      init::zeros_(conv->bias);
      features->push_back(conv);
      features->push_back(ReLU(true));
      channels = block.width;
    }
    features->push_back(MaxPool2d(2));
  }
  const auto linear = [](int64_t in, int64_t out) {
    Linear layer(in, out);
    init::normal_(layer->weight, 0, 0.01);
    init::zeros_(layer->bias);
    return layer;
  };
  classifier = register_module(
      "classifier", Sequential(linear(512 * 7 * 7, 4096), ReLU(true), Dropout(options.dropout()),
                               linear(4096, 4096), ReLU(true), Dropout(options.dropout()),
                               linear(4096, options.num_classes())));
}

Tensor VGG19Impl::forward(const Tensor& input) {
  check_pictures("VGG19", input, 32);
  return classifier->forward(adaptive_avg_pool2d(features->forward(input), {7, 7}).flatten(1));
}

}  // namespace reel::nn::models
