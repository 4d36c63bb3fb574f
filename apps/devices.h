#pragma once

#include <optional>

#include <reel/tensor/device.h>

#ifdef REEL_WITH_MLU
#include <reel/backends/mlu.h>
#endif

/// Makes the devices that this build has known by their names, for options such as --device.
inline void register_devices() {
#ifdef REEL_WITH_MLU
  reel::register_mlu();
#endif
}

/// How long a device works from the construction on, as its simulator predicts it.
class PredictedTime {
 public:
  explicit PredictedTime(reel::Device device) : device_(device), start_(now()) {}
  /// Milliseconds so far, after waiting for the device; nothing of a device that computes here.
  std::optional<double> ms() const {
    const std::optional<double> end = now();
    return end ? std::optional(*end - *start_) : std::nullopt;
  }

 private:
  std::optional<double> now() const {
#ifdef REEL_WITH_MLU
    if (device_.type() == reel::kMLU) return reel::mlu::device_time_us(device_.ordinal()) / 1000;
#endif
    return std::nullopt;
  }

  reel::Device device_;
  std::optional<double> start_;
};
