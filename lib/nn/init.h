#pragma once

#include <tuple>

#include <reel/nn/enum.h>

// Fills tensors with starting values, off the tape, and returns them. The random ones take
// PyTorch's numbers for a seed (default_generator()).

namespace reel::nn::init {

Tensor uniform_(Tensor tensor, double low = 0, double high = 1);
Tensor normal_(Tensor tensor, double mean = 0, double std = 1);
Tensor constant_(Tensor tensor, const Scalar& value);
Tensor ones_(Tensor tensor);
Tensor zeros_(Tensor tensor);
/// The identity, for a matrix.
Tensor eye_(Tensor matrix);

/// Glorot and Bengio, 2010: the variance of activations and gradients is kept,
/// std = gain * sqrt(2 / (fan_in + fan_out)). The tensor needs two dimensions or more.
Tensor xavier_uniform_(Tensor tensor, double gain = 1);
Tensor xavier_normal_(Tensor tensor, double gain = 1);
/// He et al., 2015: std = gain / sqrt(fan); `a` is the negative slope for kLeakyReLU.
Tensor kaiming_uniform_(Tensor tensor, double a = 0, FanModeType mode = kFanIn,
                        NonlinearityType nonlinearity = kLeakyReLU);
Tensor kaiming_normal_(Tensor tensor, double a = 0, FanModeType mode = kFanIn,
                       NonlinearityType nonlinearity = kLeakyReLU);

/// The factor by which a nonlinearity shrinks the standard deviation, inverted.
double calculate_gain(NonlinearityType nonlinearity, double param = 0.01);
/// (fan_in, fan_out) of a weight [out, in, kernel...].
std::tuple<int64_t, int64_t> _calculate_fan_in_and_fan_out(const Tensor& tensor);

}  // namespace reel::nn::init
