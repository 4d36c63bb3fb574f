#pragma once

// Losses: how far a prediction is from its target. Names and defaults are LibTorch's. `reduction`
// keeps one number for each element (None), or takes their mean or sum. Wrong sizes and dtypes are
// errors in LibTorch's words.

#include <reel/tensor/tensor.h>

namespace reel {

namespace Reduction {
enum Reduction { None, Mean, Sum };
}

// Regression. Sizes broadcast; x is self - target.

/// x^2; |x|.
Tensor mse_loss(const Tensor& self, const Tensor& target, int64_t reduction = Reduction::Mean);
Tensor l1_loss(const Tensor& self, const Tensor& target, int64_t reduction = Reduction::Mean);

/// x^2 / 2 below delta, delta (|x| - delta / 2) beyond (Huber 1964).
Tensor huber_loss(const Tensor& self, const Tensor& target, int64_t reduction = Reduction::Mean,
                  double delta = 1.0);

/// x^2 / (2 beta) below beta, |x| - beta / 2 beyond (Girshick 2015).
Tensor smooth_l1_loss(const Tensor& self, const Tensor& target, int64_t reduction = Reduction::Mean,
                      double beta = 1.0);

/// Counts: exp(input) - target input, or input - target log(input + eps) without log_input; `full`
/// adds Stirling's term.
Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, bool log_input, bool full,
                        double eps, int64_t reduction);

// Classification.

/// -weight[target] self[target] of log-probabilities [N, C, ...] or [C] and classes [N, ...]
/// (int64); the mean is weighted. Targets equal to ignore_index do not count, others must be
/// classes.
Tensor nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight = {},
                int64_t reduction = Reduction::Mean, int64_t ignore_index = -100);

/// nll_loss of log_softmax. Targets are classes, or probabilities of self's shape and a
/// floating-point dtype; label_smoothing in [0, 1] spreads a part of them over all classes.
Tensor cross_entropy_loss(const Tensor& self, const Tensor& target, const Tensor& weight = {},
                          int64_t reduction = Reduction::Mean, int64_t ignore_index = -100,
                          double label_smoothing = 0);

/// Of probabilities in [0, 1], whose logarithms end at -100; of scores before the sigmoid, stable.
Tensor binary_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight = {},
                            int64_t reduction = Reduction::Mean);
Tensor binary_cross_entropy_with_logits(const Tensor& self, const Tensor& target,
                                        const Tensor& weight = {}, const Tensor& pos_weight = {},
                                        int64_t reduction = Reduction::Mean);

/// target (log(target) - self), or exp(target) (target - self) with log_target.
Tensor kl_div(const Tensor& self, const Tensor& target, int64_t reduction = Reduction::Mean,
              bool log_target = false);

/// log(1 + exp(-target self)) for targets of 1 and -1.
Tensor soft_margin_loss(const Tensor& self, const Tensor& target,
                        int64_t reduction = Reduction::Mean);

/// sum over wrong classes max(0, margin - self[target] + self[class])^p / C of scores [N, C] or
/// [C]; p is 1 or 2.
Tensor multi_margin_loss(const Tensor& self, const Tensor& target, const Scalar& p = 1,
                         const Scalar& margin = 1, const Tensor& weight = {},
                         int64_t reduction = Reduction::Mean);

/// sum over labels and other classes max(0, 1 - self[label] + self[class]) / C; a row of labels
/// (int64, self's shape) ends at its first -1.
Tensor multilabel_margin_loss(const Tensor& self, const Tensor& target,
                              int64_t reduction = Reduction::Mean);

// Embeddings and ranking. Targets are 1 and -1.

/// self, or max(0, margin - self).
Tensor hinge_embedding_loss(const Tensor& self, const Tensor& target, double margin = 1.0,
                            int64_t reduction = Reduction::Mean);

/// 1 - cosine, or max(0, cosine - margin), of vectors [N, D] or [D].
Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             double margin = 0.0, int64_t reduction = Reduction::Mean);

/// max(0, -target (input1 - input2) + margin).
Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                           double margin = 0.0, int64_t reduction = Reduction::Mean);

/// max(0, |anchor - positive|_p - |anchor - negative|_p + margin); swap takes |positive -
/// negative|_p instead where it is smaller (Balntas et al. 2016).
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           double margin = 1.0, double p = 2, double eps = 1e-06, bool swap = false,
                           int64_t reduction = Reduction::Mean);

}  // namespace reel
