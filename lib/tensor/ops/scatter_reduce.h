#pragma once

#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// y = x with y[index[i][j]][j] = its product with, or the larger or smaller of it and,
/// source[i][j]; NaN wins. Inputs x, index, source.
struct ScatterReduce {
  enum class Kind : uint8_t { Prod, Max, Min };
  static constexpr const char* name = "scatter_reduce";
  static constexpr Reads reads{in(0) | in(1) | in(2) | out(), 0, in(0) | in(1) | in(2) | out()};
  int64_t dim = 0;
  Kind kind = Kind::Prod;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

}  // namespace reel::ops
