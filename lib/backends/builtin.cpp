#include <reel/backends/builtin.h>
#include <reel/backends/cpu/cpu.h>
#include <reel/backends/reference/reference.h>

namespace reel::backends {
namespace {

// Below the SIMD kernels of each row lies the scalar one, which takes what they refuse.
void fill_cpu(Backend& backend) {
  register_reference(backend.kernels);
  register_cpu(backend);
}

// The reference backend computes in the CPU's memory with scalar loops.
void fill_reference(Backend& backend) {
  backend.runtime = &cpu_runtime();
  register_reference(backend.kernels);
}

constexpr Builtin kBuiltins[] = {
    {static_cast<int>(DeviceType::CPU), "cpu", fill_cpu},
    {-1, "reference", fill_reference},
};

}  // namespace

std::span<const Builtin> builtins() { return kBuiltins; }

}  // namespace reel::backends
