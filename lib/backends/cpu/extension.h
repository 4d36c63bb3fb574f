#pragma once

namespace reel {

/// Instructions beyond an instruction set's own that products of int8 and bfloat16 may use; each
/// step includes those before it. Products of other dtypes never use them.
enum class CpuExtension {
  none,
  vnni,  ///< AVX512-VNNI: dot products of four int8
  amx,   ///< AMX: tiles of int8 and bfloat16
};

/// The highest that products use: what this CPU and the system have, unless the environment
/// variable REEL_CPU_EXTENSION (none, vnni, amx) or set_cpu_extension allows less. Throws Error if
/// the variable's value is unknown.
CpuExtension cpu_extension();
/// Process-wide, from the next product on. More than there is counts as what there is.
void set_cpu_extension(CpuExtension most);

}  // namespace reel
