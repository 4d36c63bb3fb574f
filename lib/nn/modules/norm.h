#pragma once

#include <reel/nn/module.h>
#include <reel/tensor/arg.h>
#include <reel/tensor/ops.h>

namespace reel::nn {

class BatchNormOptions {
 public:
  BatchNormOptions(int64_t num_features) : num_features_(num_features) {}
  int64_t num_features() const { return num_features_; }

  REEL_ARG(double, eps) = 1e-5;
  /// Weight of a new batch in the running statistics; none for the plain mean of all batches.
  REEL_ARG(std::optional<double>, momentum) = 0.1;
  REEL_ARG(bool, affine) = true;
  REEL_ARG(bool, track_running_stats) = true;

 private:
  int64_t num_features_;
};
using BatchNorm1dOptions = BatchNormOptions;
using BatchNorm2dOptions = BatchNormOptions;
using BatchNorm3dOptions = BatchNormOptions;

/// As BatchNormOptions, but without parameters and running statistics unless asked for.
class InstanceNormOptions {
 public:
  InstanceNormOptions(int64_t num_features) : num_features_(num_features) {}
  int64_t num_features() const { return num_features_; }

  REEL_ARG(double, eps) = 1e-5;
  REEL_ARG(double, momentum) = 0.1;
  REEL_ARG(bool, affine) = false;
  REEL_ARG(bool, track_running_stats) = false;

 private:
  int64_t num_features_;
};
using InstanceNorm1dOptions = InstanceNormOptions;
using InstanceNorm2dOptions = InstanceNormOptions;
using InstanceNorm3dOptions = InstanceNormOptions;

class GroupNormOptions {
 public:
  GroupNormOptions(int64_t num_groups, int64_t num_channels)
      : num_groups_(num_groups), num_channels_(num_channels) {}
  int64_t num_groups() const { return num_groups_; }
  int64_t num_channels() const { return num_channels_; }

  REEL_ARG(double, eps) = 1e-5;
  REEL_ARG(bool, affine) = true;

 private:
  int64_t num_groups_;
  int64_t num_channels_;
};

class LayerNormOptions {
 public:
  /// The sizes of the last dimensions, over which each piece of the input is normalised.
  LayerNormOptions(std::vector<int64_t> normalized_shape)
      : normalized_shape_(std::move(normalized_shape)) {}
  const std::vector<int64_t>& normalized_shape() const { return normalized_shape_; }

  REEL_ARG(double, eps) = 1e-5;
  REEL_ARG(bool, elementwise_affine) = true;

 private:
  std::vector<int64_t> normalized_shape_;
};

namespace functional {

class BatchNormFuncOptions {
  REEL_ARG(Tensor, weight);
  REEL_ARG(Tensor, bias);
  REEL_ARG(bool, training) = false;
  REEL_ARG(double, momentum) = 0.1;
  REEL_ARG(double, eps) = 1e-5;
};

/// Errors when training on one value for each channel, which has no variance.
Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormFuncOptions& options = {});

class InstanceNormFuncOptions {
  REEL_ARG(Tensor, running_mean);
  REEL_ARG(Tensor, running_var);
  REEL_ARG(Tensor, weight);
  REEL_ARG(Tensor, bias);
  REEL_ARG(bool, use_input_stats) = true;
  REEL_ARG(double, momentum) = 0.1;
  REEL_ARG(double, eps) = 1e-5;
};

/// Errors on one value for each channel of a picture, which has no variance.
Tensor instance_norm(const Tensor& input, const InstanceNormFuncOptions& options = {});

class GroupNormFuncOptions {
 public:
  GroupNormFuncOptions(int64_t num_groups) : num_groups_(num_groups) {}
  int64_t num_groups() const { return num_groups_; }

  REEL_ARG(Tensor, weight);
  REEL_ARG(Tensor, bias);
  REEL_ARG(double, eps) = 1e-5;

 private:
  int64_t num_groups_;
};

inline Tensor group_norm(const Tensor& input, const GroupNormFuncOptions& options) {
  return reel::group_norm(input, options.num_groups(), options.weight(), options.bias(),
                          options.eps());
}

class LayerNormFuncOptions {
 public:
  LayerNormFuncOptions(std::vector<int64_t> normalized_shape)
      : normalized_shape_(std::move(normalized_shape)) {}
  const std::vector<int64_t>& normalized_shape() const { return normalized_shape_; }

  REEL_ARG(Tensor, weight);
  REEL_ARG(Tensor, bias);
  REEL_ARG(double, eps) = 1e-5;

 private:
  std::vector<int64_t> normalized_shape_;
};

inline Tensor layer_norm(const Tensor& input, const LayerNormFuncOptions& options) {
  return reel::layer_norm(input, options.normalized_shape(), options.weight(), options.bias(),
                          options.eps());
}

}  // namespace functional

/// What the modules that normalise the channels of a batch or of a picture own.
template <class Derived, class Options>
struct NormImplBase : Cloneable<Derived> {
  explicit NormImplBase(const Options& options);
  void reset() override;
  void reset_parameters();
  void reset_running_stats();

  Options options;
  Tensor weight;               ///< [num_features], or undefined
  Tensor bias;                 ///< [num_features], or undefined
  Tensor running_mean;         ///< [num_features], or undefined
  Tensor running_var;          ///< [num_features], or undefined
  Tensor num_batches_tracked;  ///< an int64 number, or undefined
};

/// Batch normalisation (Ioffe and Szegedy, 2015): each channel (dimension 1) to mean 0 and variance
/// 1 over the batch when training, by the running statistics in evaluation; then weight and bias.
/// kSpatial dimensions follow the channels; BatchNorm1d takes [N, C] too.
template <size_t kSpatial>
struct BatchNormImpl : NormImplBase<BatchNormImpl<kSpatial>, BatchNormOptions> {
  explicit BatchNormImpl(const BatchNormOptions& options);
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;
};
extern template struct BatchNormImpl<1>;
extern template struct BatchNormImpl<2>;
extern template struct BatchNormImpl<3>;

/// Of [N, C] or [N, C, L].
using BatchNorm1dImpl = BatchNormImpl<1>;
REEL_MODULE(BatchNorm1d);
/// Of pictures [N, C, H, W].
using BatchNorm2dImpl = BatchNormImpl<2>;
REEL_MODULE(BatchNorm2d);
/// Of volumes [N, C, D, H, W].
using BatchNorm3dImpl = BatchNormImpl<3>;
REEL_MODULE(BatchNorm3d);

/// Instance normalisation (Ulyanov et al., 2016): each channel of each picture to mean 0 and
/// variance 1. kSpatial dimensions follow the channels; the batch may be missing.
template <size_t kSpatial>
struct InstanceNormImpl : NormImplBase<InstanceNormImpl<kSpatial>, InstanceNormOptions> {
  explicit InstanceNormImpl(const InstanceNormOptions& options);
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;
};
extern template struct InstanceNormImpl<1>;
extern template struct InstanceNormImpl<2>;
extern template struct InstanceNormImpl<3>;

using InstanceNorm1dImpl = InstanceNormImpl<1>;
REEL_MODULE(InstanceNorm1d);
using InstanceNorm2dImpl = InstanceNormImpl<2>;
REEL_MODULE(InstanceNorm2d);
using InstanceNorm3dImpl = InstanceNormImpl<3>;
REEL_MODULE(InstanceNorm3d);

/// Group normalisation (Wu and He, 2018): each group of channels to mean 0 and variance 1.
struct GroupNormImpl : Cloneable<GroupNormImpl> {
  GroupNormImpl(int64_t num_groups, int64_t num_channels)
      : GroupNormImpl(GroupNormOptions(num_groups, num_channels)) {}
  explicit GroupNormImpl(const GroupNormOptions& options);
  void reset() override;
  void reset_parameters();
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  GroupNormOptions options;
  Tensor weight;  ///< [num_channels], or undefined
  Tensor bias;    ///< [num_channels], or undefined
};
REEL_MODULE(GroupNorm);

/// Layer normalisation (Ba et al., 2016) over the last dimensions.
struct LayerNormImpl : Cloneable<LayerNormImpl> {
  LayerNormImpl(std::vector<int64_t> normalized_shape)
      : LayerNormImpl(LayerNormOptions(std::move(normalized_shape))) {}
  explicit LayerNormImpl(const LayerNormOptions& options);
  void reset() override;
  void reset_parameters();
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  LayerNormOptions options;
  Tensor weight;  ///< [normalized_shape], or undefined
  Tensor bias;    ///< [normalized_shape], or undefined
};
REEL_MODULE(LayerNorm);

}  // namespace reel::nn
