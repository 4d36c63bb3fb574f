#pragma once

#include <reel/tensor/ops/conv.h>

// The sizes of the results of convolutions, after all checks but those of dtypes; for ops that are
// convolutions of other numbers, too.

namespace reel::ops {

/// Of conv2d; `bias` may be nullptr.
Shape conv2d_sizes(const char* op, const ConvAttrs& attrs, const Tensor& x, const Tensor& weight,
                   const Tensor* bias);
Shape conv2d_input_grad_sizes(const char* op, const ConvAttrs& attrs,
                              const std::array<int64_t, 2>& input_size, const Tensor& g,
                              const Tensor& weight);
Shape conv2d_weight_grad_sizes(const char* op, const ConvAttrs& attrs,
                               const std::array<int64_t, 2>& kernel_size, const Tensor& g,
                               const Tensor& x);

}  // namespace reel::ops
