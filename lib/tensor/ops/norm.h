#pragma once

#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// (y, mean [C], inverse deviation [C]) from x [N, C, ...], optional weight [C] and bias [C], and
/// running mean and variance [C], which are read only in evaluation. Ioffe and Szegedy 2015.
struct BatchNorm {
  static constexpr const char* name = "batch_norm";
  static constexpr int outputs = 3;
  static constexpr Reads reads{in(0) | in(1) | out(1) | out(2), in(0) | out(1) | out(2), 0};
  bool training = true;
  double eps = 1e-5;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// (dx, dweight, dbias) from g, x, optional weight, mean and inverse deviation.
struct BatchNormGrad {
  static constexpr const char* name = "batch_norm_grad";
  static constexpr int outputs = 3;
  bool training = true;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

}  // namespace reel::ops
