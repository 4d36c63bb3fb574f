#pragma once

#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// c [M, N], Int, = a [M, K] b [K, N], Char; any strides. Sums wrap around at 32 bits.
struct IntMm {
  static constexpr const char* name = "_int_mm";
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

/// y [M, N], Float, = (x [M, K] w [N, K]^T, Char) * x_scale [1 or M] * w_scale [N] + bias [N],
/// which may be absent; any strides. No gradient: what rounding to int8 did is not known here.
struct Int8Linear {
  static constexpr const char* name = "int8_linear";
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

}  // namespace reel::ops
