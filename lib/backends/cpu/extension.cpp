#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string_view>

#include <reel/backends/cpu/extension.h>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

#include <reel/tensor/check.h>

namespace reel {
namespace {

// The system keeps the tiles of a thread only for processes that ask (Linux 5.16): 8 KB a thread,
// from its first use of them on.
bool request_amx() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24, kInt8 = 1u << 25,
                     kAll = kBf16 | kTile | kInt8;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (edx & kAll) != kAll) return false;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

CpuExtension find_extension() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vnni")) {
    return request_amx() ? CpuExtension::amx : CpuExtension::vnni;
  }
#endif
  return CpuExtension::none;
}

CpuExtension wanted_extension() {
  const char* text = std::getenv("REEL_CPU_EXTENSION");
  const std::string_view wanted = text == nullptr ? "" : text;
  if (wanted.empty() || wanted == "amx") return CpuExtension::amx;
  if (wanted == "vnni") return CpuExtension::vnni;
  if (wanted == "none") return CpuExtension::none;
  fail("REEL_CPU_EXTENSION expects one of none, vnni, amx, got \"{}\"", wanted);
}

std::atomic<CpuExtension>& most_allowed() {
  static std::atomic<CpuExtension> most{wanted_extension()};
  return most;
}

}  // namespace

CpuExtension cpu_extension() {
  const CpuExtension most = most_allowed().load(std::memory_order_relaxed);
  if (most == CpuExtension::none) return most;
  // Asked for at the first product that could use it: others leave the process as it is.
  static const CpuExtension found = find_extension();
  return std::min(most, found);
}

void set_cpu_extension(CpuExtension most) { most_allowed().store(most, std::memory_order_relaxed); }

}  // namespace reel
