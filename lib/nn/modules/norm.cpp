#include <ostream>

#include <reel/nn/init.h>
#include <reel/nn/modules/norm.h>
#include <reel/tensor/check.h>

namespace reel::nn {

namespace functional {

namespace {

/// Errors if there is one value to take the variance of.
void check_several_values(const Tensor& input, int64_t values) {
  if (values == 1) {
    fail("Expected more than 1 value per channel when training, got input size {}", input.sizes());
  }
}

}  // namespace

Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormFuncOptions& options) {
  if (options.training() && input.dim() >= 2 && input.size(1) > 0) {
    check_several_values(input, input.numel() / input.size(1));
  }
  return reel::batch_norm(input, options.weight(), options.bias(), running_mean, running_var,
                          options.training(), options.momentum(), options.eps());
}

Tensor instance_norm(const Tensor& input, const InstanceNormFuncOptions& options) {
  if (options.use_input_stats() && input.dim() >= 2) {
    check_several_values(input, numel_of(input.sizes().slice(2, input.sizes().size() - 2)));
  }
  return reel::instance_norm(input, options.weight(), options.bias(), options.running_mean(),
                             options.running_var(), options.use_input_stats(), options.momentum(),
                             options.eps(), false);
}

}  // namespace functional

template <class Derived, class Options>
NormImplBase<Derived, Options>::NormImplBase(const Options& options) : options(options) {
  NormImplBase::reset();
}

template <class Derived, class Options>
void NormImplBase<Derived, Options>::reset() {
  const int64_t features = options.num_features();
  const bool affine = options.affine();
  weight = this->register_parameter("weight", affine ? empty(features) : Tensor());
  bias = this->register_parameter("bias", affine ? empty(features) : Tensor());
  const bool track = options.track_running_stats();
  running_mean = this->register_buffer("running_mean", track ? empty(features) : Tensor());
  running_var = this->register_buffer("running_var", track ? empty(features) : Tensor());
  num_batches_tracked =
      this->register_buffer("num_batches_tracked", track ? empty({}, kLong) : Tensor());
  reset_parameters();
}

template <class Derived, class Options>
void NormImplBase<Derived, Options>::reset_parameters() {
  reset_running_stats();
  if (!options.affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}

template <class Derived, class Options>
void NormImplBase<Derived, Options>::reset_running_stats() {
  if (!options.track_running_stats()) return;
  init::zeros_(running_mean);
  init::ones_(running_var);
  init::zeros_(num_batches_tracked);
}

template <size_t kSpatial>
BatchNormImpl<kSpatial>::BatchNormImpl(const BatchNormOptions& options)
    : NormImplBase<BatchNormImpl, BatchNormOptions>(options) {}

template <size_t kSpatial>
Tensor BatchNormImpl<kSpatial>::forward(const Tensor& input) {
  ModuleScope scope(*this);
  if constexpr (kSpatial == 1) {
    if (input.dim() != 2 && input.dim() != 3) {
      fail("BatchNorm1d: expected 2D or 3D input (got {}D input {})", input.dim(), input.sizes());
    }
  } else if (input.dim() != kSpatial + 2) {
    fail("BatchNorm{}d: expected {}D input (got {}D input {})", kSpatial, kSpatial + 2, input.dim(),
         input.sizes());
  }
  double momentum = this->options.momentum().value_or(0);
  if (this->is_training() && this->num_batches_tracked.defined()) {
    NoGradGuard no_grad;
    this->num_batches_tracked.add_(1);
    if (!this->options.momentum()) momentum = 1 / this->num_batches_tracked.template item<double>();
  }
  return functional::batch_norm(input, this->running_mean, this->running_var,
                                functional::BatchNormFuncOptions()
                                    .weight(this->weight)
                                    .bias(this->bias)
                                    .training(this->is_training() || !this->running_mean.defined())
                                    .momentum(momentum)
                                    .eps(this->options.eps()));
}

template <size_t kSpatial>
void BatchNormImpl<kSpatial>::pretty_print(std::ostream& stream) const {
  const auto momentum = this->options.momentum();
  stream << fmt::format(
      "reel::nn::BatchNorm{}d({}, eps={}, momentum={}, affine={}, track_running_stats={})",
      kSpatial, this->options.num_features(), this->options.eps(),
      momentum ? fmt::format("{}", *momentum) : "None", this->options.affine(),
      this->options.track_running_stats());
}

template struct BatchNormImpl<1>;
template struct BatchNormImpl<2>;
template struct BatchNormImpl<3>;

template <size_t kSpatial>
InstanceNormImpl<kSpatial>::InstanceNormImpl(const InstanceNormOptions& options)
    : NormImplBase<InstanceNormImpl, InstanceNormOptions>(options) {}

template <size_t kSpatial>
Tensor InstanceNormImpl<kSpatial>::forward(const Tensor& input) {
  ModuleScope scope(*this);
  constexpr auto kRank = static_cast<int64_t>(kSpatial) + 2;
  if (input.dim() != kRank && input.dim() != kRank - 1) {
    fail("InstanceNorm{}d: expected {}D or {}D input (got {}D input {})", kSpatial, kRank - 1,
         kRank, input.dim(), input.sizes());
  }
  const auto o = functional::InstanceNormFuncOptions()
                     .running_mean(this->running_mean)
                     .running_var(this->running_var)
                     .weight(this->weight)
                     .bias(this->bias)
                     .use_input_stats(this->is_training() || !this->options.track_running_stats())
                     .momentum(this->options.momentum())
                     .eps(this->options.eps());
  if (input.dim() == kRank) return functional::instance_norm(input, o);
  return functional::instance_norm(input.unsqueeze(0), o).squeeze(0);
}

template <size_t kSpatial>
void InstanceNormImpl<kSpatial>::pretty_print(std::ostream& stream) const {
  stream << fmt::format(
      "reel::nn::InstanceNorm{}d({}, eps={}, momentum={}, affine={}, track_running_stats={})",
      kSpatial, this->options.num_features(), this->options.eps(), this->options.momentum(),
      this->options.affine(), this->options.track_running_stats());
}

template struct InstanceNormImpl<1>;
template struct InstanceNormImpl<2>;
template struct InstanceNormImpl<3>;

GroupNormImpl::GroupNormImpl(const GroupNormOptions& options) : options(options) {
  GroupNormImpl::reset();
}

void GroupNormImpl::reset() {
  const bool affine = options.affine();
  weight = register_parameter("weight", affine ? empty(options.num_channels()) : Tensor());
  bias = register_parameter("bias", affine ? empty(options.num_channels()) : Tensor());
  reset_parameters();
}

void GroupNormImpl::reset_parameters() {
  if (!options.affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}

Tensor GroupNormImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return functional::group_norm(input, functional::GroupNormFuncOptions(options.num_groups())
                                           .weight(weight)
                                           .bias(bias)
                                           .eps(options.eps()));
}

void GroupNormImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::GroupNorm({}, {}, eps={}, affine={})", options.num_groups(),
                        options.num_channels(), options.eps(), options.affine());
}

LayerNormImpl::LayerNormImpl(const LayerNormOptions& options) : options(options) {
  LayerNormImpl::reset();
}

void LayerNormImpl::reset() {
  const bool affine = options.elementwise_affine();
  weight =
      register_parameter("weight", affine ? reel::empty(options.normalized_shape()) : Tensor());
  bias = register_parameter("bias", affine ? reel::empty(options.normalized_shape()) : Tensor());
  reset_parameters();
}

void LayerNormImpl::reset_parameters() {
  if (!options.elementwise_affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}

Tensor LayerNormImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return functional::layer_norm(input, functional::LayerNormFuncOptions(options.normalized_shape())
                                           .weight(weight)
                                           .bias(bias)
                                           .eps(options.eps()));
}

void LayerNormImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::LayerNorm({}, eps={}, elementwise_affine={})",
                        IntArrayRef(options.normalized_shape()), options.eps(),
                        options.elementwise_affine());
}

}  // namespace reel::nn
