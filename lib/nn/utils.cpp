#include <algorithm>
#include <cmath>

#include <reel/autograd/grad_mode.h>
#include <reel/nn/utils.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::nn::utils {

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  if (!(norm_type > 0)) fail("clip_grad_norm_: norm_type must be positive, not {}", norm_type);
  NoGradGuard no_grad;
  const bool largest = std::isinf(norm_type);
  double total = 0;
  for (const auto& parameter : parameters) {
    const Tensor grad = parameter.grad();
    if (!grad.defined() || grad.numel() == 0) continue;
    if (largest) {
      const double value = grad.abs().max().item<double>();
      total = std::isnan(value) ? value : std::max(total, value);
    } else {
      total += std::pow(grad.norm(norm_type).item<double>(), norm_type);
    }
  }
  if (!largest) total = std::pow(total, 1 / norm_type);
  if (error_if_nonfinite && !std::isfinite(total)) {
    fail(
        "The total norm of order {} for gradients from `parameters` is non-finite, so it cannot be "
        "clipped",
        norm_type);
  }
  const double factor = max_norm / (total + 1e-6);
  if (factor < 1) {
    for (const auto& parameter : parameters) {
      if (parameter.grad().defined()) parameter.mutable_grad().mul_(factor);
    }
  }
  return total;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  NoGradGuard no_grad;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) parameter.mutable_grad().clamp_(-clip_value, clip_value);
  }
}

Tensor parameters_to_vector(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> flat;
  flat.reserve(parameters.size());
  for (const auto& parameter : parameters) flat.push_back(parameter.reshape({-1}));
  return flat.empty() ? empty(0) : cat(flat);
}

void vector_to_parameters(const Tensor& vector, const std::vector<Tensor>& parameters) {
  int64_t total = 0;
  for (const auto& parameter : parameters) total += parameter.numel();
  if (vector.dim() != 1 || vector.numel() != total) {
    fail("vector_to_parameters: the parameters expect a vector of {} elements, got shape {}", total,
         vector.sizes());
  }
  NoGradGuard no_grad;
  int64_t at = 0;
  for (Tensor parameter : parameters) {
    parameter.copy_(vector.slice(0, at, at + parameter.numel()).view(parameter.sizes()));
    at += parameter.numel();
  }
}

}  // namespace reel::nn::utils
