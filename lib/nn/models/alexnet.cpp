#include <reel/nn/models/alexnet.h>
#include <reel/nn/models/checks.h>
#include <reel/tensor/ops.h>

namespace reel::nn::models {

AlexNetImpl::AlexNetImpl(const AlexNetOptions& options) : options(options) { AlexNetImpl::reset(); }

void AlexNetImpl::reset() {
  check_option("AlexNet", "num_classes", options.num_classes());
  const auto conv = [](int64_t in, int64_t out, int64_t kernel, int64_t padding) {
    return Conv2d(Conv2dOptions(in, out, kernel).padding(padding));
  };
  const MaxPool2dOptions pool = MaxPool2dOptions(3).stride(2);
  features = register_module(
      "features", Sequential(Conv2d(Conv2dOptions(3, 64, 11).stride(4).padding(2)), ReLU(true),
                             MaxPool2d(pool), conv(64, 192, 5, 2), ReLU(true), MaxPool2d(pool),
                             conv(192, 384, 3, 1), ReLU(true), conv(384, 256, 3, 1), ReLU(true),
                             conv(256, 256, 3, 1), ReLU(true), MaxPool2d(pool)));
  classifier = register_module(
      "classifier", Sequential(Dropout(options.dropout()), Linear(256 * 6 * 6, 4096), ReLU(true),
                               Dropout(options.dropout()), Linear(4096, 4096), ReLU(true),
                               Linear(4096, options.num_classes())));
}

Tensor AlexNetImpl::forward(const Tensor& input) {
  check_pictures("AlexNet", input, 63);
  return classifier->forward(adaptive_avg_pool2d(features->forward(input), {6, 6}).flatten(1));
}

}  // namespace reel::nn::models
