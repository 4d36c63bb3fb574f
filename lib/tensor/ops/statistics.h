#pragma once

#include <reel/tensor/ops/reduce.h>

namespace reel::ops {

/// (sum |x|^p)^(1/p), the number of those that are not 0 for p = 0, the largest |x| for infinity
/// and the smallest for minus infinity. Real; 0 of no elements. Where the norm is 0, so is the
/// gradient.
struct Norm : Reduce {
  static constexpr const char* name = "norm";
  static constexpr Reads reads{in(0) | out()};
  double p = 2;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// The middle of all elements, of two the lower. Its gradient is shared by elements equal to it.
struct Median : Reduce {
  static constexpr const char* name = "median";
  static constexpr Reads reads{in(0) | out()};
  bool ignore_nan = false;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

}  // namespace reel::ops
