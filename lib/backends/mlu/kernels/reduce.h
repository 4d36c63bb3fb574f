#pragma once

#include <reel/backends/backend.h>

namespace reel::mlu {

void register_arg_reduce(KernelTable& table);

}  // namespace reel::mlu
