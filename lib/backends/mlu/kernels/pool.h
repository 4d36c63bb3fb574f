#pragma once

#include <reel/backends/backend.h>

namespace reel::mlu {

/// The second half of conv2d_relu_max_pool2d: y is the maximum of each window of 2 x 2, and
/// `winners` (Byte) its number in the window, or ops::Conv2dReluPool::kNoWinner.
const char* pool_relu(Device device, const View& x, const View& y, const View& winners);

/// Its gradient: g goes where the winners are, zeros elsewhere.
const char* pool_relu_grad(Device device, const View& g, const View& winners, const View& dx);

}  // namespace reel::mlu
