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

namespace functional {

Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target,
                                   const MultilabelSoftMarginLossFuncOptions& options) {
  Tensor loss = reel::binary_cross_entropy_with_logits(input, target, {}, {}, kNone);
  if (options.weight().defined()) loss = loss * options.weight();
  loss = loss.mean(-1);
  if (options.reduction() == kNone) return loss;
  return options.reduction() == kMean ? loss.mean() : loss.sum();
}

}  // namespace functional

Tensor KLDivLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::kl_div(input, target, options);
}

void KLDivLossImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::KLDivLoss()"; }

Tensor HingeEmbeddingLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::hinge_embedding_loss(input, target, options);
}

void HingeEmbeddingLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::HingeEmbeddingLoss(margin=" << options.margin() << ")";
}

void MultiMarginLossImpl::reset() { weight = register_buffer("weight", options.weight()); }

Tensor MultiMarginLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::multi_margin_loss(input, target, MultiMarginLossOptions(options).weight(weight));
}

void MultiMarginLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::MultiMarginLoss()";
}

Tensor CosineEmbeddingLossImpl::forward(const Tensor& input1, const Tensor& input2,
                                        const Tensor& target) {
  ModuleScope scope(*this);
  return F::cosine_embedding_loss(input1, input2, target, options);
}

void CosineEmbeddingLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::CosineEmbeddingLoss(margin=" << options.margin() << ")";
}

Tensor SmoothL1LossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::smooth_l1_loss(input, target, options);
}

void SmoothL1LossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::SmoothL1Loss()";
}

Tensor HuberLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::huber_loss(input, target, options);
}

void HuberLossImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::HuberLoss()"; }

Tensor MultiLabelMarginLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::multilabel_margin_loss(input, target, options);
}

void MultiLabelMarginLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::MultiLabelMarginLoss()";
}

Tensor SoftMarginLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::soft_margin_loss(input, target, options);
}

void SoftMarginLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::SoftMarginLoss()";
}

void MultiLabelSoftMarginLossImpl::reset() { weight = register_buffer("weight", options.weight()); }

Tensor MultiLabelSoftMarginLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::multilabel_soft_margin_loss(input, target,
                                        MultiLabelSoftMarginLossOptions(options).weight(weight));
}

void MultiLabelSoftMarginLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::MultiLabelSoftMarginLoss()";
}

Tensor TripletMarginLossImpl::forward(const Tensor& anchor, const Tensor& positive,
                                      const Tensor& negative) {
  ModuleScope scope(*this);
  return F::triplet_margin_loss(anchor, positive, negative, options);
}

void TripletMarginLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::TripletMarginLoss()";
}

Tensor PoissonNLLLossImpl::forward(const Tensor& input, const Tensor& target) {
  ModuleScope scope(*this);
  return F::poisson_nll_loss(input, target, options);
}

void PoissonNLLLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::PoissonNLLLoss()";
}

Tensor MarginRankingLossImpl::forward(const Tensor& input1, const Tensor& input2,
                                      const Tensor& target) {
  ModuleScope scope(*this);
  return F::margin_ranking_loss(input1, input2, target, options);
}

void MarginRankingLossImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::MarginRankingLoss(margin=" << options.margin() << ")";
}

}  // namespace reel::nn
