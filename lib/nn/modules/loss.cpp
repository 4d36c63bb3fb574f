#include <ostream>

#include <reel/nn/modules/loss.h>

namespace reel::nn {

namespace F = functional;

Tensor MSELossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::mse_loss(input, target, options);
}

void MSELossImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::MSELoss()"; }

Tensor L1LossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::l1_loss(input, target, options);
}

void L1LossImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::L1Loss()"; }

// Weights are buffers, so that they move with the module; forward reads the buffer.

NLLLossImpl::NLLLossImpl(const NLLLossOptions& options) : options(options) { NLLLossImpl::reset(); }

void NLLLossImpl::reset() { weight = register_buffer("weight", options.weight()); }

Tensor NLLLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::nll_loss(input, target, F::NLLLossFuncOptions(options).weight(weight));
}

void NLLLossImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::NLLLoss()"; }

CrossEntropyLossImpl::CrossEntropyLossImpl(const CrossEntropyLossOptions& options)
    : options(options) {
  CrossEntropyLossImpl::reset();
}

void CrossEntropyLossImpl::reset() { weight = register_buffer("weight", options.weight()); }

Tensor CrossEntropyLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::cross_entropy(input, target, F::CrossEntropyFuncOptions(options).weight(weight));
}

void CrossEntropyLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::CrossEntropyLoss()";
}

BCELossImpl::BCELossImpl(const BCELossOptions& options) : options(options) { BCELossImpl::reset(); }

void BCELossImpl::reset() { weight = register_buffer("weight", options.weight()); }

Tensor BCELossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::binary_cross_entropy(input, target,
                                 F::BinaryCrossEntropyFuncOptions(options).weight(weight));
}

void BCELossImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::BCELoss()"; }

BCEWithLogitsLossImpl::BCEWithLogitsLossImpl(const BCEWithLogitsLossOptions& options)
    : options(options) {
  BCEWithLogitsLossImpl::reset();
}

void BCEWithLogitsLossImpl::reset() {
  weight = register_buffer("weight", options.weight());
  pos_weight = register_buffer("pos_weight", options.pos_weight());
}

Tensor BCEWithLogitsLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::binary_cross_entropy_with_logits(
      input, target,
      F::BinaryCrossEntropyWithLogitsFuncOptions(options).weight(weight).pos_weight(pos_weight));
}

void BCEWithLogitsLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::BCEWithLogitsLoss()";
}

}  // namespace reel::nn
