#pragma once

#include <reel/backends/backend.h>
#include <reel/backends/cpu/kernels/geometry.h>

namespace reel::cpu::REEL_ISA {

/// out[i] = f(in[0][i], in[1][i], ...) for n consecutive elements of each; `op` is the op's struct.
using ElementLoop = void (*)(const void* op, void* out, const void* const* in, int64_t n);

/// About how many elements are worth another thread.
inline constexpr int64_t kCheapGrain = 32768;
inline constexpr int64_t kMathGrain = 8192;

/// Runs a loop over a call's inputs, which have the output's sizes and any strides; absent inputs
/// are passed as nullptr. Returns a Kernel's result.
const char* run_elementwise(const Call& call, ElementLoop loop, int64_t grain);

/// The same of half or bfloat16, inputs and output alike, by a loop of floats; each result is
/// rounded once.
const char* run_widened(const Call& call, ElementLoop float_loop, int64_t grain);

void register_unary(KernelTable& table);
void register_unary_grad(KernelTable& table);
void register_binary(KernelTable& table);

}  // namespace reel::cpu::REEL_ISA
