#include <cstdlib>

#include <reel/backends/mlu/runtime/arch.h>
#include <reel/tensor/check.h>

namespace bang {
namespace {

constexpr int64_t kKB = 1024;

// Clock and bandwidth of mtp_322 and mtp_392 are not public: those of their nearest relatives.
constexpr Arch kArchs[] = {
    {"mtp_220", 220, 512 * kKB, 512 * kKB, 2048 * kKB, 1, 1000, 25.6, 25.6, 2048, 1024, 768, 384,
     192},
    {"mtp_270", 270, 512 * kKB, 1024 * kKB, 2048 * kKB, 4, 1000, 102.4, 102.4, 4096, 2048, 1536,
     768, 384},
    {"mtp_290", 290, 512 * kKB, 512 * kKB, 2048 * kKB, 16, 1000, 1024, 128, 4096, 2048, 1536, 768,
     384},
    {"mtp_322", 322, 768 * kKB, 1024 * kKB, 1536 * kKB, 1, 1000, 102.4, 102.4, 4096, 2048, 1536,
     768, 384},
    {"mtp_372", 372, 768 * kKB, 1024 * kKB, 4096 * kKB, 8, 1000, 307.2, 128, 4096, 2048, 1536, 768,
     384},
    {"mtp_392", 392, 512 * kKB, 512 * kKB, 2048 * kKB, 8, 1000, 307.2, 128, 4096, 2048, 1536, 768,
     384},
};

const Arch& find_arch() {
  const char* value = std::getenv("REEL_MLU_ARCH");
  const std::string_view wanted = value == nullptr ? "mtp_372" : value;
  std::string names;
  for (const Arch& arch : kArchs) {
    if (wanted == arch.name) return arch;
    names += names.empty() ? "" : ", ";
    names += arch.name;
  }
  reel::fail("REEL_MLU_ARCH: expected one of {}, got '{}'", names, wanted);
}

}  // namespace

const Arch& arch() {
  static const Arch& chosen = find_arch();
  return chosen;
}

}  // namespace bang
