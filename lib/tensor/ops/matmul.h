#pragma once

#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// c [M, N] = a [M, K] b [K, N]; any strides. The gradient of an input that lies in memory column
/// by column does so too, so that what it goes back through keeps its layout.
struct Mm {
  static constexpr const char* name = "mm";
  static constexpr Reads reads{in(1), in(0)};
  bool a_by_columns = false;
  bool b_by_columns = false;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// As Mm, of complex numbers.
struct ComplexMm : Mm {
  static constexpr const char* name = "complex_mm";
  void compose(Compose& call) const;
};

/// c [N, N] = x x^T of x [N, M]. Its gradient is one product where that of mm(x, x.t()) is two.
struct Gram {
  static constexpr const char* name = "gram";
  static constexpr Reads reads{in(0)};
  bool by_columns = false;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// c [B, M, N] = a [B, M, K] b [B, K, N]; any strides.
struct Bmm {
  static constexpr const char* name = "bmm";
  static constexpr Reads reads{in(1), in(0)};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

}  // namespace reel::ops
