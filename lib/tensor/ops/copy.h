#pragma once

#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// y = x, cast to another dtype and laid out as asked: every pair of dtypes (quantised ones
/// excepted), any strides.
struct Copy {
  static constexpr const char* name = "copy";
  static constexpr Reads reads{};
  static constexpr bool elementwise = true;
  ScalarType dtype = ScalarType::Undefined;
  MemoryFormat format = MemoryFormat::Preserve;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// Every element of the output becomes `value`. No inputs.
struct Fill {
  static constexpr bool elementwise = true;
  static constexpr const char* name = "fill";
  Scalar value;
  Shape sizes;
  ScalarType dtype = ScalarType::Float;
  void infer(Infer& call) const;
};

}  // namespace reel::ops
