#pragma once

#include <cstdint>

namespace reel {
class Tensor;
}

/// (a - b)^power for power >= 0, with broadcasting. Differentiable in a and b, any number of times.
/// On an MLU and for kFloat by the kernel below, otherwise by tensor ops.
reel::Tensor power_difference(const reel::Tensor& a, const reel::Tensor& b, int64_t power);

/// Starts the kernel on `count` contiguous elements of a device's memory.
void launch_power_difference(int device, float* y, const float* a, const float* b, int64_t count,
                             int64_t power);
