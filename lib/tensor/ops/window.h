#pragma once

// The geometry that convolution and pooling share: windows of a picture [N, C, H, W] as one strided
// slice for each offset inside the window. Private to the library.

#include <array>

#include <reel/tensor/ops.h>

namespace reel::ops {

using Pair = std::array<int64_t, 2>;

/// Errors unless stride, dilation and kernel are positive, padding is not negative, and all are
/// small enough to multiply.
void check_window(const char* op, const Pair& kernel, const Pair& stride, const Pair& padding,
                  const Pair& dilation);

/// How many windows fit along an axis, at least 0. With ceil_mode the last may reach beyond the
/// end, but must start inside the input or its padding before.
int64_t count_windows(int64_t size, int64_t kernel, int64_t stride, int64_t padding,
                      int64_t dilation, bool ceil_mode);

/// Windows of `count` places each way, `stride` apart, over a picture that is padded already.
struct Windows {
  Pair count;
  Pair stride;
  Pair dilation;

  /// What the windows see at their offset (i, j): a view [N, C, count...] into the padded picture.
  Tensor at(const Tensor& padded, int64_t i, int64_t j) const;
  /// How far beyond `size` the last window of `kernel` reaches when it starts at -padding; at
  /// least 0.
  int64_t overhang(size_t axis, int64_t size, int64_t kernel, int64_t padding) const;
  /// x with zeros around it, so that every window of `kernel` lies inside.
  Tensor pad(const Tensor& x, const Pair& kernel, const Pair& padding) const;
  /// Sizes of pad()'s result.
  Pair padded_size(const Pair& size, const Pair& kernel, const Pair& padding) const;
};

}  // namespace reel::ops
