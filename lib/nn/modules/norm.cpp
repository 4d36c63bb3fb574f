#include <ostream>

#include <reel/nn/init.h>
#include <reel/nn/modules/norm.h>
#include <reel/tensor/check.h>

namespace reel::nn {

template <size_t kSpatial>
BatchNormImpl<kSpatial>::BatchNormImpl(const BatchNormOptions& options) : options(options) {
  BatchNormImpl::reset();
}

template <size_t kSpatial>
void BatchNormImpl<kSpatial>::reset() {
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

template <size_t kSpatial>
void BatchNormImpl<kSpatial>::reset_parameters() {
  reset_running_stats();
  if (!options.affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}

template <size_t kSpatial>
void BatchNormImpl<kSpatial>::reset_running_stats() {
  if (!options.track_running_stats()) return;
  init::zeros_(running_mean);
  init::ones_(running_var);
  init::zeros_(num_batches_tracked);
}

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
  double momentum = options.momentum().value_or(0);
  if (this->is_training() && num_batches_tracked.defined()) {
    NoGradGuard no_grad;
    num_batches_tracked.add_(1);
    if (!options.momentum()) momentum = 1 / num_batches_tracked.template item<double>();
  }
  return functional::batch_norm(input, running_mean, running_var,
                                functional::BatchNormFuncOptions()
                                    .weight(weight)
                                    .bias(bias)
                                    .training(this->is_training() || !running_mean.defined())
                                    .momentum(momentum)
                                    .eps(options.eps()));
}

template <size_t kSpatial>
void BatchNormImpl<kSpatial>::pretty_print(std::ostream& stream) const {
  const auto momentum = options.momentum();
  stream << fmt::format(
      "reel::nn::BatchNorm{}d({}, eps={}, momentum={}, affine={}, track_running_stats={})",
      kSpatial, options.num_features(), options.eps(),
      momentum ? fmt::format("{}", *momentum) : "None", options.affine(),
      options.track_running_stats());
}

template struct BatchNormImpl<1>;
template struct BatchNormImpl<2>;

}  // namespace reel::nn
