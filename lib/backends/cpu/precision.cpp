#include <atomic>

#include <reel/backends/cpu/precision.h>

namespace reel {
namespace {
std::atomic<ConvPrecision>& precision_setting() {
  static std::atomic<ConvPrecision> setting{ConvPrecision::fast};
  return setting;
}
}  // namespace

void set_conv_precision(ConvPrecision precision) {
  precision_setting().store(precision, std::memory_order_relaxed);
}
ConvPrecision conv_precision() { return precision_setting().load(std::memory_order_relaxed); }
}  // namespace reel
