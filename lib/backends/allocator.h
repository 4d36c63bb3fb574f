#pragma once

#include <cstdint>

#include <reel/tensor/storage.h>

namespace reel::backends {

/// What the caching allocator of a device holds, in bytes.
struct MemoryStats {
  int64_t in_use = 0;        ///< held by tensors
  int64_t cached = 0;        ///< free, kept for the next tensor of that size
  int64_t peak_in_use = 0;   ///< the most that tensors held at once
  int64_t system_calls = 0;  ///< how often the runtime was asked for memory
};

MemoryStats memory_stats(Device device);
/// Gives cached memory back to the runtime; blocks of up to 1 KB that other threads freed stay
/// theirs.
void empty_cache(Device device);

}  // namespace reel::backends
