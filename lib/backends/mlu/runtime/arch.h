#pragma once

#include <cstdint>
#include <string_view>

namespace bang {

/// A generation of cards. Sizes in bytes; rates for one core and cycle.
struct Arch {
  const char* name;  ///< "mtp_372"
  int number;        ///< 372
  int64_t nram, wram, sram;
  int clusters;
  static constexpr int kCoresPerCluster = 4;
  double clock_mhz;
  double gdram_gb_s;          ///< of the whole card
  double cluster_gdram_gb_s;  ///< of a cluster alone
  double int8_macs, int16_macs, half_macs, mixed_macs, float_macs;
  /// What a kernel may declare: the compiler keeps 128 KB of NRAM for itself.
  int64_t usable_nram() const { return nram - (int64_t{128} << 10); }
  int cores() const { return clusters * kCoresPerCluster; }
};

/// The card that REEL_MLU_ARCH names, mtp_372 (an MLU370-X8) without it. An unknown name is an
/// error that lists the known ones.
const Arch& arch();

}  // namespace bang
