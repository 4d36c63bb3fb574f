#pragma once

#include <vector>

#include <reel/backends/cpu/kernels/conv.h>

namespace reel::cpu::REEL_ISA {

/// Where along one axis of the kernel a tap meets another map.
struct Hit {
  int64_t tap, position;
};

/// For each output position along an axis (0: height, 1: width), the input positions of its window
/// that lie inside the image.
std::vector<std::vector<Hit>> window_hits(const ConvShape& shape, size_t axis);
/// For each input position, the output positions whose windows hold it, in their order.
std::vector<std::vector<Hit>> gradient_hits(const ConvShape& shape, size_t axis);

}  // namespace reel::cpu::REEL_ISA
