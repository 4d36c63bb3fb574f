#pragma once

#include <reel/backends/backend.h>
#include <reel/tensor/array_ref.h>

namespace reel {

/// An instruction set that kernels are compiled for.
struct CpuIsa {
  const char* name;
  /// Whether this CPU has it, and the system saves its registers.
  bool (*supported)();
  void (*add_kernels)(KernelTable& table);
};

/// Best first; the last is "reference", the scalar loops alone, with no kernels of its own.
ArrayRef<CpuIsa> cpu_isas();

/// The instruction set whose kernels the CPU backend uses: "baseline" (SSE2), "avx2" or "avx512" on
/// x86-64, "neon" on arm64, or "reference" for the scalar loops alone. The best that this CPU has,
/// unless the environment variable REEL_CPU_ISA names another; chosen once.
/// Throws Error if that name is unknown or the CPU lacks the instructions.
const char* cpu_isa();

/// Memory of the host; the reference backend works in it too.
Runtime& cpu_runtime();

/// Fills in the CPU backend: its runtime and, in front of what the rows have, the kernels of
/// cpu_isa().
void register_cpu(Backend& backend);

}  // namespace reel
