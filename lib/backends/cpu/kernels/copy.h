#pragma once

#include <reel/backends/backend.h>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

namespace reel::cpu::REEL_ISA {

/// y = x for views of the same sizes and dtype. Returns a Kernel's result.
const char* copy_same(const View& x, const View& y);

/// y = x for views of the same sizes and different dtypes, the kernel behind copy.
const char* copy_cast(const Call& call);

}  // namespace reel::cpu::REEL_ISA
