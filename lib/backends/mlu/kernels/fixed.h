#pragma once

// Fixed point: integers times 2^position, which the matrix unit multiplies as they are.

#include <reel/backends/backend.h>

namespace reel::mlu {

/// What instructions take.
inline bool is_position(int64_t shift) { return shift >= -127 && shift <= 127; }
inline constexpr const char* kNoPosition = "a shift beyond the card's positions";

/// The row of QuantizeFixed.
void register_quantize(KernelTable& table);

}  // namespace reel::mlu
