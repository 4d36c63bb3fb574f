#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/module.h>

// Losses: how far a prediction is from its target. kMean (the default) and kSum give one number,
// kNone one for each element.

namespace reel::nn {

using ReductionType = Reduction::Reduction;

/// What MSELoss and L1Loss take.
class LossOptions {
 public:
  LossOptions(ReductionType reduction = kMean) : reduction_(reduction) {}
  LossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  ReductionType reduction() const { return reduction_; }

 private:
  ReductionType reduction_;
};
using MSELossOptions = LossOptions;
using L1LossOptions = LossOptions;

class NLLLossOptions {
 public:
  /// A weight for each class, [C].
  NLLLossOptions& weight(Tensor value) { return weight_ = std::move(value), *this; }
  /// Targets of this value count for nothing.
  NLLLossOptions& ignore_index(int64_t value) { return ignore_index_ = value, *this; }
  NLLLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  const Tensor& weight() const { return weight_; }
  int64_t ignore_index() const { return ignore_index_; }
  ReductionType reduction() const { return reduction_; }

 private:
  Tensor weight_;
  int64_t ignore_index_ = -100;
  ReductionType reduction_ = kMean;
};

class CrossEntropyLossOptions {
 public:
  CrossEntropyLossOptions& weight(Tensor value) { return weight_ = std::move(value), *this; }
  CrossEntropyLossOptions& ignore_index(int64_t value) { return ignore_index_ = value, *this; }
  CrossEntropyLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  /// The part of each target that is spread evenly over all classes, in [0, 1].
  CrossEntropyLossOptions& label_smoothing(double value) { return label_smoothing_ = value, *this; }
  const Tensor& weight() const { return weight_; }
  int64_t ignore_index() const { return ignore_index_; }
  ReductionType reduction() const { return reduction_; }
  double label_smoothing() const { return label_smoothing_; }

 private:
  Tensor weight_;
  int64_t ignore_index_ = -100;
  ReductionType reduction_ = kMean;
  double label_smoothing_ = 0;
};

class BCELossOptions {
 public:
  /// A weight for each element, broadcast to the input.
  BCELossOptions& weight(Tensor value) { return weight_ = std::move(value), *this; }
  BCELossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  const Tensor& weight() const { return weight_; }
  ReductionType reduction() const { return reduction_; }

 private:
  Tensor weight_;
  ReductionType reduction_ = kMean;
};

class BCEWithLogitsLossOptions {
 public:
  BCEWithLogitsLossOptions& weight(Tensor value) { return weight_ = std::move(value), *this; }
  BCEWithLogitsLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  /// A weight for the positive examples of each class.
  BCEWithLogitsLossOptions& pos_weight(Tensor value) {
    return pos_weight_ = std::move(value), *this;
  }
  const Tensor& weight() const { return weight_; }
  ReductionType reduction() const { return reduction_; }
  const Tensor& pos_weight() const { return pos_weight_; }

 private:
  Tensor weight_;
  ReductionType reduction_ = kMean;
  Tensor pos_weight_;
};

namespace functional {

using MSELossFuncOptions = MSELossOptions;
using L1LossFuncOptions = L1LossOptions;
using NLLLossFuncOptions = NLLLossOptions;
using CrossEntropyFuncOptions = CrossEntropyLossOptions;
using BinaryCrossEntropyFuncOptions = BCELossOptions;
using BinaryCrossEntropyWithLogitsFuncOptions = BCEWithLogitsLossOptions;

inline Tensor mse_loss(const Tensor& input, const Tensor& target,
                       const MSELossFuncOptions& options = {}) {
  return reel::mse_loss(input, target, options.reduction());
}
inline Tensor l1_loss(const Tensor& input, const Tensor& target,
                      const L1LossFuncOptions& options = {}) {
  return reel::l1_loss(input, target, options.reduction());
}
inline Tensor nll_loss(const Tensor& input, const Tensor& target,
                       const NLLLossFuncOptions& options = {}) {
  return reel::nll_loss(input, target, options.weight(), options.reduction(),
                        options.ignore_index());
}
inline Tensor cross_entropy(const Tensor& input, const Tensor& target,
                            const CrossEntropyFuncOptions& options = {}) {
  return reel::cross_entropy_loss(input, target, options.weight(), options.reduction(),
                                  options.ignore_index(), options.label_smoothing());
}
inline Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                                   const BinaryCrossEntropyFuncOptions& options = {}) {
  return reel::binary_cross_entropy(input, target, options.weight(), options.reduction());
}
inline Tensor binary_cross_entropy_with_logits(
    const Tensor& input, const Tensor& target,
    const BinaryCrossEntropyWithLogitsFuncOptions& options = {}) {
  return reel::binary_cross_entropy_with_logits(input, target, options.weight(),
                                                options.pos_weight(), options.reduction());
}

}  // namespace functional

/// (input - target)^2.
struct MSELossImpl : Cloneable<MSELossImpl> {
  explicit MSELossImpl(const MSELossOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  MSELossOptions options;
};
REEL_MODULE(MSELoss);

/// |input - target|.
struct L1LossImpl : Cloneable<L1LossImpl> {
  explicit L1LossImpl(const L1LossOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  L1LossOptions options;
};
REEL_MODULE(L1Loss);

/// Negative log likelihood: log-probabilities [N, C, ...] against classes [N, ...].
struct NLLLossImpl : Cloneable<NLLLossImpl> {
  explicit NLLLossImpl(const NLLLossOptions& options = {});
  void reset() override;
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  NLLLossOptions options;
  Tensor weight;
};
REEL_MODULE(NLLLoss);

/// Cross entropy of softmax: scores [N, C, ...] against classes [N, ...].
struct CrossEntropyLossImpl : Cloneable<CrossEntropyLossImpl> {
  explicit CrossEntropyLossImpl(const CrossEntropyLossOptions& options = {});
  void reset() override;
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  CrossEntropyLossOptions options;
  Tensor weight;
};
REEL_MODULE(CrossEntropyLoss);

/// Binary cross entropy of probabilities.
struct BCELossImpl : Cloneable<BCELossImpl> {
  explicit BCELossImpl(const BCELossOptions& options = {});
  void reset() override;
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  BCELossOptions options;
  Tensor weight;
};
REEL_MODULE(BCELoss);

/// Binary cross entropy of scores before the sigmoid; stable for large ones.
struct BCEWithLogitsLossImpl : Cloneable<BCEWithLogitsLossImpl> {
  explicit BCEWithLogitsLossImpl(const BCEWithLogitsLossOptions& options = {});
  void reset() override;
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  BCEWithLogitsLossOptions options;
  Tensor weight;
  Tensor pos_weight;
};
REEL_MODULE(BCEWithLogitsLoss);

}  // namespace reel::nn
