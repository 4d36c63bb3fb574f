#include <ostream>

#include <reel/nn/modules/pooling.h>
#include <reel/tensor/check.h>

namespace reel::nn {

Tensor MaxPool2dImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return functional::max_pool2d(input, options);
}

void MaxPool2dImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format(
      "reel::nn::MaxPool2d(kernel_size={}, stride={}, padding={}, dilation={}, ceil_mode={})",
      IntArrayRef(options.kernel_size()), IntArrayRef(options.stride()),
      IntArrayRef(options.padding()), IntArrayRef(options.dilation()), options.ceil_mode());
}

Tensor AvgPool2dImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return functional::avg_pool2d(input, options);
}

void AvgPool2dImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::AvgPool2d(kernel_size={}, stride={}, padding={})",
                        IntArrayRef(options.kernel_size()), IntArrayRef(options.stride()),
                        IntArrayRef(options.padding()));
}

Tensor AdaptiveAvgPool2dImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return functional::adaptive_avg_pool2d(input, options);
}

void AdaptiveAvgPool2dImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::AdaptiveAvgPool2d(output_size={})",
                        IntArrayRef(options.output_size()));
}

}  // namespace reel::nn
