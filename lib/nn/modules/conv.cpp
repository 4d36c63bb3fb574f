#include <cmath>
#include <ostream>

#include <reel/nn/init.h>
#include <reel/nn/modules/conv.h>
#include <reel/tensor/check.h>

namespace reel::nn {

namespace functional {

Tensor conv2d(const Tensor& input, const Tensor& weight, const Conv2dFuncOptions& options) {
  if (!options.padding().is_same()) {
    return reel::conv2d(input, weight, options.bias(), options.stride(),
                        options.padding().amounts(), options.dilation(), options.groups());
  }
  if (!(options.stride() == ExpandingArray<2>(1))) {
    fail("padding='same' is not supported for strided convolutions (stride {})",
         IntArrayRef(options.stride()));
  }
  if (weight.dim() != 4) fail("conv2d: weight expects 4 dimensions, got {}", weight.sizes());
  const int64_t rows = options.dilation()[0] * (weight.size(2) - 1);
  const int64_t columns = options.dilation()[1] * (weight.size(3) - 1);
  // What does not split evenly goes to the bottom and the right.
  const bool uneven = rows % 2 != 0 || columns % 2 != 0;
  const Tensor padded = uneven ? constant_pad_nd(input, {0, columns % 2, 0, rows % 2}) : input;
  return reel::conv2d(padded, weight, options.bias(), 1, {rows / 2, columns / 2},
                      options.dilation(), options.groups());
}

}  // namespace functional

Conv2dImpl::Conv2dImpl(const Conv2dOptions& options) : options(options) { Conv2dImpl::reset(); }

void Conv2dImpl::reset() {
  const int64_t in = options.in_channels(), out = options.out_channels(), groups = options.groups();
  if (groups < 1 || in < 1 || out < 1 || in % groups != 0 || out % groups != 0) {
    fail("Conv2d: in_channels {} and out_channels {} must be positive and divisible by groups {}",
         in, out, groups);
  }
  const auto& kernel = options.kernel_size();
  weight = register_parameter("weight", empty({out, in / groups, kernel[0], kernel[1]}));
  bias = register_parameter("bias", options.bias() ? empty(out) : Tensor());
  reset_parameters();
}

void Conv2dImpl::reset_parameters() {
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const auto [fan_in, fan_out] = init::_calculate_fan_in_and_fan_out(weight);
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  init::uniform_(bias, -bound, bound);
}

Tensor Conv2dImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return functional::conv2d(input, weight,
                            functional::Conv2dFuncOptions()
                                .bias(bias)
                                .stride(options.stride())
                                .padding(options.padding())
                                .dilation(options.dilation())
                                .groups(options.groups()));
}

void Conv2dImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::Conv2d({}, {}, kernel_size={}, stride={}", options.in_channels(),
                        options.out_channels(), IntArrayRef(options.kernel_size()),
                        IntArrayRef(options.stride()));
  if (options.padding().is_same()) {
    stream << ", padding='same'";
  } else if (!(options.padding().amounts() == ExpandingArray<2>(0))) {
    stream << fmt::format(", padding={}", IntArrayRef(options.padding().amounts()));
  }
  if (!(options.dilation() == ExpandingArray<2>(1))) {
    stream << fmt::format(", dilation={}", IntArrayRef(options.dilation()));
  }
  if (options.groups() != 1) stream << ", groups=" << options.groups();
  if (!options.bias()) stream << ", bias=false";
  stream << ")";
}

}  // namespace reel::nn
