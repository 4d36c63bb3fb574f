#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include <unordered_map>

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
constexpr CpuIsa kIsas[] = {
#if defined(__x86_64__)
    {"avx512", has_avx512, reel_cpu_register_avx512},
    {"avx2", has_avx2, reel_cpu_register_avx2},
    {"baseline", always, reel_cpu_register_baseline},
#else
    {"neon", always, reel_cpu_register_neon},
#endif
    {"reference", always, no_kernels},
};

const CpuIsa& choose_isa() {
  const char* wanted = std::getenv("REEL_CPU_ISA");
  if (wanted == nullptr || *wanted == '\0') {
    for (const CpuIsa& isa : kIsas) {
      if (isa.supported()) return isa;
    }
  }
  std::string names;
  for (const CpuIsa& isa : kIsas) {
    if (std::strcmp(isa.name, wanted) == 0) {
      if (isa.supported()) return isa;
      fail("REEL_CPU_ISA is {}, but this CPU lacks these instructions", wanted);
    }
    names += names.empty() ? isa.name : std::string(", ") + isa.name;
  }
  fail("REEL_CPU_ISA expects one of {}, got \"{}\"", names, wanted);
}

const CpuIsa& chosen_isa() {
  static const CpuIsa& isa = choose_isa();
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

size_t memory_and_swap() {
  struct sysinfo info = {};
  if (sysinfo(&info) != 0) return PTRDIFF_MAX / 2;
  return (info.totalram + info.totalswap) * info.mem_unit;
}

class CpuRuntime : public Runtime {
 public:
  void* allocate(int /*device*/, size_t bytes) override {
    if (bytes < kMapped) {
      void* data = nullptr;
      return posix_memalign(&data, kCacheLine, bytes) == 0 ? data : nullptr;
    }
    // A system that overcommits grants more than there is, and whoever fills it waits until it
    // kills the program.
    static const size_t all_memory = memory_and_swap();
    return bytes > all_memory ? nullptr : map(bytes);
  }
  void release(int /*device*/, void* data) override {
    size_t mapped = 0;
    {
      std::lock_guard lock(mutex_);
      if (const auto found = mapped_.find(data); found != mapped_.end()) {
        mapped = found->second;
        mapped_.erase(found);
      }
    }
    if (mapped != 0) {
      munmap(data, mapped);
    } else {
      std::free(data);
    }
  }
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
  // From here on blocks are mappings of their own, which go back to the system whole when they are
  // released. malloc would take them from its heap, where they leave holes.
  static constexpr size_t kMapped = 2 * kHugePage;

  void* map(size_t bytes) {
    // One huge page more than needed, of which what lies before and behind the aligned block is
    // given back at once.
    const size_t size = (bytes + kPage - 1) / kPage * kPage;
    void* raw =
        mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) return nullptr;
    char* begin = static_cast<char*>(raw);
    const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(raw) % kHugePage) % kHugePage;
    if (before > 0) munmap(begin, before);
    munmap(begin + before + size, kHugePage - before);
    void* data = begin + before;
#ifdef MADV_HUGEPAGE
    // Fewer page faults and TLB misses; where the system refuses, ordinary pages do.
    madvise(data, size / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
    std::lock_guard lock(mutex_);
    mapped_.emplace(data, size);
    return data;
  }

  static constexpr size_t kPage = size_t{64} << 10;  // the largest that arm64 uses
  std::mutex mutex_;
  std::unordered_map<void*, size_t> mapped_;
};

}  // namespace

ArrayRef<CpuIsa> cpu_isas() { return kIsas; }

const char* cpu_isa() { return chosen_isa().name; }

Runtime& cpu_runtime() {
  static CpuRuntime runtime;
  return runtime;
}

void register_cpu(Backend& backend) {
  const CpuIsa& isa = chosen_isa();
  backend.name = "cpu";
  backend.runtime = &cpu_runtime();
  isa.add_kernels(backend.kernels);
}

}  // namespace reel
