#pragma once

namespace bench {

/// What this machine can do at all with `threads` threads; every kernel is measured against it.
struct Ceiling {
  double gflops;     ///< float32 fused multiply-adds from registers, 2 operations each
  double read_gbs;   ///< 10^9 bytes a second read from memory
  double copy_gbs;   ///< 10^9 bytes a second copied, each byte counted once
  const char* unit;  ///< which vector instructions gave `gflops`
};

/// Takes about a second. Measure it next to what it is compared with: shared machines change.
Ceiling measure_ceiling(int threads);

/// Only `gflops` and only `read_gbs` of it, 50 ms each: taken again beside each measurement.
double measure_gflops(int threads);
double measure_read_gbs(int threads);

}  // namespace bench
