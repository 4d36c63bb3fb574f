#include <reel/nn/models/lenet.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::nn::models {

LeNetImpl::LeNetImpl(int64_t classes) : classes(classes) { LeNetImpl::reset(); }

void LeNetImpl::reset() {
  conv1 = register_module("conv1", Conv2d(Conv2dOptions(1, 6, 5).padding(2)));
  conv2 = register_module("conv2", Conv2d(6, 16, 5));
  fc1 = register_module("fc1", Linear(16 * 5 * 5, 120));
  fc2 = register_module("fc2", Linear(120, 84));
  fc3 = register_module("fc3", Linear(84, classes));
}

Tensor LeNetImpl::forward(const Tensor& input) {
  if (input.dim() != 4 || !(input.sizes().slice(1, 3) == IntArrayRef({1, 28, 28}))) {
    fail("LeNet: the input expects [N, 1, 28, 28], got {}", input.sizes());
  }
  Tensor x = max_pool2d(relu(conv1->forward(input)), 2);
  x = max_pool2d(relu(conv2->forward(x)), 2);
  x = relu(fc1->forward(x.flatten(1)));
  x = relu(fc2->forward(x));
  return fc3->forward(x);
}

}  // namespace reel::nn::models
