#pragma once

// The cycle model. A core has four queues that run beside each other: scalar instructions, which
// also issue the others, copies from and to GDRAM (io), copies on the chip (move), and the vector
// and matrix units (compute). Each keeps the cycle at which it will be free.

#include <algorithm>
#include <cstdint>

#include <bang/runtime.h>

namespace bang {

/// What no document states, fitted on logs of one card (docs/mlu.md says which and how well they
/// predict another). Cycles, but where it says otherwise.
struct Timing {
  static constexpr double kIssue = 8;         ///< of an instruction for another queue
  static constexpr double kVectorStart = 16;  ///< before the first 128 bytes
  static constexpr double kCopyStart = 200;   ///< before the first byte from GDRAM
  static constexpr double kMoveStart = 40;    ///< the same on the chip
  static constexpr double kMoveBytes = 128;   ///< a cycle, on the chip
  static constexpr double kRowStart = 4;      ///< for each row of a strided copy
  static constexpr double kNramAccess = 15;   ///< a scalar load or store in NRAM
  static constexpr double kSramAccess = 40;
  static constexpr double kGdramAccess = 323;
  static constexpr double kGdramReached = 0.9;  ///< of the bandwidth that the card states
  static constexpr double kBarrier = 100;
  static constexpr double kLaunchMicroseconds = 33;
};

/// What a core was busy with, in cycles and bytes.
struct Work {
  double compute = 0, io = 0, move = 0, scalar = 0;
  double bytes_read = 0, bytes_written = 0;  ///< GDRAM
  double matrix_operations = 0, vector_bytes = 0;
  Work& operator+=(const Work& other) {
    compute += other.compute, io += other.io, move += other.move, scalar += other.scalar;
    bytes_read += other.bytes_read, bytes_written += other.bytes_written;
    matrix_operations += other.matrix_operations, vector_bytes += other.vector_bytes;
    return *this;
  }
};

class Clock {
 public:
  /// The cycle that scalar instructions have reached.
  double now() const { return scalar_; }
  double end() const { return std::max({scalar_, io_, move_, compute_}); }
  const Work& work() const { return work_; }
  Work& work() { return work_; }

  void scalar(double cycles) {
    scalar_ += cycles;
    work_.scalar += cycles;
  }
  /// The start of the work on the unit.
  double compute(double cycles) {
    scalar(Timing::kIssue);
    return occupy(compute_, work_.compute, cycles, scalar_);
  }
  /// A copy that is waited for starts when what was computed before it is there.
  double copy(bool on_chip, double cycles, bool asynchronous) {
    scalar(Timing::kIssue);
    double& queue = on_chip ? move_ : io_;
    const double ready = asynchronous ? scalar_ : std::max(scalar_, compute_);
    const double start = occupy(queue, on_chip ? work_.move : work_.io, cycles, ready);
    if (!asynchronous) scalar_ = queue;
    return start;
  }
  void join(unsigned queues) {
    if (queues & kIo) scalar_ = std::max(scalar_, io_);
    if (queues & kMove) scalar_ = std::max(scalar_, move_);
    if (queues & kCompute) scalar_ = std::max(scalar_, compute_);
  }
  /// Not before this cycle, which a barrier gives.
  void wait_until(double cycle) { scalar_ = std::max(scalar_, cycle); }

 private:
  static double occupy(double& queue, double& busy, double cycles, double ready) {
    const double start = std::max(queue, ready);
    queue = start + cycles;
    busy += cycles;
    return start;
  }
  double scalar_ = 0, io_ = 0, move_ = 0, compute_ = 0;
  Work work_;
};

}  // namespace bang
