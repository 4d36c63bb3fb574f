#pragma once

#include <reel/nn/module.h>
#include <reel/tensor/ops.h>

namespace reel::nn {

class BatchNormOptions {
 public:
  BatchNormOptions(int64_t num_features) : num_features_(num_features) {}
  BatchNormOptions& eps(double value) { return eps_ = value, *this; }
  /// Weight of a new batch in the running statistics; none for the plain mean of all batches.
  BatchNormOptions& momentum(std::optional<double> value) { return momentum_ = value, *this; }
  BatchNormOptions& affine(bool value) { return affine_ = value, *this; }
  BatchNormOptions& track_running_stats(bool value) { return track_running_stats_ = value, *this; }
  int64_t num_features() const { return num_features_; }
  double eps() const { return eps_; }
  std::optional<double> momentum() const { return momentum_; }
  bool affine() const { return affine_; }
  bool track_running_stats() const { return track_running_stats_; }

 private:
  int64_t num_features_;
  double eps_ = 1e-5;
  std::optional<double> momentum_ = 0.1;
  bool affine_ = true;
  bool track_running_stats_ = true;
};
using BatchNorm1dOptions = BatchNormOptions;
using BatchNorm2dOptions = BatchNormOptions;

namespace functional {

class BatchNormFuncOptions {
 public:
  BatchNormFuncOptions& weight(Tensor value) { return weight_ = std::move(value), *this; }
  BatchNormFuncOptions& bias(Tensor value) { return bias_ = std::move(value), *this; }
  BatchNormFuncOptions& training(bool value) { return training_ = value, *this; }
  BatchNormFuncOptions& momentum(double value) { return momentum_ = value, *this; }
  BatchNormFuncOptions& eps(double value) { return eps_ = value, *this; }
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }
  bool training() const { return training_; }
  double momentum() const { return momentum_; }
  double eps() const { return eps_; }

 private:
  Tensor weight_;
  Tensor bias_;
  bool training_ = false;
  double momentum_ = 0.1;
  double eps_ = 1e-5;
};

inline Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                         const BatchNormFuncOptions& options = {}) {
  return reel::batch_norm(input, options.weight(), options.bias(), running_mean, running_var,
                          options.training(), options.momentum(), options.eps());
}

}  // namespace functional

/// Batch normalisation (Ioffe and Szegedy, 2015): each channel (dimension 1) to mean 0 and variance
/// 1 over the batch when training, by the running statistics in evaluation; then weight and bias.
/// kSpatial dimensions follow the channels; BatchNorm1d takes [N, C] too.
template <size_t kSpatial>
struct BatchNormImpl : Cloneable<BatchNormImpl<kSpatial>> {
  explicit BatchNormImpl(const BatchNormOptions& options);
  void reset() override;
  void reset_parameters();
  void reset_running_stats();
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  BatchNormOptions options;
  Tensor weight;               ///< [num_features], or undefined
  Tensor bias;                 ///< [num_features], or undefined
  Tensor running_mean;         ///< [num_features], or undefined
  Tensor running_var;          ///< [num_features], or undefined
  Tensor num_batches_tracked;  ///< an int64 number, or undefined
};
extern template struct BatchNormImpl<1>;
extern template struct BatchNormImpl<2>;

/// Of [N, C] or [N, C, L].
using BatchNorm1dImpl = BatchNormImpl<1>;
REEL_MODULE(BatchNorm1d);
/// Of pictures [N, C, H, W].
using BatchNorm2dImpl = BatchNormImpl<2>;
REEL_MODULE(BatchNorm2d);

}  // namespace reel::nn
