#pragma once

#include <vector>

#include <reel/tensor/tensor.h>

namespace reel::nn::utils {

/// Scales the gradients of `parameters` so that all of them together have a norm of at most
/// max_norm, and returns the norm they had. `norm_type` is p of the p-norm; infinity for the
/// largest absolute value. A norm that is no number is an error if error_if_nonfinite.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2,
                       bool error_if_nonfinite = false);
inline double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type = 2,
                              bool error_if_nonfinite = false) {
  return clip_grad_norm_(std::vector<Tensor>{parameter}, max_norm, norm_type, error_if_nonfinite);
}

/// Clamps every element of the gradients to [-clip_value, clip_value].
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);

/// All parameters one after the other in one vector, and back.
Tensor parameters_to_vector(const std::vector<Tensor>& parameters);
void vector_to_parameters(const Tensor& vector, const std::vector<Tensor>& parameters);

}  // namespace reel::nn::utils
