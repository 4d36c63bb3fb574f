#pragma once

#include <reel/tensor/ops/op.h>

namespace reel::ops {

// Indices are int64 and may not be negative; one outside its dimension is an error of the kernel:
// "gather: index 5 is out of bounds for dimension 0 with size 3".

/// y[i][j] = x[index[i][j]][j] for dim 0, and so on; y has the index's shape.
struct Gather {
  static constexpr const char* name = "gather";
  static constexpr Reads reads{in(1)};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// y = x with y[index[i][j]][j] += source[i][j]; inputs x, index, source; sums in index order.
struct ScatterAdd {
  static constexpr const char* name = "scatter_add";
  static constexpr Reads reads{0, 0, in(1)};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// y = x with y[index[i][j]][j] = source[i][j]; the last of equal indices wins.
struct Scatter {
  static constexpr const char* name = "scatter";
  static constexpr Reads reads{in(1), 0, in(1)};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// The slices index[0], index[1], ... of x along dim; index is 1-d.
struct IndexSelect {
  static constexpr const char* name = "index_select";
  static constexpr Reads reads{in(1)};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// y = x with slice index[i] of y along dim += slice i of source.
struct IndexAdd {
  static constexpr const char* name = "index_add";
  static constexpr Reads reads{0, 0, in(1)};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// y = x with slice index[i] of y along dim = slice i of source; the last of equal indices wins.
struct IndexCopy {
  static constexpr const char* name = "index_copy";
  static constexpr Reads reads{in(1), 0, in(1)};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

}  // namespace reel::ops
