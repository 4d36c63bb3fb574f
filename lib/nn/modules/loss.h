#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/module.h>

// Losses: how far a prediction is from its target. kMean (the default) and kSum give one number,
// kNone one for each element.

namespace reel::nn {

using ReductionType = Reduction::Reduction;

/// What losses take that have no other options.
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

using MultiLabelMarginLossOptions = LossOptions;
using SoftMarginLossOptions = LossOptions;

class KLDivLossOptions {
 public:
  KLDivLossOptions(ReductionType reduction = kMean) : reduction_(reduction) {}
  KLDivLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  /// Whether targets are logarithms too.
  KLDivLossOptions& log_target(bool value) { return log_target_ = value, *this; }
  ReductionType reduction() const { return reduction_; }
  bool log_target() const { return log_target_; }

 private:
  ReductionType reduction_;
  bool log_target_ = false;
};

class HingeEmbeddingLossOptions {
 public:
  HingeEmbeddingLossOptions& margin(double value) { return margin_ = value, *this; }
  HingeEmbeddingLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  double margin() const { return margin_; }
  ReductionType reduction() const { return reduction_; }

 private:
  double margin_ = 1.0;
  ReductionType reduction_ = kMean;
};

class MultiMarginLossOptions {
 public:
  /// The power of the terms: 1 or 2.
  MultiMarginLossOptions& p(int64_t value) { return p_ = value, *this; }
  MultiMarginLossOptions& margin(double value) { return margin_ = value, *this; }
  /// A weight for each class, [C].
  MultiMarginLossOptions& weight(Tensor value) { return weight_ = std::move(value), *this; }
  MultiMarginLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  int64_t p() const { return p_; }
  double margin() const { return margin_; }
  const Tensor& weight() const { return weight_; }
  ReductionType reduction() const { return reduction_; }

 private:
  int64_t p_ = 1;
  double margin_ = 1.0;
  Tensor weight_;
  ReductionType reduction_ = kMean;
};

class CosineEmbeddingLossOptions {
 public:
  CosineEmbeddingLossOptions& margin(double value) { return margin_ = value, *this; }
  CosineEmbeddingLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  double margin() const { return margin_; }
  ReductionType reduction() const { return reduction_; }

 private:
  double margin_ = 0.0;
  ReductionType reduction_ = kMean;
};

class SmoothL1LossOptions {
 public:
  SmoothL1LossOptions(ReductionType reduction = kMean) : reduction_(reduction) {}
  SmoothL1LossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  /// Where the parabola ends.
  SmoothL1LossOptions& beta(double value) { return beta_ = value, *this; }
  ReductionType reduction() const { return reduction_; }
  double beta() const { return beta_; }

 private:
  ReductionType reduction_;
  double beta_ = 1.0;
};

class HuberLossOptions {
 public:
  HuberLossOptions(ReductionType reduction = kMean) : reduction_(reduction) {}
  HuberLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  /// Where the parabola ends.
  HuberLossOptions& delta(double value) { return delta_ = value, *this; }
  ReductionType reduction() const { return reduction_; }
  double delta() const { return delta_; }

 private:
  ReductionType reduction_;
  double delta_ = 1.0;
};

class TripletMarginLossOptions {
 public:
  TripletMarginLossOptions& margin(double value) { return margin_ = value, *this; }
  /// The norm of the distances.
  TripletMarginLossOptions& p(double value) { return p_ = value, *this; }
  TripletMarginLossOptions& eps(double value) { return eps_ = value, *this; }
  /// Whether the negative may be measured from the positive (Balntas et al. 2016).
  TripletMarginLossOptions& swap(bool value) { return swap_ = value, *this; }
  TripletMarginLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  double margin() const { return margin_; }
  double p() const { return p_; }
  double eps() const { return eps_; }
  bool swap() const { return swap_; }
  ReductionType reduction() const { return reduction_; }

 private:
  double margin_ = 1.0;
  double p_ = 2.0;
  double eps_ = 1e-6;
  bool swap_ = false;
  ReductionType reduction_ = kMean;
};

class PoissonNLLLossOptions {
 public:
  PoissonNLLLossOptions& log_input(bool value) { return log_input_ = value, *this; }
  /// Whether to add Stirling's term.
  PoissonNLLLossOptions& full(bool value) { return full_ = value, *this; }
  PoissonNLLLossOptions& eps(double value) { return eps_ = value, *this; }
  PoissonNLLLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  bool log_input() const { return log_input_; }
  bool full() const { return full_; }
  double eps() const { return eps_; }
  ReductionType reduction() const { return reduction_; }

 private:
  bool log_input_ = true;
  bool full_ = false;
  double eps_ = 1e-8;
  ReductionType reduction_ = kMean;
};

class MarginRankingLossOptions {
 public:
  MarginRankingLossOptions& margin(double value) { return margin_ = value, *this; }
  MarginRankingLossOptions& reduction(ReductionType value) { return reduction_ = value, *this; }
  double margin() const { return margin_; }
  ReductionType reduction() const { return reduction_; }

 private:
  double margin_ = 0.0;
  ReductionType reduction_ = kMean;
};

class MultiLabelSoftMarginLossOptions {
 public:
  /// A weight for each class, [C].
  MultiLabelSoftMarginLossOptions& weight(Tensor value) {
    return weight_ = std::move(value), *this;
  }
  MultiLabelSoftMarginLossOptions& reduction(ReductionType value) {
    return reduction_ = value, *this;
  }
  const Tensor& weight() const { return weight_; }
  ReductionType reduction() const { return reduction_; }

 private:
  Tensor weight_;
  ReductionType reduction_ = kMean;
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

using KLDivFuncOptions = KLDivLossOptions;
using HingeEmbeddingLossFuncOptions = HingeEmbeddingLossOptions;
using MultiMarginLossFuncOptions = MultiMarginLossOptions;
using SmoothL1LossFuncOptions = SmoothL1LossOptions;
using HuberLossFuncOptions = HuberLossOptions;
using MultilabelMarginLossFuncOptions = MultiLabelMarginLossOptions;
using SoftMarginLossFuncOptions = SoftMarginLossOptions;
using PoissonNLLLossFuncOptions = PoissonNLLLossOptions;
using CosineEmbeddingLossFuncOptions = CosineEmbeddingLossOptions;
using TripletMarginLossFuncOptions = TripletMarginLossOptions;
using MarginRankingLossFuncOptions = MarginRankingLossOptions;
using MultilabelSoftMarginLossFuncOptions = MultiLabelSoftMarginLossOptions;

inline Tensor kl_div(const Tensor& input, const Tensor& target,
                     const KLDivFuncOptions& options = {}) {
  return reel::kl_div(input, target, options.reduction(), options.log_target());
}
inline Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target,
                                   const HingeEmbeddingLossFuncOptions& options = {}) {
  return reel::hinge_embedding_loss(input, target, options.margin(), options.reduction());
}
inline Tensor multi_margin_loss(const Tensor& input, const Tensor& target,
                                const MultiMarginLossFuncOptions& options = {}) {
  return reel::multi_margin_loss(input, target, options.p(), options.margin(), options.weight(),
                                 options.reduction());
}
inline Tensor smooth_l1_loss(const Tensor& input, const Tensor& target,
                             const SmoothL1LossFuncOptions& options = {}) {
  return reel::smooth_l1_loss(input, target, options.reduction(), options.beta());
}
inline Tensor huber_loss(const Tensor& input, const Tensor& target,
                         const HuberLossFuncOptions& options = {}) {
  return reel::huber_loss(input, target, options.reduction(), options.delta());
}
inline Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target,
                                     const MultilabelMarginLossFuncOptions& options = {}) {
  return reel::multilabel_margin_loss(input, target, options.reduction());
}
inline Tensor soft_margin_loss(const Tensor& input, const Tensor& target,
                               const SoftMarginLossFuncOptions& options = {}) {
  return reel::soft_margin_loss(input, target, options.reduction());
}
inline Tensor poisson_nll_loss(const Tensor& input, const Tensor& target,
                               const PoissonNLLLossFuncOptions& options = {}) {
  return reel::poisson_nll_loss(input, target, options.log_input(), options.full(), options.eps(),
                                options.reduction());
}
inline Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2,
                                    const Tensor& target,
                                    const CosineEmbeddingLossFuncOptions& options = {}) {
  return reel::cosine_embedding_loss(input1, input2, target, options.margin(), options.reduction());
}
inline Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive,
                                  const Tensor& negative,
                                  const TripletMarginLossFuncOptions& options = {}) {
  return reel::triplet_margin_loss(anchor, positive, negative, options.margin(), options.p(),
                                   options.eps(), options.swap(), options.reduction());
}
inline Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                                  const MarginRankingLossFuncOptions& options = {}) {
  return reel::margin_ranking_loss(input1, input2, target, options.margin(), options.reduction());
}
/// The mean over the classes of the binary cross entropy of scores [..., C].
Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target,
                                   const MultilabelSoftMarginLossFuncOptions& options = {});

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

/// Kullback-Leibler divergence of log-probabilities from targets.
struct KLDivLossImpl : Cloneable<KLDivLossImpl> {
  explicit KLDivLossImpl(const KLDivLossOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  KLDivLossOptions options;
};
REEL_MODULE(KLDivLoss);

/// Distances against 1 (alike) or -1 (at least a margin apart).
struct HingeEmbeddingLossImpl : Cloneable<HingeEmbeddingLossImpl> {
  explicit HingeEmbeddingLossImpl(const HingeEmbeddingLossOptions& options = {})
      : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  HingeEmbeddingLossOptions options;
};
REEL_MODULE(HingeEmbeddingLoss);

/// Scores [N, C] of the right class [N] above all others by a margin.
struct MultiMarginLossImpl : Cloneable<MultiMarginLossImpl> {
  explicit MultiMarginLossImpl(const MultiMarginLossOptions& options = {}) : options(options) {
    MultiMarginLossImpl::reset();
  }
  void reset() override;
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  MultiMarginLossOptions options;
  Tensor weight;
};
REEL_MODULE(MultiMarginLoss);

/// Vectors alike (target 1) or not (-1) by the cosine between them.
struct CosineEmbeddingLossImpl : Cloneable<CosineEmbeddingLossImpl> {
  explicit CosineEmbeddingLossImpl(const CosineEmbeddingLossOptions& options = {})
      : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input1, const Tensor& input2, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  CosineEmbeddingLossOptions options;
};
REEL_MODULE(CosineEmbeddingLoss);

/// A parabola near 0, |input - target| beyond (Girshick 2015).
struct SmoothL1LossImpl : Cloneable<SmoothL1LossImpl> {
  explicit SmoothL1LossImpl(const SmoothL1LossOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  SmoothL1LossOptions options;
};
REEL_MODULE(SmoothL1Loss);

/// A parabola near 0, lines of slope delta beyond (Huber 1964).
struct HuberLossImpl : Cloneable<HuberLossImpl> {
  explicit HuberLossImpl(const HuberLossOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  HuberLossOptions options;
};
REEL_MODULE(HuberLoss);

/// Scores of all right classes above those of all wrong ones by a margin.
struct MultiLabelMarginLossImpl : Cloneable<MultiLabelMarginLossImpl> {
  explicit MultiLabelMarginLossImpl(const MultiLabelMarginLossOptions& options = {})
      : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  MultiLabelMarginLossOptions options;
};
REEL_MODULE(MultiLabelMarginLoss);

/// log(1 + exp(-target * input)) for targets of 1 and -1.
struct SoftMarginLossImpl : Cloneable<SoftMarginLossImpl> {
  explicit SoftMarginLossImpl(const SoftMarginLossOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  SoftMarginLossOptions options;
};
REEL_MODULE(SoftMarginLoss);

/// Mean of the binary cross entropies of each class.
struct MultiLabelSoftMarginLossImpl : Cloneable<MultiLabelSoftMarginLossImpl> {
  explicit MultiLabelSoftMarginLossImpl(const MultiLabelSoftMarginLossOptions& options = {})
      : options(options) {
    MultiLabelSoftMarginLossImpl::reset();
  }
  void reset() override;
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  MultiLabelSoftMarginLossOptions options;
  Tensor weight;
};
REEL_MODULE(MultiLabelSoftMarginLoss);

/// An anchor nearer to the positive than to the negative by a margin.
struct TripletMarginLossImpl : Cloneable<TripletMarginLossImpl> {
  explicit TripletMarginLossImpl(const TripletMarginLossOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative);
  void pretty_print(std::ostream& stream) const override;

  TripletMarginLossOptions options;
};
REEL_MODULE(TripletMarginLoss);

/// Negative log likelihood of counts.
struct PoissonNLLLossImpl : Cloneable<PoissonNLLLossImpl> {
  explicit PoissonNLLLossImpl(const PoissonNLLLossOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  PoissonNLLLossOptions options;
};
REEL_MODULE(PoissonNLLLoss);

/// The first above the second by a margin (target 1), or below (-1).
struct MarginRankingLossImpl : Cloneable<MarginRankingLossImpl> {
  explicit MarginRankingLossImpl(const MarginRankingLossOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input1, const Tensor& input2, const Tensor& target);
  void pretty_print(std::ostream& stream) const override;

  MarginRankingLossOptions options;
};
REEL_MODULE(MarginRankingLoss);

}  // namespace reel::nn
