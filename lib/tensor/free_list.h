#pragma once

#include <cstddef>

namespace reel {

/// Memory for the small objects that every op makes and drops: what a thread gives back it takes
/// again, without a lock and without asking the system's allocator. Sizes up to 600 bytes are kept.
void* take_block(std::size_t bytes);
void give_block(void* block, std::size_t bytes) noexcept;

}  // namespace reel
