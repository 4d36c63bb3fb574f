#pragma once

#include <reel/nn/module.h>
#include <reel/tensor/arg.h>
#include <reel/tensor/ops.h>

// How alike vectors are.

namespace reel::nn {

class CosineSimilarityOptions {
  REEL_ARG(int64_t, dim) = 1;
  /// The least length that a vector counts with.
  REEL_ARG(double, eps) = 1e-8;
};

class PairwiseDistanceOptions {
  /// The norm of the differences.
  REEL_ARG(double, p) = 2;
  REEL_ARG(double, eps) = 1e-6;
  REEL_ARG(bool, keepdim) = false;
};

namespace functional {

using CosineSimilarityFuncOptions = CosineSimilarityOptions;
using PairwiseDistanceFuncOptions = PairwiseDistanceOptions;

inline Tensor cosine_similarity(const Tensor& x1, const Tensor& x2,
                                const CosineSimilarityFuncOptions& options = {}) {
  return reel::cosine_similarity(x1, x2, options.dim(), options.eps());
}
inline Tensor pairwise_distance(const Tensor& x1, const Tensor& x2,
                                const PairwiseDistanceFuncOptions& options = {}) {
  return reel::pairwise_distance(x1, x2, options.p(), options.eps(), options.keepdim());
}
/// The distances of all pairs of rows of input [N, M]: [N (N - 1) / 2].
inline Tensor pdist(const Tensor& input, double p = 2) { return reel::pdist(input, p); }

}  // namespace functional

/// The cosine between vectors along `dim`.
struct CosineSimilarityImpl : Cloneable<CosineSimilarityImpl> {
  explicit CosineSimilarityImpl(const CosineSimilarityOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input1, const Tensor& input2);
  void pretty_print(std::ostream& stream) const override;

  CosineSimilarityOptions options;
};
REEL_MODULE(CosineSimilarity);

/// The norm of the difference along the last dimension.
struct PairwiseDistanceImpl : Cloneable<PairwiseDistanceImpl> {
  explicit PairwiseDistanceImpl(const PairwiseDistanceOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input1, const Tensor& input2);
  void pretty_print(std::ostream& stream) const override;

  PairwiseDistanceOptions options;
};
REEL_MODULE(PairwiseDistance);

}  // namespace reel::nn
