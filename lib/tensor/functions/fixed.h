#pragma once

// Numbers of fixed point: integers of 8 or 16 bits (Char or Short), times 2^shift, which whoever
// holds them knows. What low-bit networks (nn/quant.h) compute with. Beyond LibTorch. No gradients:
// replaying one is an error.

#include <reel/tensor/tensor.h>

namespace reel {

/// round(self / 2^shift) of Float as Char (bits = 8) or Short (bits = 16), halves to even; what is
/// larger than 2^(bits - 1) - 1 either way becomes that, NaN 0.
Tensor quantize_fixed(const Tensor& self, int64_t bits, int64_t shift);

/// self [M, K] mat2 [K, N] * 2^shift + bias [N] as Float, where each operand is Char or Short and
/// shift is the sum of theirs. The sums are exact below 2^53 and rounded once (on mlu:
/// docs/mlu.md).
Tensor fixed_mm(const Tensor& self, const Tensor& mat2, int64_t shift, const Tensor& bias = {});

/// conv2d of input [N, C, H, W] and weight [O, C/groups, Kh, Kw], computed as fixed_mm.
Tensor fixed_conv2d(const Tensor& input, const Tensor& weight, int64_t shift,
                    const Tensor& bias = {}, IntArrayRef stride = 1, IntArrayRef padding = 0,
                    IntArrayRef dilation = 1, int64_t groups = 1);

}  // namespace reel
