#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include <reel/backends/cpu/cpu.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <reel/tensor/check.h>

// What the merged kernel objects export, one function each (cmake/ReelKernels.cmake).
#if defined(__x86_64__)
extern "C" void reel_cpu_register_baseline(reel::KernelTable& table);
extern "C" void reel_cpu_register_avx2(reel::KernelTable& table);
extern "C" void reel_cpu_register_avx512(reel::KernelTable& table);
#else
extern "C" void reel_cpu_register_neon(reel::KernelTable& table);
#endif

namespace reel {
namespace {

struct Isa {
  const char* name;
  bool (*supported)();
  void (*add_kernels)(KernelTable& table);
};

bool always() { return true; }
void no_kernels(KernelTable&) {}

#if defined(__x86_64__)
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
// __builtin_cpu_supports also asks whether the system saves the wide registers.
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
#endif

// Best first.
constexpr Isa kIsas[] = {
#if defined(__x86_64__)
    {"avx512", has_avx512, reel_cpu_register_avx512},
    {"avx2", has_avx2, reel_cpu_register_avx2},
    {"baseline", always, reel_cpu_register_baseline},
#else
    {"neon", always, reel_cpu_register_neon},
#endif
    {"reference", always, no_kernels},
};

const Isa& choose_isa() {
  const char* wanted = std::getenv("REEL_CPU_ISA");
  if (wanted == nullptr || *wanted == '\0') {
    for (const Isa& isa : kIsas) {
      if (isa.supported()) return isa;
    }
  }
  std::string names;
  for (const Isa& isa : kIsas) {
    if (std::strcmp(isa.name, wanted) == 0) {
      if (isa.supported()) return isa;
      fail("REEL_CPU_ISA is {}, but this CPU lacks these instructions", wanted);
    }
    names += names.empty() ? isa.name : std::string(", ") + isa.name;
  }
  fail("REEL_CPU_ISA expects one of {}, got \"{}\"", names, wanted);
}

const Isa& chosen_isa() {
  static const Isa& isa = choose_isa();
  return isa;
}

// "AMD EPYC 9354 32-Core Processor, avx512"
std::string describe() {
  std::string text = "CPU";
#if defined(__x86_64__)
  unsigned brand[12] = {};
  unsigned highest = 0, unused = 0;
  __get_cpuid(0x80000000, &highest, &unused, &unused, &unused);
  if (highest >= 0x80000004) {
    for (unsigned i = 0; i < 3; ++i) {
      __get_cpuid(0x80000002 + i, brand + 4 * i, brand + 4 * i + 1, brand + 4 * i + 2,
                  brand + 4 * i + 3);
    }
    char name[sizeof brand + 1] = {};
    std::memcpy(name, brand, sizeof brand);
    if (name[0] != '\0') text = name;
  }
#endif
  return text + ", " + chosen_isa().name;
}

class CpuRuntime : public Runtime {
 public:
  void* allocate(int /*device*/, size_t bytes) override {
    if (bytes > static_cast<size_t>(PTRDIFF_MAX) - kHugePage) return nullptr;
    const bool huge = bytes >= 2 * kHugePage;
    const size_t alignment = huge ? kHugePage : kCacheLine;
    const size_t rounded = (bytes + kCacheLine) / kCacheLine * kCacheLine;
    void* data = nullptr;
    if (posix_memalign(&data, alignment, rounded) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
    // Fewer page faults and TLB misses; where the system refuses, ordinary pages do.
    if (huge) madvise(data, rounded / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
    return data;
  }
  void release(int /*device*/, void* data) override { std::free(data); }
  void copy(int /*device*/, void* to, const void* from, size_t bytes, CopyKind /*kind*/) override {
    if (bytes > 0) std::memmove(to, from, bytes);
  }
  bool host_accessible() const override { return true; }
  DeviceInfo info(int /*device*/) const override {
    static const std::string description = describe();
    return {description.c_str(),
            static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE)};
  }

 private:
  static constexpr size_t kCacheLine = 64;
  static constexpr size_t kHugePage = size_t{2} << 20;
};

}  // namespace

const char* cpu_isa() { return chosen_isa().name; }

Runtime& cpu_runtime() {
  static CpuRuntime runtime;
  return runtime;
}

void register_cpu(Backend& backend) {
  const Isa& isa = chosen_isa();
  backend.name = "cpu";
  backend.runtime = &cpu_runtime();
  isa.add_kernels(backend.kernels);
}

}  // namespace reel
