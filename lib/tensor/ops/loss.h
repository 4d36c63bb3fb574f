#pragma once

#include <reel/tensor/ops.h>

namespace reel::ops {

/// The loss of each element as `reduction` asks for it: as it is, its mean or its sum.
Tensor reduce_loss(const char* op, const Tensor& loss, int64_t reduction);

}  // namespace reel::ops
