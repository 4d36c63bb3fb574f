#pragma once

#include <reel/backends/backend.h>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

namespace reel::cpu::REEL_ISA {

/// Where a call may be cut into parts that do not depend on each other: a dimension of each of its
/// inputs and outputs; -1 of those that all parts see whole.
struct Cut {
  int in[5] = {-1, -1, -1, -1, -1};
  int out[3] = {-1, -1, -1};
};

/// The longest dimension but `except`; of equals the one with the largest stride, -1 if there is
/// none.
int longest_dim(const View& view, int64_t except);

inline bool is_narrow(ScalarType dtype) { return dtype == kHalf || dtype == kBFloat16; }

/// Runs a kernel of floats on half and bfloat16. A part of the call at a time becomes floats, which
/// stay in the cache, and its results are rounded once. Returns a Kernel's result.
const char* run_in_parts(const Call& call, Kernel kernel, const Cut& cut);

}  // namespace reel::cpu::REEL_ISA
