#pragma once

#include <reel/nn/module.h>
#include <reel/tensor/ops.h>

// How alike vectors are.

namespace reel::nn {

class CosineSimilarityOptions {
 public:
  CosineSimilarityOptions& dim(int64_t value) { return dim_ = value, *this; }
  /// The least length that a vector counts with.
  CosineSimilarityOptions& eps(double value) { return eps_ = value, *this; }
  int64_t dim() const { return dim_; }
  double eps() const { return eps_; }

 private:
  int64_t dim_ = 1;
  double eps_ = 1e-8;
};

class PairwiseDistanceOptions {
 public:
  /// The norm of the differences.
  PairwiseDistanceOptions& p(double value) { return p_ = value, *this; }
  PairwiseDistanceOptions& eps(double value) { return eps_ = value, *this; }
  PairwiseDistanceOptions& keepdim(bool value) { return keepdim_ = value, *this; }
  double p() const { return p_; }
  double eps() const { return eps_; }
  bool keepdim() const { return keepdim_; }

 private:
  double p_ = 2;
  double eps_ = 1e-6;
  bool keepdim_ = false;
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
