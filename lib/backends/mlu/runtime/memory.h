#pragma once

// Internal to the implementation of device memory: what the fault handler asks of the allocator.

#include <reel/backends/mlu/runtime/access.h>

namespace bang {

/// `locate` for a signal handler: gives up (unknown) if others keep the allocator's lock.
Location locate_in_handler(const void* p);

}  // namespace bang
