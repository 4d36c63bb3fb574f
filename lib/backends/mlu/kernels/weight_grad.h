#pragma once

#include <reel/backends/backend.h>

namespace reel::mlu {

/// The row of Conv2dWeightGrad.
const char* conv2d_weight_grad(const Call& call);
/// The row of FixedConv2dWeightGrad.
const char* fixed_conv2d_weight_grad(const Call& call);

}  // namespace reel::mlu
