#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <reel/backends/mlu/runtime/core.h>

namespace bang {

enum class Unit : uint8_t { io, move, compute };

/// What one kernel took, over all its launches.
struct KernelProfile {
  std::string kernel;
  int64_t launches = 0;
  double microseconds = 0;  ///< predicted
  Work work;                ///< of all cores
  double core_cycles = 0;   ///< cores times the cycles of the launch
  double io_bound_us = 0;   ///< what its GDRAM traffic takes at the card's full bandwidth

  double io_efficiency() const { return microseconds > 0 ? io_bound_us / microseconds : 0; }
  double compute_efficiency() const { return core_cycles > 0 ? work.compute / core_cycles : 0; }
  /// The share of the shorter of copying and computing that ran beside the other.
  double overlap() const;
};

/// Every kernel that ran so far, in the order of their first launch.
std::vector<KernelProfile> kernel_profiles();
void clear_kernel_profiles();
/// The same as a table (also at the end of a process with REEL_TRACE=mlu).
std::string profile_table();

/// One instruction of a core, for the Chrome trace (REEL_MLU_TRACE=FILE).
void trace_work(const Core& core, Unit unit, const char* name, double start, double cycles);
/// Where a job ran, a core for block tasks and clusters for others, and the cycle of the launch at
/// which it began.
struct PlacedJob {
  const Job* job;
  int place;
  double start;
};
/// A launch has ended: `start_us` on the device's clock.
void trace_launch(const Run& run, int device, double start_us, double us,
                  const std::vector<PlacedJob>& jobs);

}  // namespace bang
