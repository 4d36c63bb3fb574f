#pragma once

#include <reel/backends/backend.h>

namespace reel::mlu {

/// out = in[0] where in[1] > 0, else 0: the gradient of relu from its result. Returns a Kernel's
/// result.
const char* mask_by_relu(const Call& call);

}  // namespace reel::mlu
