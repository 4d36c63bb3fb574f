#pragma once

#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// y = x, cast to another dtype and laid out as asked: every pair of dtypes (quantised ones
/// excepted), any strides. In place, input 1 may be the tensor that is overwritten, whose gradient
/// is zero.
struct Copy {
  static constexpr const char* name = "copy";
  static constexpr Reads reads{};
  static constexpr bool elementwise = true;
  ScalarType dtype = ScalarType::Undefined;
  MemoryFormat format = MemoryFormat::Preserve;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// Every element of the output becomes `value`. No inputs; in place perhaps the tensor that is
/// overwritten, whose gradient is zero.
struct Fill {
  static constexpr bool elementwise = true;
  static constexpr const char* name = "fill";
  Scalar value;
  Shape sizes;
  ScalarType dtype = ScalarType::Float;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

}  // namespace reel::ops
