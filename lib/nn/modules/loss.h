#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/module.h>
#include <reel/tensor/arg.h>

// Losses: how far a prediction is from its target. kMean (the default) and kSum give one number,
// kNone one for each element.

namespace reel::nn {

using ReductionType = Reduction::Reduction;

/// What losses take that have no other options.
class LossOptions {
 public:
  LossOptions(ReductionType reduction = kMean) : reduction_(reduction) {}

  REEL_ARG(ReductionType, reduction);
};
using MSELossOptions = LossOptions;
using L1LossOptions = LossOptions;

class NLLLossOptions {
  /// A weight for each class, [C].
  REEL_ARG(Tensor, weight);
  /// Targets of this value count for nothing.
  REEL_ARG(int64_t, ignore_index) = -100;
  REEL_ARG(ReductionType, reduction) = kMean;
};

class CrossEntropyLossOptions {
  REEL_ARG(Tensor, weight);
  REEL_ARG(int64_t, ignore_index) = -100;
  REEL_ARG(ReductionType, reduction) = kMean;
  /// The part of each target that is spread evenly over all classes, in [0, 1].
  REEL_ARG(double, label_smoothing) = 0;
};

class BCELossOptions {
  /// A weight for each element, broadcast to the input.
  REEL_ARG(Tensor, weight);
  REEL_ARG(ReductionType, reduction) = kMean;
};

class BCEWithLogitsLossOptions {
  REEL_ARG(Tensor, weight);
  REEL_ARG(ReductionType, reduction) = kMean;
  /// A weight for the positive examples of each class.
  REEL_ARG(Tensor, pos_weight);
};

using MultiLabelMarginLossOptions = LossOptions;
using SoftMarginLossOptions = LossOptions;

class KLDivLossOptions {
 public:
  KLDivLossOptions(ReductionType reduction = kMean) : reduction_(reduction) {}

  REEL_ARG(ReductionType, reduction);
  /// Whether targets are logarithms too.
  REEL_ARG(bool, log_target) = false;
};

class HingeEmbeddingLossOptions {
  REEL_ARG(double, margin) = 1.0;
  REEL_ARG(ReductionType, reduction) = kMean;
};

class MultiMarginLossOptions {
  /// The power of the terms: 1 or 2.
  REEL_ARG(int64_t, p) = 1;
  REEL_ARG(double, margin) = 1.0;
  /// A weight for each class, [C].
  REEL_ARG(Tensor, weight);
  REEL_ARG(ReductionType, reduction) = kMean;
};

class CosineEmbeddingLossOptions {
  REEL_ARG(double, margin) = 0.0;
  REEL_ARG(ReductionType, reduction) = kMean;
};

class SmoothL1LossOptions {
 public:
  SmoothL1LossOptions(ReductionType reduction = kMean) : reduction_(reduction) {}

  REEL_ARG(ReductionType, reduction);
  /// Where the parabola ends.
  REEL_ARG(double, beta) = 1.0;
};

class HuberLossOptions {
 public:
  HuberLossOptions(ReductionType reduction = kMean) : reduction_(reduction) {}

  REEL_ARG(ReductionType, reduction);
  /// Where the parabola ends.
  REEL_ARG(double, delta) = 1.0;
};

class TripletMarginLossOptions {
  REEL_ARG(double, margin) = 1.0;
  /// The norm of the distances.
  REEL_ARG(double, p) = 2.0;
  REEL_ARG(double, eps) = 1e-6;
  /// Whether the negative may be measured from the positive (Balntas et al. 2016).
  REEL_ARG(bool, swap) = false;
  REEL_ARG(ReductionType, reduction) = kMean;
};

class PoissonNLLLossOptions {
  REEL_ARG(bool, log_input) = true;
  /// Whether to add Stirling's term.
  REEL_ARG(bool, full) = false;
  REEL_ARG(double, eps) = 1e-8;
  REEL_ARG(ReductionType, reduction) = kMean;
};

class MarginRankingLossOptions {
  REEL_ARG(double, margin) = 0.0;
  REEL_ARG(ReductionType, reduction) = kMean;
};

class MultiLabelSoftMarginLossOptions {
  /// A weight for each class, [C].
  REEL_ARG(Tensor, weight);
  REEL_ARG(ReductionType, reduction) = kMean;
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
