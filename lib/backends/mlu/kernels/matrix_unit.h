#pragma once

// What kernels for the matrix unit share.

#include <algorithm>
#include <bang.h>
#include <cnrt.h>

#include <reel/backends/mlu/runtime/arch.h>

namespace reel::mlu {

/// Brings filters [count, length] into WRAM, where filter i belongs to unit i % 64 of the matrix
/// unit (see filter_place). `way` is SRAM2WRAM or NRAM2WRAM; asynchronous.
template <class T>
__mlu_func__ void place_filters(T* wram, const T* from, int64_t count, int64_t length,
                                mluMemcpyDirection_t way) {
  constexpr int64_t kUnits = 64;
  const int64_t bytes = length * static_cast<int64_t>(sizeof(T));
  const int64_t per_unit = (count + kUnits - 1) / kUnits, whole = count / kUnits;
  if (per_unit == 1) return __memcpy_async(wram, from, count * bytes, way);
  __memcpy_async(wram, from, bytes, way, per_unit * bytes, kUnits - 1, bytes, whole - 1, bytes,
                 kUnits - 1, kUnits * bytes, whole - 1);
  if (count % kUnits == 0) return;
  __memcpy_async(wram + whole * length, from + whole * kUnits * length, bytes, way,
                 per_unit * bytes, bytes, count % kUnits - 1);
}

/// The size of a launch of union1 tasks for so many jobs of clusters.
inline cnrtDim3_t clusters_for(int64_t jobs) {
  const int64_t clusters = std::clamp<int64_t>(jobs, 1, bang::arch().clusters);
  return {static_cast<unsigned>(clusters * bang::Arch::kCoresPerCluster), 1, 1};
}

}  // namespace reel::mlu
