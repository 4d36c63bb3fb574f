#include <algorithm>
#include <cmath>

#include <reel/nn/models/checks.h>
#include <reel/nn/models/mobilenet.h>
#include <reel/tensor/ops.h>

namespace reel::nn::models {

namespace {

/// The multiple of 8 next to `value`, but not less than 90 % of it.
int64_t channels_of(double value) {
  const int64_t near = std::max<int64_t>(8, static_cast<int64_t>(value + 4) / 8 * 8);
  return static_cast<double>(near) < 0.9 * value ? near + 8 : near;
}

Conv2d initialised(Conv2d conv) {
  init::kaiming_normal_(conv->weight, 0, kFanOut);
  return conv;
}

ConvNormReLU6 pointwise(int64_t in, int64_t out) {
  return ConvNormReLU6(Conv2dOptions(in, out, 1));
}

}  // namespace

ConvNormReLU6Impl::ConvNormReLU6Impl(const Conv2dOptions& options) : options(options) {
  ConvNormReLU6Impl::reset();
}

void ConvNormReLU6Impl::reset() {
  const int64_t padding = (*options.kernel_size())[0] / 2;
  conv = register_module("0",
                         initialised(Conv2d(Conv2dOptions(options).padding(padding).bias(false))));
  norm = register_module("1", BatchNorm2d(options.out_channels()));
}

Tensor ConvNormReLU6Impl::forward(const Tensor& input) {
  Tensor x = norm->forward(conv->forward(input));
  return relu6_(x);
}

InvertedResidualImpl::InvertedResidualImpl(int64_t in, int64_t out, int64_t stride, int64_t expand)
    : in(in), out(out), stride(stride), expand(expand) {
  InvertedResidualImpl::reset();
}

void InvertedResidualImpl::reset() {
  const int64_t inside = in * expand;
  conv = register_module("conv", Sequential());
  if (expand != 1) conv->push_back(pointwise(in, inside));
  conv->push_back(ConvNormReLU6(Conv2dOptions(inside, inside, 3).stride(stride).groups(inside)));
  conv->push_back(initialised(Conv2d(Conv2dOptions(inside, out, 1).bias(false))));
  conv->push_back(BatchNorm2d(out));
}

Tensor InvertedResidualImpl::forward(const Tensor& input) {
  Tensor x = conv->forward(input);
  return in == out && stride == 1 ? x.add_(input) : x;
}

MobileNetV2Impl::MobileNetV2Impl(const MobileNetV2Options& options) : options(options) {
  MobileNetV2Impl::reset();
}

void MobileNetV2Impl::reset() {
  struct Stage {
    int64_t expand, width, depth, stride;
  };
  check_option("MobileNetV2", "num_classes", options.num_classes());
  const double factor = options.width_mult();
  if (!(factor > 0)) fail("MobileNetV2: width_mult expects a positive number, got {}", factor);
  int64_t channels = channels_of(32 * factor);
  features = register_module("features", Sequential());
  features->push_back(ConvNormReLU6(Conv2dOptions(3, channels, 3).stride(2)));
  for (const Stage stage : {Stage{1, 16, 1, 1},
                            {6, 24, 2, 2},
                            {6, 32, 3, 2},
                            {6, 64, 4, 2},
                            {6, 96, 3, 1},
                            {6, 160, 3, 2},
                            {6, 320, 1, 1}}) {
    const int64_t width = channels_of(static_cast<double>(stage.width) * factor);
    for (int64_t i = 0; i < stage.depth; ++i) {
      features->push_back(
          InvertedResidual(channels, width, i == 0 ? stage.stride : 1, stage.expand));
      channels = width;
    }
  }
  const int64_t last = channels_of(1280 * std::max(1.0, factor));
  features->push_back(pointwise(channels, last));
  Linear scores(last, options.num_classes());
  init::normal_(scores->weight, 0, 0.01);
  init::zeros_(scores->bias);
  classifier = register_module("classifier", Sequential(Dropout(options.dropout()), scores));
}

Tensor MobileNetV2Impl::forward(const Tensor& input) {
  check_pictures("MobileNetV2", input, 1);
  const Tensor x = features->forward(input);
  return classifier->forward(adaptive_avg_pool2d(x, {1, 1}).flatten(1));
}

}  // namespace reel::nn::models
