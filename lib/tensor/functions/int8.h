#pragma once

// Products of int8, for networks whose weights and activations were divided by a scale and rounded.

#include <reel/tensor/tensor.h>

namespace reel {

/// [M, N] of Int of [M, K] and [K, N] of Char: exact up to K = 131,071, beyond that sums may wrap
/// around at 32 bits. No gradient.
Tensor _int_mm(const Tensor& self, const Tensor& mat2);
/// A linear layer in int8: input [..., K] and weight [N, K] of Char give [..., N] of Float,
///   sum over k of input[..., k] * weight[n, k] * input_scale * weight_scale[n] + bias[n].
/// The sums are those of _int_mm. input_scale has one element for all of the input, or input's
/// sizes without the last; weight_scale [N] and bias [N] have one for each output; all are Float.
/// Beyond LibTorch. No gradient: replaying one is an error.
Tensor int8_linear(const Tensor& input, const Tensor& weight, const Tensor& input_scale,
                   const Tensor& weight_scale, const Tensor& bias = {});

}  // namespace reel
