#pragma once

#include <string>

#include <reel/backends/backend.h>

namespace reel::backends {

/// What to do with a call that no kernel of its backend takes; given by the op mechanism, which
/// knows tensors.
class Fallback {
 public:
  virtual ~Fallback() = default;
  /// Computes the op by other ops; false if it is not composed of any.
  virtual bool compose() = 0;
  /// Runs the op on the CPU; returns the bytes copied there and back.
  virtual int64_t run_on_cpu() = 0;
};

/// Runs a call: the first kernel of the row that takes it, else composed of other ops, else on the
/// CPU as REEL_FALLBACK=allow|warn|forbid says (default warn, once per op and device), else an
/// error that says why.
void dispatch(int op, const Call& call, Fallback& fallback);

/// What became of the calls so far, one line per op and device: native, composed or cpu, number of
/// calls, milliseconds (only while timing is on), bytes copied, and why no kernel took it.
std::string report();
void reset_report();
/// Times every call; REEL_TRACE=dispatch does so too and prints the report when the process ends.
void set_timing(bool on);

/// True if REEL_TRACE lists this word ("dispatch", "placement").
bool trace_enabled(const char* what);

}  // namespace reel::backends
