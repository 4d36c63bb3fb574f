#pragma once

// What host functions of kernels share: a launch `kernel<<<dim, type, nullptr>>>(...)` goes to the
// default queue of the device that the calling thread has set.

#include <algorithm>
#include <cnrt.h>

#include <reel/backends/backend.h>
#include <reel/backends/mlu/runtime/arch.h>
#include <reel/backends/mlu/runtime/device.h>

namespace reel::mlu {

/// Why a kernel leaves a call to others.
inline constexpr const char* kNoDtype = "no kernel for this dtype";
inline constexpr const char* kManyDims = "more than 16 dimensions";

/// The dtypes that kernels compute in float.
inline bool is_card_float(ScalarType dtype) {
  return dtype == kFloat || dtype == kHalf || dtype == kBFloat16;
}

/// Makes a call's device that of the launches in a scope.
class OnDevice {
 public:
  explicit OnDevice(const Call& call) : before_(bang::current_device()) {
    bang::set_current_device(call.device.ordinal());
  }
  ~OnDevice() { bang::set_current_device(before_); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

 private:
  int before_;
  bang::BackendWork work_;
};

/// As many tasks as there are parts to compute, at most one a core.
inline cnrtDim3_t tasks_for(int64_t parts) {
  const int64_t tasks = std::clamp<int64_t>(parts, 1, bang::arch().cores());
  return {static_cast<unsigned>(tasks), 1, 1};
}

inline constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The size of the parts into which `count` things are divided: so that each core gets some, but at
/// least `least` and at most `most`.
inline int64_t part_size(int64_t count, int64_t least, int64_t most) {
  const int64_t each = divide_up(divide_up(count, bang::arch().cores()), least) * least;
  return std::clamp(each, least, most);
}

}  // namespace reel::mlu
