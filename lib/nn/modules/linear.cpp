#include <cmath>
#include <ostream>

#include <reel/nn/init.h>
#include <reel/nn/modules/linear.h>
#include <reel/nn/quant.h>
#include <reel/tensor/check.h>

namespace reel::nn {

LinearImpl::LinearImpl(const LinearOptions& options) : options(options) { LinearImpl::reset(); }

void LinearImpl::reset() {
  weight = register_parameter("weight", empty({options.out_features(), options.in_features()}));
  bias = register_parameter("bias", options.bias() ? empty(options.out_features()) : Tensor());
  if (low_bit) low_bit = quant::renewed(*this, *low_bit);
  reset_parameters();
}

void LinearImpl::reset_parameters() {
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const int64_t fan_in = weight.size(1);
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  init::uniform_(bias, -bound, bound);
}

Tensor LinearImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  if (low_bit) return low_bit->linear(input, weight, bias);
  return functional::linear(input, weight, bias);
}

void LinearImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::Linear(in_features={}, out_features={}, bias={})",
                        options.in_features(), options.out_features(), options.bias());
}

BilinearImpl::BilinearImpl(const BilinearOptions& options) : options(options) {
  BilinearImpl::reset();
}

void BilinearImpl::reset() {
  weight = register_parameter(
      "weight", empty({options.out_features(), options.in1_features(), options.in2_features()}));
  bias = register_parameter("bias", options.bias() ? empty(options.out_features()) : Tensor());
  reset_parameters();
}

void BilinearImpl::reset_parameters() {
  const int64_t in = options.in1_features();
  const double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
  init::uniform_(weight, -bound, bound);
  if (bias.defined()) init::uniform_(bias, -bound, bound);
}

Tensor BilinearImpl::forward(const Tensor& input1, const Tensor& input2) {
  ModuleScope scope(*this);
  return functional::bilinear(input1, input2, weight, bias);
}

void BilinearImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format(
      "reel::nn::Bilinear(in1_features={}, in2_features={}, out_features={}, bias={})",
      options.in1_features(), options.in2_features(), options.out_features(), options.bias());
}

Tensor FlattenImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return input.flatten(options.start_dim(), options.end_dim());
}

void FlattenImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::Flatten(start_dim={}, end_dim={})", options.start_dim(),
                        options.end_dim());
}

void IdentityImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::Identity()"; }

}  // namespace reel::nn
