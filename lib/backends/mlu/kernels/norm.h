#pragma once

#include <bang.h>
#include <cstdint>

namespace reel::mlu {

/// Batch normalisation, or its gradient if g is given, of [rows, channels]. Vectors have one
/// element for each channel; absent ones are nullptr.
struct Norm {
  int64_t rows, channels;
  bool training;
  float eps;
  const float *x, *g;
  float* y;  ///< the result, or dx
  const float *weight, *bias;
  const float *mean_from, *deviation_from;  ///< variance, or backward the inverse deviation
  float *mean_to, *inverse_to;              ///< backward dbias and dweight
  float* sums;                              ///< [2, tasks, channels]
};

/// The sum of rows of vectors into the first of them, pair by pair so that errors grow slowly.
__mlu_func__ void add_rows(float* rows, int64_t count, int64_t length) {
  while (count > 1) {
    const int64_t half = count / 2, rest = count - half;
    __bang_add(rows, rows, rows + rest * length, static_cast<int>(half * length));
    count = rest;
  }
}

/// The longest row of norm_planes().
inline constexpr int64_t kPlane = 16384;
/// The same of [channels, rows], as layer, group and instance normalisation ask for it: each
/// channel lies in one piece. In training only.
void norm_planes(const Norm& norm);

}  // namespace reel::mlu
