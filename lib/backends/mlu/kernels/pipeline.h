#pragma once

#include <bang.h>

namespace reel::mlu {

/// Tiles go through NRAM in three stages that run beside each other: while one is computed, the
/// next is loaded and the one before is stored. load(i, buffer) and store(i, buffer) copy
/// asynchronously, `buffer` is 0 or 1; what is loaded and what is stored lie in different arrays.
template <class Load, class Compute, class Store>
inline void pipeline(int64_t tiles, const Load& load, const Compute& compute, const Store& store) {
  for (int64_t i = 0; i < tiles + 2; ++i) {
    if (i >= 2) store(i - 2, static_cast<int>(i % 2));
    // First: a compute that waits for copies of its own would delay it.
    if (i < tiles) load(i, static_cast<int>(i % 2));
    if (i >= 1 && i <= tiles) compute(i - 1, static_cast<int>((i - 1) % 2));
    __sync();
  }
}

/// The part of `count` things that is this task's: [begin, end).
struct Share {
  int64_t begin, end;
};
inline Share share_of(int64_t count) {
  const int64_t each = (count + taskDim - 1) / taskDim;
  const int64_t begin = each * taskId < count ? each * taskId : count;
  return {begin, begin + each < count ? begin + each : count};
}

}  // namespace reel::mlu
