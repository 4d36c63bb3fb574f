#pragma once

#include <cstdint>
#include <string>

#include "style_transfer/checkpoint.h"

namespace style {

/// Tells how a run goes: a bar that is drawn over itself on a terminal, a line now and then
/// otherwise, nothing if quiet.
class Progress {
 public:
  Progress(int64_t steps, bool quiet);
  /// After each step.
  void update(const History& history);
  /// Leaves the bar standing and goes to the next line.
  void finish();

 private:
  int64_t steps_;
  bool quiet_;
  bool terminal_;
  bool open_ = false;
};

/// The median of some seconds, 0 of none.
double median(std::vector<double> values);
/// "1:05" or "2:03:04".
std::string duration(double seconds);
/// The most memory that this process has held, in bytes.
int64_t peak_memory_bytes();

}  // namespace style
