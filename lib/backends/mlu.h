#pragma once

#include <cstdint>

namespace reel {

/// Makes "mlu:0" a device of this program: the simulator of a Cambricon-like accelerator, whose
/// operators are BANG C kernels (docs/mlu.md). Calls after the first do nothing.
void register_mlu();

namespace mlu {

/// The time that the device has worked since the program began, in microseconds as the cycle model
/// predicts them. Waits until its queue is empty.
double device_time_us(int device = 0);

}  // namespace mlu
}  // namespace reel
