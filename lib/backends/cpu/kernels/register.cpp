#include <reel/backends/cpu/kernels/kernels.h>

// The only symbol that leaves the merged objects: reel_cpu_register_avx512 and its like. The
// indirection makes the preprocessor expand REEL_ISA before it pastes.
#define REEL_PASTE(a, b) a##b
#define REEL_REGISTER(isa) REEL_PASTE(reel_cpu_register_, isa)

extern "C" __attribute__((visibility("default"))) void REEL_REGISTER(REEL_ISA)(
    reel::KernelTable& table) {
  using namespace reel::cpu::REEL_ISA;
  register_gemm(table);
  register_int8(table);
  register_conv(table);
  register_pool(table);
  register_elementwise(table);
  register_reduce(table);
  register_index(table);
  register_copy(table);
  register_norm(table);
}
