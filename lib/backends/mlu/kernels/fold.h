#pragma once

// Reductions of tiles in NRAM by halves: whole vectors at a time, in an order that depends on the
// sizes alone, and with little loss.

#include <bang.h>

#include <reel/tensor/ops/reduce.h>

namespace reel::mlu {

/// to[i] = Op of a[i] and b[i].
template <class Op>
__mlu_func__ void fold_pairs(float* to, const float* a, const float* b, int64_t count) {
  const int n = static_cast<int>(count);
  if constexpr (std::is_same_v<Op, ops::Sum>) __bang_add(to, a, b, n);
  if constexpr (std::is_same_v<Op, ops::Prod>) __bang_mul(to, a, b, n);
  if constexpr (std::is_same_v<Op, ops::Amax>) __bang_nan_maximum(to, a, b, n);
  if constexpr (std::is_same_v<Op, ops::Amin>) __bang_nan_minimum(to, a, b, n);
}
template <class Op>
__mlu_func__ void fold_pairs(int64_t* to, const int64_t* a, const int64_t* b, int64_t count) {
  const int n = static_cast<int>(count);
  if constexpr (std::is_same_v<Op, ops::Sum>) __cn_vector_add_s64(n, to, a, b);
  if constexpr (std::is_same_v<Op, ops::Prod>) __cn_vector_mul_s64(n, to, a, b);
  if constexpr (std::is_same_v<Op, ops::Amax>) __cn_vector_max_s64(n, to, a, b);
  if constexpr (std::is_same_v<Op, ops::Amin>) __cn_vector_min_s64(n, to, a, b);
}

/// Row 0 of [rows, width] becomes the Op of all rows; the others are lost.
template <class Op, class T>
__mlu_func__ void fold_rows(T* data, int64_t rows, int64_t width) {
  while (rows > 1) {
    const int64_t half = rows / 2;
    fold_pairs<Op>(data, data, data + (rows - half) * width, half * width);
    rows -= half;
  }
}

}  // namespace reel::mlu
